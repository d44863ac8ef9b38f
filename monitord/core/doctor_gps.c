/* SPDX-License-Identifier: MIT */
/* doctor_gps.c - gpsd, its datagram sockets, and the shared memory segments. */
#include <stdio.h>
#include <string.h>
#include "common/core/ntpshm_layout.h"
#include "monitord/core/doctor_private.h"

#define SEGMENT_STALE_S 60

static bool gps_wished(const struct doctor_facts *f)
{
	return doctor_wished(f, "SHM", NULL) || doctor_wished(f, "SOCK", NULL) ||
	       doctor_wished(f, "GPSD", NULL);
}

/* gpsd's words may stand together: -nN. */
static bool has_letter(const char *arguments, char letter)
{
	for (const char *p = arguments; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (p[0] == '-' && p[1] != '-' && memchr(p, letter, n))
			return true;
	}
	return false;
}

static void judge_gpsd_process(const struct doctor_facts *f, struct doctor_report *r)
{
	const struct doctor_process *gpsd = doctor_process(f, "gpsd");

	if (!gpsd && doctor_unit_wanted(f, "gpsd.socket") && gps_wished(f)) {
		doctor_find(r, DOCTOR_WARNING, "gpsd",
			"gpsd is not running: its socket unit starts it when somebody connects, "
			"but "
			"nobody does so for shared memory or SOCK");
		doctor_mend(r, "systemctl enable --now gpsd.service");
	} else if (!gpsd && doctor_wished(f, "GPSD", NULL)) {
		doctor_find(r, DOCTOR_PROBLEM, "gpsd",
			"refclockd.conf wants gpsd, but it is not running");
		doctor_mend(r, "systemctl enable --now gpsd.service");
	} else if (gpsd && !has_letter(gpsd->arguments, 'n')) {
		doctor_find(r, DOCTOR_WARNING, "gpsd",
			"gpsd (pid %d) runs without -n: it reads the receiver only while somebody "
			"is "
			"connected",
			gpsd->pid);
		doctor_mend(r, "sed -i 's/^GPSD_OPTIONS=.*/GPSD_OPTIONS=\"-n\"/' /etc/default/gpsd "
			       "&& systemctl restart gpsd");
	} else if (gpsd && !f->gpsd_port) {
		doctor_find(r, DOCTOR_NOTE, "gpsd",
			"gpsd (pid %d) runs, but nobody listens on TCP port 2947, so that no JSON "
			"comes",
			gpsd->pid);
	} else if (gpsd) {
		doctor_find(r, DOCTOR_OK, "gpsd", "gpsd (pid %d) runs%s", gpsd->pid,
			f->gpsd_control ? ", with its control socket" : "");
	}
}

/* /var/run and /run are one place. */
static bool same_path(const char *a, const char *b)
{
	if (!strncmp(a, "/var/run/", 9))
		a += 4;
	if (!strncmp(b, "/var/run/", 9))
		b += 4;
	return !strcmp(a, b);
}

static const struct doctor_sock *sock_at(const struct doctor_facts *f, const char *path)
{
	for (unsigned int i = 0; i < f->sock_count; i++) {
		if (same_path(f->socks[i].path, path))
			return &f->socks[i];
	}
	return NULL;
}

/* "ttyS0" of "/run/chrony.ttyS0.sock": the instance of the socket unit. */
static bool instance_of(const char *path, char instance[DOCTOR_NAME])
{
	size_t n;

	if (!strncmp(path, "/var", 4))
		path += 4;
	n = strlen(path);
	if (strncmp(path, "/run/chrony.", 12) || n < 18 || strcmp(path + n - 5, ".sock") ||
		n - 17 >= DOCTOR_NAME)
		return false;
	memcpy(instance, path + 12, n - 17);
	instance[n - 17] = '\0';
	return true;
}

static void mend_socket_unit(struct doctor_report *r, const char *path, const char *before)
{
	char instance[DOCTOR_NAME];

	if (instance_of(path, instance))
		doctor_mend(r,
			"%ssystemctl stop timebus-refclockd && systemctl enable --now "
			"timebus-refclockd-sock@%s.socket && systemctl start timebus-refclockd",
			before, instance);
	else
		doctor_mend(r, "%ssystemctl restart timebus-refclockd", before);
}

