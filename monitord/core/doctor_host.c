/* SPDX-License-Identifier: MIT */
/* doctor_host.c - the host that a guest asks how good its clock is, and the guests of a host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "monitord/core/doctor_private.h"

/* Hosts speak every 8 s at least (common/bus/remote.h); silence is told after three of them. */
#define SILENCE_S 30

/* ---- key files ---- */

struct wanted {
	enum doctor_daemon daemon;
	const char *path, *what; /* "the public key of its host" */
	const struct doctor_file *file;
	bool private;
};

static const char *account_of(const struct doctor_facts *f, const struct wanted *w)
{
	return f->accounts[w->daemon].name;
}

static void mend_missing(
	const struct doctor_facts *f, struct doctor_report *r, const struct wanted *w)
{
	if (w->private)
		doctor_mend(
			r, "timebus keygen %s && chown %s %s", w->path, account_of(f, w), w->path);
	else if (w->daemon == DOCTOR_MONITORD)
		doctor_mend(
			r, "cat GUEST.key.pub >> %s # of each guest, copied from there", w->path);
	else
		doctor_mend(r, "scp root@HOST:/etc/timebus/host.key.pub %s", w->path);
}

/* True if it is as it must be. */
static bool judge_key(const struct doctor_facts *f, struct doctor_report *r, const struct wanted *w)
{
	const struct doctor_file *k = w->file;

	if (!k->exists) {
		doctor_find(r, DOCTOR_PROBLEM, "host", "%s wants %s in %s, which is not there",
			doctor_daemon_names[w->daemon], w->what, w->path);
		mend_missing(f, r, w);
	} else if (w->private && (k->mode & 077)) {
		doctor_find(r, DOCTOR_PROBLEM, "host",
			"%s is a secret key, and others may open it (mode %04o): %s does not take "
			"it",
			w->path, k->mode, doctor_daemon_names[w->daemon]);
		doctor_mend(r, "chown %s %s && chmod 0600 %s", account_of(f, w), w->path, w->path);
	} else if (!doctor_may_open(f, w->daemon, k->mode, k->uid, k->gid, false)) {
		doctor_find(r, DOCTOR_PROBLEM, "host",
			"%s may not read %s: it belongs to %lld:%lld with mode %04o",
			account_of(f, w), w->path, (long long)k->uid, (long long)k->gid, k->mode);
		if (w->private)
			doctor_mend(r, "chown %s %s", account_of(f, w), w->path);
		else
			doctor_mend(r, "chmod 0644 %s", w->path);
	} else {
		return true;
	}
	return false;
}

/* ---- a guest ---- */

static void judge_reach(
	const struct doctor_facts *f, struct doctor_report *r, const struct doctor_host *h)
{
	(void)f;
	switch (h->error) {
	case DOCTOR_NOT_TRIED:
		break;
	case 0:
		doctor_find(r, DOCTOR_OK, "host", "somebody listens at %s", h->endpoint);
		break;
	case DOCTOR_NO_NAME:
		doctor_find(r, DOCTOR_WARNING, "host", "the name in %s cannot be looked up",
			h->endpoint);
		doctor_mend(r, "edit /etc/timebus/refclockd.conf: give the address of the host");
		break;
	case ECONNREFUSED:
		doctor_find(r, DOCTOR_WARNING, "host",
			"nobody listens at %s: monitord of the host does not run, or does not "
			"publish there",
			h->endpoint);
		doctor_mend(r, "ssh root@HOST timebus doctor");
		break;
	default:
		doctor_find(
			r, DOCTOR_WARNING, "host", "%s cannot be reached: %s", h->endpoint, h->why);
		doctor_mend(r, "ssh root@HOST timebus doctor # and its firewall");
		break;
	}
}

