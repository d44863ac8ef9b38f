/* SPDX-License-Identifier: MIT */
#include "ntpexchd/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/core/bytes.h"

#define RETRY_MIN_NS	(2 * NS_PER_S)
#define RETRY_DOUBLINGS 8

static struct ts_raw now_of(const struct line *line)
{
	return door_raw(host_door(line->env->host));
}

static int family_of(const struct config_source *config)
{
	return config->ipv4 ? AF_INET : config->ipv6 ? AF_INET6 : AF_UNSPEC;
}

/* ---- the pool's own message, while it has no members ---- */

static void tell_pool(struct line *line, const char *error, bool removed)
{
	struct msg m = {.kind = MSG_source};
	struct msg_source *s = &m.u.source;

	if (removed ? !line->told : line->owner->has_name(line->owner->arg, line->config.name))
		return;
	str_copy(s->source, sizeof s->source, line->config.name);
	str_copy(s->configured, sizeof s->configured, line->config.name);
	str_copy(s->error, sizeof s->error, error);
	s->kind = source_kind_ntp;
	s->mode = source_mode_server;
	s->state = source_state_resolving;
	s->poll = line->config.minpoll;
	s->removed = removed;
	line->told = !removed;
	host_publish(line->env->host, &m);
}

/* ---- addresses to sources ---- */

static bool was_found(const struct line *line, const union udp_address *a)
{
	for (int i = 0; i < line->found.count; i++)
		if (udp_same_host(&line->found.address[i], a))
			return true;
	return false;
}

/* The address after the one in use that nobody else uses; NULL if there is none. */
static const union udp_address *next_address(const struct line *line, const struct source *s)
{
	int count = line->found.count, start = 0;

	for (int i = 0; i < count; i++)
		if (s && s->has_address && udp_same_host(&line->found.address[i], &s->address))
			start = i + 1;
	for (int i = 0; i < count; i++) {
		const union udp_address *a = &line->found.address[(start + i) % count];

		if (!line->owner->has_address(line->owner->arg, a))
			return a;
	}
	return NULL;
}

static void place_server(struct line *line)
{
	struct source *s = line->member[0];
	const union udp_address *a = NULL;

	if (!s->has_address)
		a = &line->found.address[0];
	else if (s->wants_other || !was_found(line, &s->address))
		a = next_address(line, s);
	s->wants_other = false;
	if (a)
		source_set_address(s, a);
}

static void remove_member(struct line *line, int i)
{
	source_remove(&line->member[i]);
	line->members--;
	memmove(&line->member[i], &line->member[i + 1],
		(size_t)(line->members - i) * sizeof line->member[0]);
}

static bool add_member(struct line *line, const union udp_address *a)
{
	char name[64];
	struct source *s;

	udp_format(a, name, sizeof name);
	if (line->owner->has_name(line->owner->arg, name) ||
		line->owner->room(line->owner->arg) <= 0)
		return false;
	s = source_new(line->env, &line->config, name);
	if (!s)
		return false;
	if (line->off)
		ntp_client_online(&s->core, false, now_of(line));
	line->member[line->members++] = s;
	source_set_address(s, a);
	return true;
}

static void fill_pool(struct line *line, struct ts_raw now)
{
	const union udp_address *a;

	for (int i = line->members - 1; i >= 0; i--) {
		if (!line->member[i]->wants_other)
			continue;
		line->member[i]->wants_other = false;
		/* A silent member is better than none. */
		if (next_address(line, line->member[i]))
			remove_member(line, i);
	}
	while (line->members < line->config.maxsources && (a = next_address(line, NULL)) != NULL)
		if (!add_member(line, a))
			break;
	if (line->members > 0)
		tell_pool(line, "", true);
	if (line->members < line->config.maxsources)
		line->resolve_at = ts_raw_add(now, (struct ts_dur){LINE_REFILL_NS});
}

/* ---- names to addresses ---- */

static void note_failure(struct line *line, const struct resolve_answer *answer, struct ts_raw now)
{
	int doublings = line->failures < RETRY_DOUBLINGS ? line->failures : RETRY_DOUBLINGS;
	char why[160];

	if (line->failures++ == 0)
		host_event(line->env->host, EVENT_source_missing, line->config.name, 0,
			"its name is not found (%s): is it right, and is the network up? It is "
			"looked up again from time to time",
			answer->error);
	line->resolve_at = ts_raw_add(now, (struct ts_dur){RETRY_MIN_NS << doublings});
	snprintf(why, sizeof why, "name not found: %s", answer->error);
	if (line->config.is_pool && line->members == 0)
		tell_pool(line, why, false);
	for (int i = 0; i < line->members; i++) {
		if (!line->member[i]->has_address)
			ntp_client_note(&line->member[i]->core, why);
		source_drain(line->member[i]);
	}
}