static void judge_wished_sock(
	const struct doctor_facts *f, struct doctor_report *r, const char *path)
{
	const struct doctor_process *gpsd = doctor_process(f, "gpsd");
	const struct doctor_sock *s = sock_at(f, path);
	char before[DOCTOR_PATH + 16];

	if (!s || !s->file.exists) {
		doctor_find(r, DOCTOR_PROBLEM, "sock",
			"refclockd.conf reads %s, but nobody has made it", path);
		mend_socket_unit(r, path, "");
	} else if (!s->bound) {
		doctor_find(r, DOCTOR_PROBLEM, "sock",
			"%s is left over from a program that has ended: what is sent there is lost",
			path);
		(void)snprintf(before, sizeof(before), "rm %s && ", path);
		mend_socket_unit(r, path, before);
	} else if (s->by[0] && strcmp(s->by, "refclockd") && strcmp(s->by, "systemd")) {
		doctor_find(r, DOCTOR_PROBLEM, "sock",
			"refclockd.conf reads %s, but %s (pid %d) holds it", path, s->by, s->pid);
		doctor_mend(r, "kill %d && systemctl restart timebus-refclockd", s->pid);
	} else if (gpsd && gpsd->started_s != DOCTOR_NOT_KNOWN && s->file.changed_s > 0 &&
		   gpsd->started_s < s->file.changed_s) {
		doctor_find(r, DOCTOR_PROBLEM, "sock",
			"gpsd (pid %d) was started before %s was made, and looks for it only when "
			"it "
			"opens the receiver",
			gpsd->pid, path);
		doctor_mend(r, "systemctl restart gpsd");
	} else {
		doctor_find(r, DOCTOR_OK, "sock", "%s is there and somebody listens", path);
	}
}

static void judge_socks(const struct doctor_facts *f, struct doctor_report *r)
{
	for (unsigned int i = 0; i < f->wish_count; i++) {
		if (!strcasecmp(f->wishes[i].driver, "SOCK"))
			judge_wished_sock(f, r, f->wishes[i].parameter);
	}
	for (unsigned int i = 0; i < f->sock_count; i++) {
		const struct doctor_sock *s = &f->socks[i];
		bool wished = false;

		for (unsigned int k = 0; k < f->wish_count; k++)
			wished |= !strcasecmp(f->wishes[k].driver, "SOCK") &&
				  same_path(f->wishes[k].parameter, s->path);
		if (wished || s->bound)
			continue;
		doctor_find(r, DOCTOR_NOTE, "sock", "%s is left over from a program that has ended",
			s->path);
		doctor_mend(r, "rm %s", s->path);
	}
}

void doctor_judge_gpsd(const struct doctor_facts *f, struct doctor_report *r)
{
	judge_gpsd_process(f, r);
	judge_socks(f, r);
}

/* ---- shared memory ---- */

static bool shm_wished(const struct doctor_facts *f, int unit)
{
	char word[DOCTOR_WORD];

	(void)snprintf(word, sizeof(word), "%d", unit);
	return doctor_wished(f, "SHM", word);
}

/* Names of those who have it mapped and are in the list, and their number. */
static unsigned int holders_of(
	const struct doctor_shm *s, const char *list, char *ret_names, size_t size, int *ret_last)
{
	unsigned int n = 0;
	size_t length = 0;

	ret_names[0] = '\0';
	for (unsigned int i = 0; i < s->holder_count; i++) {
		const struct doctor_holder *h = &s->holders[i];

		if (!h->writes || !doctor_has_word(list, h->name) || length >= size)
			continue;
		length += (size_t)snprintf(ret_names + length, size - length, "%s%s (pid %d)",
			n ? " and " : "", h->name, h->pid);
		*ret_last = h->pid;
		n++;
	}
	return n;
}

/* True if there was something to say of who uses it. */
static bool judge_users(struct doctor_report *r, const struct doctor_shm *s)
{
	char names[DOCTOR_LINE];
	int last = 0;

	if (holders_of(s, "chronyd ntpd refclockd", names, sizeof(names), &last) > 1) {
		doctor_find(r, DOCTOR_PROBLEM, "shm",
			"%s read SHM unit %d at once and take the samples from each other", names,
			s->unit);
		doctor_mend(r,
			"sed -i '/refclock SHM %d/s/^/#/' /etc/timebus/refclockd.conf && "
			"systemctl reload timebus-refclockd",
			s->unit);
		return true;
	}
	if (holders_of(s, "gpsd phc2sys phc2shm satpulsed", names, sizeof(names), &last) > 1) {
		doctor_find(r, DOCTOR_PROBLEM, "shm",
			"%s write SHM unit %d at once, over each other", names, s->unit);
		doctor_mend(r, "kill %d", last);
		return true;
	}
	return false;
}

