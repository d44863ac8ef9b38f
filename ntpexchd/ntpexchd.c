/* SPDX-License-Identifier: MIT */
#include "ntpexchd/ntpexchd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "ntpexchd/core/ntp_refid.h"
#include "ntpexchd/ntpexchd_private.h"

/* ---- sources ---- */

void exchange_each(const struct exchange *x, void (*fn)(struct source *s, void *arg), void *arg)
{
	for (int i = 0; i < x->lines; i++)
		for (int j = 0; j < x->line[i]->members; j++)
			fn(x->line[i]->member[j], arg);
}

struct source *exchange_find(const struct exchange *x, const char *name)
{
	for (int i = 0; i < x->lines; i++)
		for (int j = 0; j < x->line[i]->members; j++)
			if (strcmp(x->line[i]->member[j]->core.config.source, name) == 0)
				return x->line[i]->member[j];
	return NULL;
}

static bool has_name(void *arg, const char *name)
{
	return exchange_find(arg, name) != NULL;
}

static bool has_address(void *arg, const union udp_address *address)
{
	const struct exchange *x = arg;

	for (int i = 0; i < x->lines; i++)
		for (int j = 0; j < x->line[i]->members; j++)
			if (x->line[i]->member[j]->has_address &&
				udp_same_host(&x->line[i]->member[j]->address, address))
				return true;
	return false;
}

static void count_one(struct source *s, void *arg)
{
	(void)s;
	++*(int *)arg;
}

static int room(void *arg)
{
	int count = 0;

	exchange_each(arg, count_one, &count);
	return EXCHANGE_SOURCES_MAX - count;
}

/* The same server twice would count for two in a vote. */
static bool is_twin(const struct exchange *x, const struct config_source *config)
{
	for (int i = 0; i < x->lines; i++)
		if (strcmp(x->line[i]->config.name, config->name) == 0 &&
			x->line[i]->config.port == config->port)
			return true;
	return false;
}

static void add_line(struct exchange *x, const struct config_source *config)
{
	struct line *line = NULL;

	if (is_twin(x, config)) {
		host_event(x->host, EVENT_config_error, config->name, 0,
			"%s stands twice; the later line is left out", config->name);
		return;
	}
	if (room(x) > 0)
		line = line_new(&x->env, x->resolver, &x->owner, config);
	if (!line) {
		host_event(x->host, EVENT_config_error, config->name, 0,
			"%s is left out: no more than %d sources", config->name,
			EXCHANGE_SOURCES_MAX);
		return;
	}
	x->line[x->lines++] = line;
}

/* ---- life ---- */

static int start(void *state, const void *config, struct stage_host *host)
{
	struct exchange *x = state;
	const struct config *c = config;

	x->host = host;
	door_set_precision(host_door(host), ts_dur_from_s(c->precision_s).ns);
	nics_start(&x->nics, host, c);
	x->env = (struct source_env){
		.host = host, .config = c, .nics = &x->nics, .seed = host_seed(host)};
	x->owner = (struct line_owner){has_name, has_address, room, x};
	x->resolver = resolver_new(host_loop(host));
	if (!x->resolver)
		return -ENOMEM;
	if (c->local_orphan)
		log_notice("local orphan: there are no symmetric associations yet; as plain local");
	for (int i = 0; i < c->sources; i++)
		add_line(x, &c->source[i]);
	serve_start(&x->serve, host, c, &x->nics, x->env.seed);
	return 0;
}

static void stop(void *state)
{
	struct exchange *x = state;

	while (x->lines > 0)
		line_destroy(&x->line[--x->lines], true);
	resolver_destroy(&x->resolver);
	serve_stop(&x->serve);
	nics_stop(&x->nics);
}

static bool same_line(const struct config_source *a, const struct config_source *b)
{
	/* The parser zeroes items before it fills them: no stray bytes between the fields. */
	return memcmp(a, b, sizeof *a) == 0;
}

static bool is_wanted(const struct config *c, const struct config_source *line)
{
	for (int i = 0; i < c->sources; i++)
		if (same_line(&c->source[i], line))
			return true;
	return false;
}

static bool is_there(const struct exchange *x, const struct config_source *line)
{
	for (int i = 0; i < x->lines; i++)
		if (same_line(&x->line[i]->config, line))
			return true;
	return false;
}

static bool same_local_end(const struct config *a, const struct config *b)
{
	return a->acquisition_port == b->acquisition_port &&
	       a->bind_acquisitions == b->bind_acquisitions &&
	       memcmp(a->bind_acquisition, b->bind_acquisition, sizeof a->bind_acquisition) == 0 &&
	       (a->nics > 0) == (b->nics > 0);
}

static void close_socket(struct source *s, void *arg)
{
	(void)arg;
	source_close(s);
}

