/* SPDX-License-Identifier: MIT */
/* doctor_steer.c - who turns this machine's clock, who may, and whose port 123 is. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "monitord/core/doctor_private.h"

/* linux/timex.h */
#define STATUS_LOOPS  0x000f /* STA_PLL, PPSFREQ, PPSTIME, FLL */
#define STATUS_UNSYNC 0x0040

#define RATE_DIFFERS_PPB 20000.0

/* ---- who steers ---- */

/* Letters of single-dash words that consist of `a` and `r`: phc2sys -ar, -a -r, -arr. */
static bool has_automatic_letter(const char *arguments, char letter)
{
	for (const char *p = arguments; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n > 1 && p[0] == '-' && strspn(p + 1, "ar") == n - 1 &&
			memchr(p + 1, letter, n - 1))
			return true;
	}
	return false;
}

static bool phc2sys_steers(const char *arguments)
{
	if (strstr(arguments, "ntpshm") || strstr(arguments, "refclock_sock") ||
		strstr(arguments, "-s CLOCK_REALTIME") || strstr(arguments, "-F"))
		return false;
	if (has_automatic_letter(arguments, 'a'))
		return has_automatic_letter(arguments, 'r');
	return !strstr(arguments, "-c ") || strstr(arguments, "-c CLOCK_REALTIME");
}

/* Does this process, by its name, arguments and rights, steer CLOCK_REALTIME? */
static bool steers(const struct doctor_process *p)
{
	/* the kernel keeps 15 letters of a name */
	static const char *const always[] = {
		"ntpd", "systemd-timesyn", "ntp-daemon", "ntpdate", "sntp", "ptpd", "sfptpd", NULL};

	if (p->caps_known && !p->may_set_time)
		return false;
	if (!strcmp(p->name, "chronyd"))
		return !doctor_has_word(p->arguments, "-x");
	if (!strcmp(p->name, "phc2sys"))
		return phc2sys_steers(p->arguments);
	if (!strcmp(p->name, "ptp4l"))
		return doctor_has_word(p->arguments, "-S");
	for (int i = 0; always[i]; i++) {
		if (!strcmp(p->name, always[i]))
			return true;
	}
	return false;
}

static bool is_on(const struct doctor_facts *f, const char *unit)
{
	const struct doctor_unit *u = doctor_unit(f, unit);

	return u && !strcmp(u->active, "active");
}

/* The command that ends it: by its unit if systemd knows it. */
static void mend_by_ending(
	const struct doctor_facts *f, struct doctor_report *r, const char *name, int pid)
{
	static const struct {
		const char *name, *unit;
	} units[] = {
		{"chronyd", "chrony.service"},
		{"chronyd", "chronyd.service"},
		{"systemd-timesyn", "systemd-timesyncd.service"},
		{"ntpd", "ntpsec.service"},
		{"ntpd", "openntpd.service"},
		{"ntpd", "ntp.service"},
		{"ntpd", "ntpd.service"},
		{"ntp-daemon", "ntpd-rs.service"},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(units[i].name, name) && is_on(f, units[i].unit)) {
			doctor_mend(r, "systemctl disable --now %s", units[i].unit);
			return;
		}
	}
	if (pid > 0)
		doctor_mend(r, "kill %d", pid);
}

static const char *spelled(const char *comm)
{
	return !strcmp(comm, "systemd-timesyn") ? "systemd-timesyncd" : comm;
}

/* disciplined, if it turns the kernel's clock and not a shadow. */
static const struct doctor_process *own_hand(const struct doctor_facts *f)
{
	const struct doctor_process *p = doctor_process(f, "disciplined");

	if (!p || (f->clock.known && !f->clock.realtime))
		return NULL;
	return f->clock.known || !p->caps_known || p->may_set_time ? p : NULL;
}

