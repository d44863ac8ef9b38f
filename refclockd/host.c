/* SPDX-License-Identifier: MIT */
#include "refclockd/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refclockd/driver.h"

#define RETRY_NS (16 * NS_PER_S) /* until key files that are missing or wrong are read again */

/* Whose readings are the clock of a host. */
static bool may_have_host(const struct refclock_line *line)
{
	const struct driver *driver = driver_of(line->driver, line->parameter);

	return driver == &driver_phc || driver == &driver_vmclock;
}

int host_check(const struct refclock_line *line, char *error, size_t error_size)
{
	const char *wrong = NULL;

	if (!line->host[0] && !line->hostkey[0] && !line->ownkey[0])
		return 0;
	if (!line->host[0])
		wrong = "hostkey and ownkey are for host (allowed: with host tcp://HOST:PORT)";
	else if (!may_have_host(line))
		wrong = "host is for clocks that a host hands over (allowed: with PHC and VMCLOCK)";
	else if (endpoint_check(line->host, false, error, error_size) < 0)
		return -EINVAL;
	else if (line->hostkey[0] != '/')
		wrong = "host needs hostkey (allowed: hostkey and an absolute path)";
	else if (line->ownkey[0] && line->ownkey[0] != '/')
		wrong = "ownkey is no absolute path (allowed: ownkey /FILE)";
	else
		return 0;
	(void)snprintf(error, error_size, "%s", wrong);
	return -EINVAL;
}

static struct ts_raw raw_now(const struct host *h)
{
	return door_raw(host_door(h->stage_host));
}

/* After each change: what people must hear, and the next deadline. */
static void look(struct host *h)
{
	struct hostfold_event e;

	loop_timer_set(host_loop(h->stage_host), &h->silence, hostfold_deadline(&h->fold));
	if (!hostfold_next_event(&h->fold, &e))
		return;
	host_event(h->stage_host, e.code, h->name, 0, "%s: %s", h->line->host, e.text);
	h->changed(h->arg);
}

static void on_silence(void *arg, struct ts_raw now)
{
	struct host *h = arg;

	hostfold_on_deadline(&h->fold, now);
	look(h);
}

static void on_message(void *arg, const struct msg *m)
{
	struct host *h = arg;
	bool same = h->fold.heard && h->fold.clock.stratum == m->u.clock.stratum &&
		    h->fold.clock.leap == m->u.clock.leap;

	hostfold_on_clock(&h->fold, raw_now(h), m);
	look(h);
	if (!same)
		h->changed(h->arg);
}

static void on_refused(void *arg, const char *why)
{
	struct host *h = arg;

	/* by powers of two: a host may send as many as it likes */
	if ((h->refused & (h->refused + 1)) == 0)
		host_event(h->stage_host, EVENT_message_refused, h->name, 0, "%s: %s",
			h->line->host, why);
	h->refused++;
}

static void retry_later(struct host *h)
{
	loop_timer_set(host_loop(h->stage_host), &h->retry,
		ts_raw_add(raw_now(h), (struct ts_dur){RETRY_NS}));
}

static void on_link(void *arg, enum remote_link link)
{
	static const enum hostfold_link links[] = {[REMOTE_DOWN] = HOSTFOLD_DOWN,
		[REMOTE_UP] = HOSTFOLD_UP,
		[REMOTE_STRANGE] = HOSTFOLD_STRANGE,
		[REMOTE_DENIED] = HOSTFOLD_DENIED};
	struct host *h = arg;

	log_debug("%s: connection to %s: %d", h->name, h->line->host, (int)link);
	hostfold_on_link(&h->fold, raw_now(h), links[link], NULL);
	if ((link == REMOTE_STRANGE || link == REMOTE_DENIED) && !h->retry.linked)
		retry_later(h);
	look(h);
}

/* ---- keys and sockets ---- */

static int read_host_key(const char *path, struct keyfile *ret, char error[KEY_ERROR_SIZE])
{
	int r = key_read_public(path, ret, error);

	if (r == 0 && ret->count != 1) {
		(void)snprintf(error, KEY_ERROR_SIZE,
			"%.160s holds %d public keys (allowed: one, the host's)", path, ret->count);
		r = -EINVAL;
	}
	return r;
}

static int open_ear(struct host *h, char error[KEY_ERROR_SIZE])
{
	struct remote_ear_config config = {
		.loop = host_loop(h->stage_host),
		.endpoint = h->line->host,
		.message = on_message,
		.refused = on_refused,
		.link = on_link,
		.arg = h,
	};
	struct key_pair own;
	struct keyfile host_key;
	int r = read_host_key(h->line->hostkey, &host_key, error);

	if (r == 0 && h->line->ownkey[0]) {
		r = key_read_private(h->line->ownkey, &own, error);
		config.pair = &own;
	}
	if (r < 0)
		return r;
	config.host_key = host_key.entry[0].key;
	r = remote_ear_open(&config, &h->ear);
	explicit_bzero(&own, sizeof(own));
	if (r < 0)
		(void)snprintf(
			error, KEY_ERROR_SIZE, "no connection can be made: %s", strerror(-r));
	return r;
}

static void try_open(struct host *h, struct ts_raw now)
{
	char error[KEY_ERROR_SIZE];

	if (open_ear(h, error) == 0) {
		if (h->fold.link == HOSTFOLD_FAILED)
			hostfold_on_link(&h->fold, now, HOSTFOLD_DOWN, NULL);
		return;
	}
	hostfold_on_link(&h->fold, now, HOSTFOLD_FAILED, error);
	retry_later(h);
}

static void on_retry(void *arg, struct ts_raw now)
{
	struct host *h = arg;

	if (h->fold.link == HOSTFOLD_UP)
		return;
	remote_ear_close(&h->ear);
	try_open(h, now);
	look(h);
}

void host_start(struct host *h, struct stage_host *stage_host, const struct refclock_line *line,
	const char *name, void (*changed)(void *arg), void *arg)
{
	struct hostfold_config config = {
		.drift_ppb = 1e3 * line->hostdrift,
		.error_ns = ts_dur_from_s(line->hosterror).ns,
		.any_clock = getenv("TIMEBUS_TEST_HOST_SHADOW") != NULL,
	};

	memset(h, 0, sizeof(*h));
	if (!line->host[0])
		return;
	h->used = true;
	h->stage_host = stage_host;
	h->line = line;
	h->name = name;
	h->changed = changed;
	h->arg = arg;
	h->silence = (struct loop_timer){.fn = on_silence, .arg = h};
	h->retry = (struct loop_timer){.fn = on_retry, .arg = h};
	hostfold_init(&h->fold, &config, raw_now(h));
	try_open(h, raw_now(h));
	look(h);
}

void host_stop(struct host *h)
{
	if (!h->used)
		return;
	loop_timer_del(host_loop(h->stage_host), &h->silence);
	loop_timer_del(host_loop(h->stage_host), &h->retry);
	remote_ear_close(&h->ear);
	h->used = false;
}

void host_fold_sample(const struct host *h, struct msg_sample *sample)
{
	if (h->used)
		hostfold_sample(&h->fold, sample);
}

void host_fold_source(const struct host *h, struct msg_source *source)
{
	if (h->used)
		hostfold_source(&h->fold, raw_now(h), source);
}