static bool judge_segment_access(
	const struct doctor_facts *f, struct doctor_report *r, const struct doctor_shm *s)
{
	bool read = doctor_may_open(f, DOCTOR_REFCLOCKD, s->mode, s->uid, s->gid, false);
	char who[DOCTOR_WORD];
	int64_t uid;

	if (read || !doctor_identity(f, DOCTOR_REFCLOCKD, who, sizeof(who), &uid))
		return true;
	doctor_find(r, DOCTOR_PROBLEM, "shm",
		"refclockd (%s) may not read SHM unit %d: it was made by pid %d, belongs to uid "
		"%lld "
		"and has mode %04o",
		who, s->unit, s->creator_pid, (long long)s->uid, s->mode);
	doctor_mend(r,
		"systemctl stop gpsd.socket gpsd; ipcrm -M 0x%x && systemctl restart "
		"timebus-refclockd && systemctl start gpsd.socket gpsd",
		(unsigned int)(NTPSHM_KEY + s->unit));
	return false;
}

static void judge_content(
	const struct doctor_facts *f, struct doctor_report *r, const struct doctor_shm *s)
{
	bool wished = shm_wished(f, s->unit);
	int64_t age_s = f->now_s - s->stamp_s;

	if (!s->content_known) {
		doctor_find(r, DOCTOR_OK, "shm", "SHM unit %d is there (pid %d used it last)",
			s->unit, s->last_pid);
	} else if (s->stamp_s == 0) {
		doctor_find(r, wished ? DOCTOR_WARNING : DOCTOR_NOTE, "shm",
			"nobody has ever written to SHM unit %d: no writer runs, or its receiver "
			"has no "
			"fix",
			s->unit);
		if (doctor_process(f, "gpsd"))
			doctor_mend(r, "gpspipe -w -n 20 | grep TPV");
	} else if (age_s < -SEGMENT_STALE_S) {
		doctor_find(r, wished ? DOCTOR_WARNING : DOCTOR_NOTE, "shm",
			"the last sample in SHM unit %d is stamped %lld s ahead of this machine's "
			"clock: it was set back since, or was wrong then",
			s->unit, (long long)-age_s);
	} else if (age_s > SEGMENT_STALE_S) {
		doctor_find(r, wished ? DOCTOR_WARNING : DOCTOR_NOTE, "shm",
			"the last sample in SHM unit %d is %lld s old%s: its writer has gone or "
			"has "
			"nothing to say",
			s->unit, (long long)age_s, s->valid ? " and still waits for a reader" : "");
		if (!wished && s->attached == 0)
			doctor_mend(r, "ipcrm -M 0x%x", (unsigned int)(NTPSHM_KEY + s->unit));
		else
			doctor_mend(r, "systemctl restart gpsd");
	} else {
		doctor_find(r, DOCTOR_OK, "shm", "SHM unit %d is written, last %lld s ago", s->unit,
			(long long)(age_s < 0 ? 0 : age_s));
	}
}

static void judge_missing_segments(const struct doctor_facts *f, struct doctor_report *r)
{
	for (unsigned int i = 0; i < f->wish_count; i++) {
		bool found = false;

		if (strcasecmp(f->wishes[i].driver, "SHM"))
			continue;
		for (unsigned int k = 0; k < f->shm_count; k++) {
			char word[DOCTOR_WORD];

			(void)snprintf(word, sizeof(word), "%d", f->shms[k].unit);
			found |= !strcmp(word, f->wishes[i].parameter);
		}
		if (found)
			continue;
		doctor_find(r, DOCTOR_WARNING, "shm",
			"refclockd.conf reads SHM unit %s, but neither refclockd nor a writer has "
			"made "
			"the segment",
			f->wishes[i].parameter);
		doctor_mend(r, "systemctl restart timebus-refclockd");
	}
}

void doctor_judge_shm(const struct doctor_facts *f, struct doctor_report *r)
{
	for (unsigned int i = 0; i < f->shm_count; i++) {
		const struct doctor_shm *s = &f->shms[i];

		if (s->bytes < (int64_t)sizeof(struct ntpshm_segment)) {
			doctor_find(r, DOCTOR_PROBLEM, "shm",
				"SHM unit %d has %lld bytes, %zu are needed: a program with "
				"another "
				"layout made it",
				s->unit, (long long)s->bytes, sizeof(struct ntpshm_segment));
			doctor_mend(r, "ipcrm -M 0x%x", (unsigned int)(NTPSHM_KEY + s->unit));
			continue;
		}
		if (shm_wished(f, s->unit) && !judge_segment_access(f, r, s))
			continue;
		if (!judge_users(r, s))
			judge_content(f, r, s);
	}
	judge_missing_segments(f, r);
}