static void judge_one_foreign(const struct doctor_facts *f, struct doctor_report *r,
	const struct doctor_process *first, const struct doctor_process *p)
{
	if (first) {
		doctor_find(r, DOCTOR_PROBLEM, "steering",
			"%s (pid %d) and %s (pid %d) both steer this machine's clock and fight",
			spelled(first->name), first->pid, spelled(p->name), p->pid);
	} else if (doctor_unit_wanted(f, "timebus-disciplined.service")) {
		doctor_find(r, DOCTOR_WARNING, "steering",
			"%s (pid %d) steers this machine's clock, and timebus-disciplined is to do "
			"so as well",
			spelled(p->name), p->pid);
	} else {
		doctor_find(r, DOCTOR_NOTE, "steering", "%s (pid %d) steers this machine's clock",
			spelled(p->name), p->pid);
		return;
	}
	mend_by_ending(f, r, p->name, p->pid);
}

static void judge_nobody(const struct doctor_facts *f, struct doctor_report *r)
{
	if (f->clock.known && !f->clock.realtime && doctor_process(f, "disciplined")) {
		doctor_find(r, DOCTOR_NOTE, "steering",
			"disciplined steers a shadow clock, and nobody this machine's own");
	} else if (doctor_installed(f)) {
		doctor_find(r, DOCTOR_WARNING, "steering", "nobody steers this machine's clock");
		doctor_mend(r, "systemctl enable --now timebus.target");
	} else {
		doctor_find(r, DOCTOR_WARNING, "steering",
			"nobody steers this machine's clock, and timebus is not installed");
		doctor_mend(r, "make install PREFIX=/usr && systemd-sysusers && systemd-tmpfiles "
			       "--create && systemctl enable --now timebus.target");
	}
	if (f->timex.known && !(f->timex.status & STATUS_UNSYNC) &&
		!(f->clock.known && f->clock.realtime))
		doctor_find(r, DOCTOR_NOTE, "steering",
			"the kernel says that its clock was synchronised in the last hours, but no "
			"program that is known to do so runs");
}

/* One that steers: how many there are beside disciplined. */
static unsigned int judge_foreign(const struct doctor_facts *f, struct doctor_report *r)
{
	const struct doctor_process *first = own_hand(f);
	unsigned int n = 0;

	for (unsigned int i = 0; i < f->process_count; i++) {
		const struct doctor_process *p = &f->processes[i];

		if (!steers(p))
			continue;
		/* a daemon and its children are one: ntpd of OpenNTPD, privilege separated */
		if (first && !strcmp(first->name, p->name))
			continue;
		judge_one_foreign(f, r, first, p);
		if (!first)
			first = p;
		n++;
	}
	if (!first)
		judge_nobody(f, r);
	else if (n == 0)
		doctor_find(r, DOCTOR_OK, "steering", "disciplined (pid %d) alone steers the clock",
			first->pid);
	return n;
}

static void judge_agents(const struct doctor_facts *f, struct doctor_report *r)
{
	const struct doctor_process *p = doctor_process(f, "vmtoolsd");

	if (p) {
		doctor_find(r, DOCTOR_NOTE, "steering",
			"vmtoolsd (pid %d) sets the clock if the virtual machine is told to",
			p->pid);
		doctor_mend(r, "vmware-toolbox-cmd timesync disable");
	}
	p = doctor_process(f, "VBoxService");
	if (p && !strstr(p->arguments, "--disable-timesync")) {
		doctor_find(r, DOCTOR_WARNING, "steering",
			"VBoxService (pid %d) steers the clock towards the host's", p->pid);
		doctor_mend(r, "kill %d && VBoxService --disable-timesync", p->pid);
	}
	p = doctor_process(f, "qemu-ga");
	if (p)
		doctor_find(r, DOCTOR_NOTE, "steering",
			"qemu-ga (pid %d) sets the clock when the host asks for it "
			"(guest-set-time)",
			p->pid);
}

/* ---- traces ---- */

