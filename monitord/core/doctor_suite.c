/* SPDX-License-Identifier: MIT */
/* doctor_suite.c - the suite as it is installed and runs, and the ground that it stands on. */
#include <stdio.h>
#include <string.h>
#include "monitord/core/doctor_private.h"

#define DAY_S 86400

static bool has_group(const struct doctor_account *a, int64_t gid)
{
	for (unsigned int i = 0; i < a->group_count; i++) {
		if (a->groups[i] == gid)
			return true;
	}
	return false;
}

static void judge_accounts(const struct doctor_facts *f, struct doctor_report *r)
{
	unsigned int fine = 0;

	for (int i = 0; i < DOCTOR_DAEMONS; i++) {
		const struct doctor_account *a = &f->accounts[i];

		if (a->uid == DOCTOR_NO_ACCOUNT) {
			doctor_find(r, DOCTOR_PROBLEM, "account",
				"there is no account %s, as which %s is to run", a->name,
				doctor_daemon_names[i]);
			doctor_mend(r, "systemd-sysusers");
		} else if (f->group_timebus == DOCTOR_NO_ACCOUNT ||
			   !has_group(a, f->group_timebus)) {
			doctor_find(r, DOCTOR_WARNING, "account",
				"%s is not in the group timebus, which owns the devices", a->name);
			doctor_mend(r, "systemd-sysusers && usermod -aG timebus %s", a->name);
		} else {
			fine++;
		}
	}
	if (fine == DOCTOR_DAEMONS)
		doctor_find(r, DOCTOR_OK, "account", "each daemon has its account");
}

static void judge_units(const struct doctor_facts *f, struct doctor_report *r)
{
	unsigned int loaded = 0, failed = 0;

	for (unsigned int i = 0; i < f->unit_count; i++) {
		const struct doctor_unit *u = &f->units[i];

		if (strncmp(u->name, "timebus", 7) || strcmp(u->load, "loaded"))
			continue;
		loaded++;
		if (strcmp(u->active, "failed"))
			continue;
		failed++;
		doctor_find(r, DOCTOR_PROBLEM, "unit", "%s has failed (%s)", u->name,
			u->result[0] ? u->result : "for a reason that systemd does not tell");
		doctor_mend(r, "journalctl -n 30 -u %s; systemctl restart %s", u->name, u->name);
	}
	if (loaded && !doctor_unit_wanted(f, "timebus.target")) {
		doctor_find(r, DOCTOR_NOTE, "unit",
			"timebus.target is not enabled: nothing of the suite starts with the "
			"machine");
		doctor_mend(r, "systemctl enable --now timebus.target");
	} else if (loaded && !failed) {
		doctor_find(
			r, DOCTOR_OK, "unit", "%u units are installed, none has failed", loaded);
	}
}

/* The runtime directory among its arguments. */
static bool other_directory(const struct doctor_process *p, char *ret_path, size_t size)
{
	const char *at = p->arguments;
	size_t n;

	if (strncmp(at, "-r ", 3))
		at = strstr(at, " -r ");
	if (!at)
		return false;
	at += *at == ' ' ? 4 : 3;
	n = strcspn(at, " ");
	if (n == 0 || n >= size)
		return false;
	memcpy(ret_path, at, n);
	ret_path[n] = '\0';
	return true;
}

static void judge_silent(const struct doctor_facts *f, struct doctor_report *r,
	const struct doctor_process *p, int d)
{
	char path[DOCTOR_PATH];

	if (f->bus_file[d]) {
		doctor_find(r, DOCTOR_PROBLEM, "bus",
			"%s (pid %d) runs, but does not answer in %s: it hangs, or has another "
			"runtime directory",
			p->name, p->pid, f->run_dir);
		doctor_mend(r, "systemctl restart timebus-%s", p->name);
	} else if (other_directory(p, path, sizeof(path)) && strcmp(path, f->run_dir)) {
		doctor_find(r, DOCTOR_NOTE, "bus", "%s (pid %d) runs in %s, not in %s", p->name,
			p->pid, path, f->run_dir);
		doctor_mend(r, "timebus -r %s doctor", path);
	} else {
		doctor_find(r, DOCTOR_WARNING, "bus", "%s (pid %d) runs, but has no socket in %s",
			p->name, p->pid, f->run_dir);
		doctor_mend(r, "systemctl restart timebus-%s", p->name);
	}
}

/* A unit that has failed is told among the units. */
static bool is_to_run(const struct doctor_facts *f, const char *unit)
{
	const struct doctor_unit *u = doctor_unit(f, unit);

	return u && strcmp(u->active, "failed") && doctor_unit_wanted(f, unit) &&
	       doctor_unit_wanted(f, "timebus.target");
}

static void judge_bus(const struct doctor_facts *f, struct doctor_report *r)
{
	unsigned int answering = 0;

	for (int i = 0; i < DOCTOR_DAEMONS; i++) {
		const char *name = doctor_daemon_names[i];
		const struct doctor_process *p = doctor_process(f, name);
		char unit[DOCTOR_NAME];

		(void)snprintf(unit, sizeof(unit), "timebus-%s.service", name);
		answering += f->answers[i];
		if (f->answers[i])
			continue;
		if (p) {
			judge_silent(f, r, p, i);
		} else if (is_to_run(f, unit)) {
			doctor_find(r, DOCTOR_WARNING, "bus", "%s is to run, but does not", name);
			doctor_mend(r, "systemctl start timebus-%s", name);
		}
	}
	if (answering)
		doctor_find(r, DOCTOR_OK, "bus", "%u of %d daemons answer in %s", answering,
			DOCTOR_DAEMONS, f->run_dir);
}

