/* SPDX-License-Identifier: MIT */
#include "monitord/relay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RETRY_NS      (5 * NS_PER_S)  /* a bridge that virtual machines hang on comes up late */
#define TELL_EVERY_NS (60 * NS_PER_S) /* strangers; there may be many */

static struct ts_raw raw_now(const struct relay *r)
{
	return door_raw(host_door(r->host));
}

static bool is_alive(void *arg)
{
	const struct relay *r = arg;

	return host_connected(r->host, "disciplined");
}

static void on_guest(void *arg, const char *address, const char *key, const char *name)
{
	struct relay *r = arg;
	struct ts_raw now = raw_now(r);

	if (name) {
		log_info("%s hears the clock from %s", name, address);
		return;
	}
	r->refusals++;
	if (r->refusal_told.ns > 0 &&
		ts_raw_before(now, ts_raw_add(r->refusal_told, (struct ts_dur){TELL_EVERY_NS})))
		return;
	host_event(r->host, EVENT_guest_refused, NULL, 0,
		"%s: %.45s may not hear the clock: its key %s is not in %.80s (%" PRIu64
		" refused)",
		r->line.endpoint, address, key[0] ? key : "(none)", r->line.allow, r->refusals);
	r->refusal_told = now;
	r->refusals = 0;
}

static void on_full(void *arg, bool full)
{
	struct relay *r = arg;

	if (full)
		host_event(r->host, EVENT_guest_refused, NULL, 0,
			"%s: %d are connected: nobody else may hear the clock until one is gone",
			r->line.endpoint, REMOTE_CONNECTIONS_MAX);
	else
		log_notice("%s: there is room for guests again", r->line.endpoint);
}

static bool allows_any(const struct relay *r)
{
	return !strcmp(r->line.allow, MONITORD_ALLOW_ANY);
}

static int read_keys(const struct relay *r, struct key_pair *ret_pair, struct keyfile *ret_allowed,
	char error[KEY_ERROR_SIZE])
{
	int result = allows_any(r) ? 0 : key_read_public(r->line.allow, ret_allowed, error);

	return result < 0 ? result : key_read_private(r->line.key, ret_pair, error);
}

static int open_with(struct relay *r, const struct key_pair *pair, const struct keyfile *allowed,
	char error[KEY_ERROR_SIZE])
{
	struct remote_relay_config config = {
		.loop = host_loop(r->host),
		.door = host_door(r->host),
		.endpoint = r->line.endpoint,
		.pair = pair,
		.allowed = allows_any(r) ? NULL : allowed,
		.alive = is_alive,
		.guest = on_guest,
		.full = on_full,
		.arg = r,
	};
	int result = remote_relay_open(&config, &r->remote);

	if (result < 0) {
		(void)snprintf(error, KEY_ERROR_SIZE, "cannot listen: %s", strerror(-result));
		return result;
	}
	memcpy(r->public, pair->public, sizeof(r->public));
	r->allowed = *allowed;
	return 0;
}

static int open_remote(struct relay *r, char error[KEY_ERROR_SIZE])
{
	struct keyfile allowed = {.count = 0};
	struct key_pair pair;
	int result = read_keys(r, &pair, &allowed, error);

	if (result == 0)
		result = open_with(r, &pair, &allowed, error);
	explicit_bzero(&pair, sizeof(pair));
	return result;
}

static bool lost_any(const struct keyfile *before, const struct keyfile *now)
{
	for (int i = 0; i < before->count; i++)
		if (!keyfile_find(now, before->entry[i].key))
			return true;
	return false;
}

/* Takes over what the key files say now, if nobody has to be let go for it. */
static bool renew(struct relay *r)
{
	struct keyfile allowed = {.count = 0};
	char error[KEY_ERROR_SIZE];
	struct key_pair pair;
	bool fits = read_keys(r, &pair, &allowed, error) == 0 && !strcmp(pair.public, r->public) &&
		    !lost_any(&r->allowed, &allowed);

	explicit_bzero(&pair, sizeof(pair));
	if (!fits)
		return false;
	r->allowed = allowed;
	if (!allows_any(r))
		remote_relay_allow(r->remote, &allowed);
	return true;
}

static void try_open(struct relay *r)
{
	char error[KEY_ERROR_SIZE];

	if (open_remote(r, error) == 0) {
		log_notice("the clock is published on %s, for %s", r->line.endpoint, r->line.allow);
		r->failure[0] = '\0';
		if (r->has_last)
			remote_relay_send(r->remote, &r->last);
		return;
	}
	if (strcmp(r->failure, error) != 0)
		host_event(r->host, EVENT_config_error, NULL, 0,
			"publish %.60s: %s; it is tried again", r->line.endpoint, error);
	(void)snprintf(r->failure, sizeof(r->failure), "%s", error);
	loop_timer_set(
		host_loop(r->host), &r->retry, ts_raw_add(raw_now(r), (struct ts_dur){RETRY_NS}));
}

static void on_retry(void *arg, struct ts_raw now)
{
	(void)now;
	try_open(arg);
}

void relay_init(struct relay *r, struct stage_host *host)
{
	memset(r, 0, sizeof(*r));
	r->host = host;
	r->retry = (struct loop_timer){.fn = on_retry, .arg = r};
}

void relay_stop(struct relay *r)
{
	loop_timer_del(host_loop(r->host), &r->retry);
	remote_relay_close(&r->remote);
}

static bool is_same(const struct monitord_publish *a, const struct monitord_publish *b)
{
	return !strcmp(a->endpoint, b->endpoint) && !strcmp(a->key, b->key) &&
	       !strcmp(a->allow, b->allow);
}

void relay_configure(struct relay *r, const struct monitord_publish *line)
{
	if (r->remote && is_same(&r->line, line) && renew(r))
		return;
	relay_stop(r);
	r->line = *line;
	r->failure[0] = '\0';
	if (r->line.endpoint[0])
		try_open(r);
}

void relay_message(struct relay *r, const struct msg *m)
{
	if (m->kind != MSG_clock)
		return;
	memcpy(&r->last, m, sizeof(r->last));
	r->has_last = true;
	if (r->remote)
		remote_relay_send(r->remote, m);
}