static void judge_traces(
	const struct doctor_facts *f, struct doctor_report *r, unsigned int foreign)
{
	const struct doctor_process *own = own_hand(f);

	if (!own || !f->clock.known)
		return;
	if (f->clock.foreign > 0) {
		doctor_find(r, DOCTOR_WARNING, "adjtimex",
			"somebody else has changed the clock %lld time%s since disciplined "
			"started%s",
			(long long)f->clock.foreign, f->clock.foreign == 1 ? "" : "s",
			foreign ? "" : ", and no program that is known to do so runs");
		doctor_mend(r,
			"auditctl -a always,exit -F arch=b64 -S adjtimex -S clock_adjtime -S "
			"clock_settime -S settimeofday -k clock; ausearch -i -k clock");
	}
	if (!f->timex.known)
		return;
	if (f->timex.status & STATUS_LOOPS) {
		doctor_find(r, DOCTOR_PROBLEM, "adjtimex",
			"the kernel's own control loop is on (status 0x%04x), which disciplined "
			"never "
			"uses: somebody else set it",
			f->timex.status);
		doctor_mend(r, "systemctl restart timebus-disciplined");
	} else if (fabs(f->timex.ppb - f->clock.rate_ppb) > RATE_DIFFERS_PPB) {
		doctor_find(r, DOCTOR_WARNING, "adjtimex",
			"the kernel's clock runs at %.3f ppm, but disciplined has set %.3f ppm: "
			"somebody else changed it",
			f->timex.ppb / 1e3, f->clock.rate_ppb / 1e3);
		doctor_mend(r, "systemctl restart timebus-disciplined");
	} else if (f->clock.foreign == 0) {
		doctor_find(r, DOCTOR_OK, "adjtimex", "nobody else changes the clock");
	}
}

/* ---- the right to set the clock ---- */

static void judge_capabilities(const struct doctor_facts *f, struct doctor_report *r)
{
	unsigned int fine = 0, wrong = 0;

	for (int i = 0; i < DOCTOR_DAEMONS; i++) {
		const struct doctor_process *p = doctor_process(f, doctor_daemon_names[i]);

		if (!p || !p->caps_known)
			continue;
		if (i != DOCTOR_DISCIPLINED && p->may_set_time) {
			doctor_find(r, DOCTOR_WARNING, "capability",
				"%s (pid %d) may set the clock (CAP_SYS_TIME): only disciplined "
				"should",
				p->name, p->pid);
			doctor_mend(r, "systemctl restart timebus-%s", p->name);
			wrong++;
		} else if (i == DOCTOR_DISCIPLINED && !p->may_set_time && f->clock.known &&
			   f->clock.realtime) {
			doctor_find(r, DOCTOR_PROBLEM, "capability",
				"disciplined (pid %d) may not set the clock (CAP_SYS_TIME is "
				"missing)",
				p->pid);
			doctor_mend(r, "systemctl revert timebus-disciplined && systemctl restart "
				       "timebus-disciplined");
			wrong++;
		} else {
			fine++;
		}
	}
	if (fine && !wrong)
		doctor_find(r, DOCTOR_OK, "capability",
			"nobody in the suite but disciplined may set the clock");
}

void doctor_judge_steering(const struct doctor_facts *f, struct doctor_report *r)
{
	unsigned int foreign = judge_foreign(f, r);

	judge_agents(f, r);
	judge_traces(f, r, foreign);
	judge_capabilities(f, r);
}

/* ---- port 123 ---- */

void doctor_judge_ports(const struct doctor_facts *f, struct doctor_report *r)
{
	bool wanted = doctor_unit_wanted(f, "timebus-ntpexchd-ntp.socket");

	for (unsigned int i = 0; i < f->port_count; i++) {
		const struct doctor_port *p = &f->ports[i];
		bool own = !strcmp(p->by, "ntpexchd") || !strcmp(p->by, "systemd");

		if (own) {
			doctor_find(r, DOCTOR_OK, "port", "UDP %s is served by %s (pid %d)",
				p->address, p->by, p->pid);
		} else if (!p->pid) {
			doctor_find(r, DOCTOR_NOTE, "port",
				"UDP %s is taken, by whom only root can see", p->address);
		} else {
			doctor_find(r, wanted ? DOCTOR_PROBLEM : DOCTOR_NOTE, "port",
				"UDP %s is taken by %s (pid %d)%s", p->address, spelled(p->by),
				p->pid, wanted ? ", so that ntpexchd cannot serve" : "");
			if (wanted)
				mend_by_ending(f, r, p->by, p->pid);
		}
	}
}