static void judge_host(
	const struct doctor_facts *f, struct doctor_report *r, const struct doctor_host *h)
{
	const struct wanted public = {DOCTOR_REFCLOCKD, h->hostkey, "the public key of its host",
		&h->hostkey_file, false};
	const struct wanted own = {
		DOCTOR_REFCLOCKD, h->ownkey, "its own key", &h->ownkey_file, true};
	bool fine = judge_key(f, r, &public);

	if (h->ownkey[0])
		fine &= judge_key(f, r, &own);
	if (fine)
		doctor_find(r, DOCTOR_OK, "host", "the keys for %s are right", h->endpoint);
	judge_reach(f, r, h);
}

static void judge_heard(struct doctor_report *r, const struct doctor_heard *h)
{
	bool old = h->age_s > SILENCE_S;

	switch (h->state) {
	case host_state_heard:
		doctor_find(r, old ? DOCTOR_WARNING : DOCTOR_OK, "host",
			"%s: the host's last word is %lld s old", h->source, (long long)h->age_s);
		break;
	case host_state_waiting:
		doctor_find(r, DOCTOR_WARNING, "host",
			"%s: the host was not heard yet: its error is taken for hosterror",
			h->source);
		break;
	case host_state_silent:
		doctor_find(r, DOCTOR_WARNING, "host",
			"%s: the host fell silent %lld s ago: the error grows by hostdrift",
			h->source, (long long)h->age_s);
		doctor_mend(r, "ssh root@HOST systemctl restart timebus-monitord");
		break;
	case host_state_unsynchronised:
	case host_state_elsewhere:
		doctor_find(r, DOCTOR_WARNING, "host", "%s: %s", h->source,
			h->state == host_state_elsewhere
				? "the host steers another clock than the one it hands over"
				: "the host's own clock is not synchronised");
		doctor_mend(r, "ssh root@HOST timebus doctor");
		break;
	case host_state_denied:
		doctor_find(
			r, DOCTOR_PROBLEM, "host", "%s: the host does not take our key", h->source);
		doctor_mend(r, "ssh root@HOST 'cat >> /etc/timebus/guests.pub && timebus reload "
			       "monitord' < OWNKEY.pub");
		break;
	case host_state_strange:
		doctor_find(r, DOCTOR_PROBLEM, "host", "%s: who answers is not the host of hostkey",
			h->source);
		doctor_mend(r, "scp root@HOST:/etc/timebus/host.key.pub /etc/timebus/ && timebus "
			       "reload refclockd");
		break;
	case host_state_none:
	case host_state_failed: /* the key files tell why */
	case host_state_count:
		break;
	}
}

/* ---- a host ---- */

static void judge_publish(
	const struct doctor_facts *f, struct doctor_report *r, const struct doctor_publish *p)
{
	const struct wanted key = {DOCTOR_MONITORD, p->key, "its key", &p->key_file, true};
	const struct wanted allow = {
		DOCTOR_MONITORD, p->allow, "the keys of its guests", &p->allow_file, false};
	bool fine = judge_key(f, r, &key);

	if (p->allow[0] == '/')
		fine &= judge_key(f, r, &allow);
	else
		doctor_find(r, DOCTOR_NOTE, "host",
			"%s is published to anybody who knows the public key", p->endpoint);
	if (!fine || !f->answers[DOCTOR_MONITORD] || p->error == DOCTOR_NOT_TRIED)
		return;
	if (p->error == 0) {
		doctor_find(r, DOCTOR_OK, "host", "guests hear the clock at %s", p->endpoint);
		return;
	}
	doctor_find(r, DOCTOR_PROBLEM, "host", "monitord does not listen at %s: %s", p->endpoint,
		p->why);
	doctor_mend(r, "timebus reload monitord; timebus events | grep publish");
}

void doctor_judge_hosts(const struct doctor_facts *f, struct doctor_report *r)
{
	for (unsigned int i = 0; i < f->host_count; i++)
		judge_host(f, r, &f->hosts[i]);
	for (unsigned int i = 0; i < f->heard_count; i++)
		judge_heard(r, &f->heard[i]);
	if (f->publish.endpoint[0])
		judge_publish(f, r, &f->publish);
}