static void on_resolved(void *arg, const struct resolve_answer *answer)
{
	struct line *line = arg;
	struct ts_raw now = now_of(line);

	line->resolved = now;
	if (answer->count == 0) {
		note_failure(line, answer, now);
		return;
	}
	if (line->failures > 0)
		host_event(line->env->host, EVENT_source_found, line->config.name, 0,
			"its name is found");
	line->failures = 0;
	line->found = *answer;
	if (line->config.is_pool)
		fill_pool(line, now);
	else
		place_server(line);
}

static void resolve(struct line *line, struct ts_raw now)
{
	int r;

	line->resolve_at = TS_RAW_NEVER;
	r = resolver_start(line->resolver, line->config.name, family_of(&line->config),
		(uint16_t)line->config.port, on_resolved, line);
	if (r < 0)
		line->resolve_at = ts_raw_add(now, (struct ts_dur){LINE_RESOLVE_NS});
}

void line_refresh(struct line *line, struct ts_raw now)
{
	if (!line->literal)
		line->resolve_at = now;
}

/* ---- life ---- */

/* As configured; where another source has that name (another port of the same host, mostly), the
 * port goes behind it. */
static struct source *new_server(
	struct source_env *env, const struct line_owner *owner, const struct config_source *config)
{
	char name[sizeof config->name + 16];

	if (!owner->has_name(owner->arg, config->name))
		return source_new(env, config, config->name);
	snprintf(name, sizeof name, strchr(config->name, ':') ? "[%s]:%d" : "%s:%d", config->name,
		config->port);
	return source_new(env, config, name);
}

struct line *line_new(struct source_env *env, struct resolver *resolver,
	const struct line_owner *owner, const struct config_source *config)
{
	struct line *line = calloc(1, sizeof *line);
	struct source *s = NULL;

	if (line && !config->is_pool)
		s = new_server(env, owner, config);
	if (!line || (!config->is_pool && !s)) {
		free(line);
		return NULL;
	}
	line->env = env;
	line->resolver = resolver;
	line->owner = owner;
	line->config = *config;
	line->off = config->offline;
	line->resolve_at = now_of(line);
	if (s)
		line->member[line->members++] = s;
	if (udp_parse(config->name, (uint16_t)config->port, &line->found.address[0]) == 0) {
		line->literal = true;
		line->found.count = 1;
	} else if (config->is_pool) {
		tell_pool(line, "", false);
	}
	return line;
}

void line_destroy(struct line **line, bool quietly)
{
	struct line *l = *line;

	if (!l)
		return;
	resolver_cancel(l->resolver, l);
	for (int i = 0; i < l->members; i++) {
		if (quietly)
			source_destroy(&l->member[i]);
		else
			source_remove(&l->member[i]);
	}
	if (!quietly)
		tell_pool(l, "", true);
	free(l);
	*line = NULL;
}

/* ---- time ---- */

struct ts_raw line_deadline(const struct line *line)
{
	struct ts_raw d = line->resolve_at;

	for (int i = 0; i < line->members; i++)
		d = ts_raw_min(d, ntp_client_deadline(&line->member[i]->core));
	return d;
}

static void note_wishes(struct line *line, struct ts_raw now)
{
	struct ts_raw soonest = ts_raw_add(line->resolved, (struct ts_dur){LINE_RESOLVE_NS});

	for (int i = 0; i < line->members; i++) {
		if (!line->member[i]->wants_other)
			continue;
		if (line->literal)
			line->member[i]->wants_other = false;
		else if (ts_raw_is_never(line->resolve_at))
			line->resolve_at = ts_raw_before(now, soonest) ? soonest : now;
	}
}

static void start(struct line *line, struct ts_raw now)
{
	line->resolve_at = TS_RAW_NEVER;
	if (!line->literal)
		resolve(line, now);
	else if (line->config.is_pool)
		fill_pool(line, now);
	else
		place_server(line);
	/* A pool of one literal address is full, whatever maxsources says. */
	if (line->literal)
		line->resolve_at = TS_RAW_NEVER;
}

void line_expire(struct line *line, struct ts_raw now)
{
	for (int i = 0; i < line->members; i++) {
		ntp_client_expire(&line->member[i]->core, now);
		source_drain(line->member[i]);
	}
	note_wishes(line, now);
	if (!ts_raw_before(now, line->resolve_at))
		start(line, now);
}