static int reload(void *state, const void *config)
{
	struct exchange *x = state;
	const struct config *c = config;
	int kept = 0;

	if (!same_local_end(x->env.config, c))
		exchange_each(x, close_socket, NULL);
	x->env.config = c;
	door_set_precision(host_door(x->host), ts_dur_from_s(c->precision_s).ns);
	nics_reload(&x->nics, c);
	for (int i = 0; i < x->lines; i++) {
		struct line *line = x->line[i];

		if (is_wanted(c, &line->config))
			x->line[kept++] = line;
		else
			line_destroy(&line, false);
	}
	x->lines = kept;
	for (int i = 0; i < c->sources; i++)
		if (!is_there(x, &c->source[i]))
			add_line(x, &c->source[i]);
	serve_reload(&x->serve, c);
	return 0;
}

/* ---- messages ---- */

static void give_clock(struct source *s, void *arg)
{
	ntp_client_clock(&s->core, arg);
}

static void tell_disruption(struct source *s, void *arg)
{
	(void)arg;
	ntp_client_disruption(&s->core);
}

static void on_clock(struct exchange *x, const struct msg_clock *clock)
{
	const struct source *selected = exchange_find(x, clock->selected);
	uint32_t refid = 0;

	if (selected && selected->has_address) {
		struct ntp_address a = udp_plain_address(&selected->address);

		refid = ntp_refid_of(&a);
	}
	x->clock = (struct ts_line){{clock->raw_ns}, {clock->utc_ns}, clock->rate_ppb};
	x->has_clock = true;
	exchange_each(x, give_clock, &x->clock);
	serve_clock(&x->serve, clock, refid);
}

static void message(void *state, const struct msg *m)
{
	struct exchange *x = state;
	struct source *s;

	if (m->kind == MSG_clock) {
		on_clock(x, &m->u.clock);
	} else if (m->kind == MSG_verdict && strcmp(m->u.verdict.publisher, "ntpexchd") == 0) {
		s = exchange_find(x, m->u.verdict.source);
		if (s)
			ntp_client_verdict(&s->core, &m->u.verdict);
	} else if (m->kind == MSG_event && !m->env.snapshot &&
		   strcmp(m->u.event.code, event_word(EVENT_disruption)) == 0) {
		exchange_each(x, tell_disruption, NULL);
	}
}

/* ---- time ---- */

static struct ts_raw deadline(const void *state)
{
	const struct exchange *x = state;
	struct ts_raw d = ts_raw_min(serve_deadline(&x->serve), nics_deadline(&x->nics));

	for (int i = 0; i < x->lines; i++)
		d = ts_raw_min(d, line_deadline(x->line[i]));
	return d;
}

static void expire(void *state, struct ts_raw now)
{
	struct exchange *x = state;

	for (int i = 0; i < x->lines; i++)
		line_expire(x->line[i], now);
	serve_expire(&x->serve, now);
	nics_expire(&x->nics, now);
}

struct tally {
	int sources, reachable;
};

static void tally_one(struct source *s, void *arg)
{
	struct tally *t = arg;

	t->sources++;
	t->reachable += ntp_client_state(&s->core) == source_state_reachable;
}

static void status(const void *state, char *text, size_t size)
{
	const struct exchange *x = state;
	struct tally t = {0, 0};
	char serving[160] = "not serving";

	exchange_each(x, tally_one, &t);
	if (x->serve.error[0] != '\0') {
		snprintf(serving, sizeof serving, "%s", x->serve.error);
	} else if (serve_active(&x->serve)) {
		struct ts_line line = serve_line(&x->serve);
		struct ts_raw now = door_raw(host_door(x->host));
		struct ntp_served s = serve_served(&x->serve, now, ts_line_at(&line, now));

		if (s.stratum < 16)
			snprintf(serving, sizeof serving, "serving stratum %d", s.stratum);
		else
			snprintf(serving, sizeof serving, "serving unsynchronised");
	}
	snprintf(text, size, "%d source%s, %d reachable; %s", t.sources, t.sources == 1 ? "" : "s",
		t.reachable, serving);
}

static const struct stage_subscription subscriptions[] = {
	{"disciplined", "clock"},
	{"selectd", "verdict."},
	{"selectd", "event.disruption"},
	{NULL, NULL},
};

const struct stage ntpexchd_stage = {
	.name = "ntpexchd",
	.summary = "exchange NTP packets as client and server",
	.directives = config_directives,
	.config_size = sizeof(struct config),
	.subscriptions = subscriptions,
	.publishes = STAGE_PUBLISHES(sample) | STAGE_PUBLISHES(source),
	.controls = exchange_controls,
	.state_size = sizeof(struct exchange),
	.start = start,
	.stop = stop,
	.reload = reload,
	.message = message,
	.deadline = deadline,
	.expire = expire,
	.status = status,
};