static int daemon_index(const char *name)
{
	for (int i = 0; i < DOCTOR_DAEMONS; i++) {
		if (!strcmp(doctor_daemon_names[i], name))
			return i;
	}
	return -1;
}

static void judge_config(
	const struct doctor_facts *f, struct doctor_report *r, const struct doctor_config *c)
{
	int d = daemon_index(c->daemon);

	if (!c->file.exists)
		return;
	if (d >= 0 && !doctor_may_open(f, (enum doctor_daemon)d, c->file.mode, c->file.uid,
			      c->file.gid, false)) {
		doctor_find(r, DOCTOR_PROBLEM, "config",
			"%s may not read %s: it belongs to %lld:%lld with mode %04o",
			f->accounts[d].name, c->path, (long long)c->file.uid,
			(long long)c->file.gid, c->file.mode);
		doctor_mend(r, "chgrp timebus %s && chmod 0640 %s", c->path, c->path);
	}
	if (c->hung) {
		doctor_find(
			r, DOCTOR_WARNING, "config", "%s --check did not end in time", c->daemon);
	} else if (c->checked && c->status != 0) {
		/* what it says begins with the path, unless it could not even begin */
		if (!strncmp(c->said, c->path, strlen(c->path)))
			doctor_find(r, DOCTOR_PROBLEM, "config", "%s", c->said);
		else
			doctor_find(r, DOCTOR_PROBLEM, "config", "%s: %s", c->path,
				c->said[0] ? c->said : "--check finds fault with it");
		doctor_mend(r, "%s --check -f %s", c->daemon, c->path);
	} else if (c->checked) {
		doctor_find(r, DOCTOR_OK, "config", "%s is right", c->path);
	}
}

void doctor_judge_suite(const struct doctor_facts *f, struct doctor_report *r)
{
	bool loaded = false;

	for (unsigned int i = 0; i < f->unit_count; i++)
		loaded |= !strncmp(f->units[i].name, "timebus-", 8) &&
			  !strcmp(f->units[i].load, "loaded");
	if (f->units_hung)
		doctor_find(r, DOCTOR_WARNING, "unit", "systemctl does not answer");
	if (loaded)
		judge_accounts(f, r);
	judge_units(f, r);
	judge_bus(f, r);
	for (unsigned int i = 0; i < f->config_count; i++)
		judge_config(f, r, &f->configs[i]);
}

/* ---- the machine ---- */

static void judge_clocksource(const struct doctor_facts *f, struct doctor_report *r)
{
	static const char *const slow[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"};

	if (!f->clocksource[0])
		return;
	for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
		if (strcmp(f->clocksource, slow[i]))
			continue;
		doctor_find(r, DOCTOR_WARNING, "clocksource",
			"the kernel counts time by %s, which is slow and coarse: each reading of a "
			"clock is the worse for it",
			f->clocksource);
		if (doctor_has_word(f->clocksources, "tsc"))
			doctor_mend(r, "echo tsc > /sys/devices/system/clocksource/clocksource0/"
				       "current_clocksource");
		else
			doctor_mend(r, "dmesg | grep -i -e tsc -e clocksource");
		return;
	}
	doctor_find(r, DOCTOR_OK, "clocksource", "the kernel counts time by %s", f->clocksource);
}

static void judge_leap_table(const struct doctor_facts *f, struct doctor_report *r)
{
	int64_t left_s = f->leap_expires_s - f->now_s;

	if (!f->leap_file) {
		doctor_find(r, DOCTOR_WARNING, "leap",
			"there is no leap second table in /usr/share/zoneinfo: leapsectz and "
			"leapseclist find nothing");
		doctor_mend(r, "apt-get install --reinstall tzdata");
	} else if (f->leap_expires_s == 0) {
		doctor_find(r, DOCTOR_NOTE, "leap", "%s does not tell until when it holds",
			f->leap_path);
	} else if (left_s < 0) {
		doctor_find(r, DOCTOR_WARNING, "leap",
			"the leap second table %s has been out of date for %lld days", f->leap_path,
			(long long)(-left_s / DAY_S));
		doctor_mend(r, "apt-get update && apt-get install --only-upgrade tzdata");
	} else if (left_s < 30 * DAY_S) {
		doctor_find(r, DOCTOR_NOTE, "leap",
			"the leap second table %s holds for another %lld days", f->leap_path,
			(long long)(left_s / DAY_S));
		doctor_mend(r, "apt-get update && apt-get install --only-upgrade tzdata");
	} else {
		doctor_find(r, DOCTOR_OK, "leap",
			"the leap second table %s holds for another %lld days", f->leap_path,
			(long long)(left_s / DAY_S));
	}
}

void doctor_judge_machine(const struct doctor_facts *f, struct doctor_report *r)
{
	judge_clocksource(f, r);
	judge_leap_table(f, r);
	if (f->suspended_s != DOCTOR_NOT_KNOWN && f->suspended_s >= 1)
		doctor_find(r, DOCTOR_NOTE, "suspend",
			"this machine has slept for %lld s since its start: what was measured "
			"before "
			"does not count after",
			(long long)f->suspended_s);
	if (!f->root) {
		doctor_find(r, DOCTOR_NOTE, "doctor",
			"only root sees the files and sockets of all processes: some faults stay "
			"hidden");
		doctor_mend(r, "sudo timebus doctor");
	}
}
