/* SPDX-License-Identifier: MIT */
#include "selectd/selectd.h"

#include <string.h>

#include "selectd/core/selectd_core.h"
#include "selectd/core/steady.h"
#include "selectd/stash.h"

struct selectd_state {
	struct stage_host *host;
	struct steady steady; /* between the bus and the core */
	struct selectd core;
	struct stash stash;
};

static void publish(struct selectd_state *s, struct msg *m)
{
	steady_out(&s->steady, m);
	host_publish(s->host, m);
}

static void drain(struct selectd_state *s)
{
	struct selectd_out out;

	while (selectd_next_out(&s->core, &out)) {
		const struct msg_event *e = &out.m.u.event;

		if (out.m.kind == MSG_event)
			host_event(s->host, out.code, e->source[0] ? e->source : NULL, e->value_ns,
				"%s", e->text);
		else
			publish(s, &out.m);
	}
}

static struct ts_raw now_of(const struct selectd_state *s)
{
	return steady_from_raw(&s->steady, loop_now(host_loop(s->host)));
}

static void look_for_sleep(struct selectd_state *s)
{
	selectd_on_suspended(&s->core, door_suspended(host_door(s->host)), now_of(s));
}

static int start(void *state, const void *config, struct stage_host *host)
{
	struct selectd_state *s = state;

	s->host = host;
	selectd_init(&s->core, config);
	return 0;
}

static void stop(void *state)
{
	stash_free(&((struct selectd_state *)state)->stash);
}

static int reload(void *state, const void *config)
{
	struct selectd_state *s = state;

	selectd_configure(&s->core, config);
	return 0;
}

static void take(struct selectd_state *s, const struct msg *m)
{
	struct msg steadied, renewed;
	bool changed = steady_in(&s->steady, m, &steadied);

	look_for_sleep(s);
	selectd_on_message(&s->core, &steadied, now_of(s));
	drain(s);
	if (changed && steady_renew(&s->steady, s->core.config.maxclockerror_ppm, &renewed))
		host_publish(s->host, &renewed);
}

static void message(void *state, const struct msg *m)
{
	struct selectd_state *s = state;
	struct msg again;

	if (m->kind == MSG_sample && m->env.snapshot &&
		!selectd_knows(&s->core, m->env.sender, m->u.sample.source) &&
		stash_put(&s->stash, m, loop_now(host_loop(s->host))))
		return;
	take(s, m);
	if (m->kind != MSG_source)
		return;
	while (stash_next(&s->stash, m->env.sender, m->u.source.source, &again))
		take(s, &again);
}

static void gap(void *state, const char *publisher, uint64_t lost)
{
	struct selectd_state *s = state;

	if (lost == 0)
		selectd_on_restart(&s->core, publisher, now_of(s));
}

static struct ts_raw deadline(const void *state)
{
	const struct selectd_state *s = state;

	struct ts_raw t = steady_to_raw(&s->steady, selectd_deadline(&s->core));

	return s->stash.count > 0 ? ts_raw_min(t, s->stash.until) : t;
}

static void expire(void *state, struct ts_raw now)
{
	struct selectd_state *s = state;
	struct msg again;

	if (s->stash.count > 0 && !ts_raw_before(now, s->stash.until))
		while (stash_next(&s->stash, NULL, NULL, &again))
			take(s, &again);
	look_for_sleep(s);
	selectd_on_deadline(&s->core, steady_from_raw(&s->steady, now));
	drain(s);
}

static void status(const void *state, char *text, size_t text_size)
{
	selectd_print_status(&((const struct selectd_state *)state)->core, text, text_size);
}

static int run_reselect(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	struct selectd_state *s = state;

	(void)argc;
	(void)argv;
	selectd_reselect(&s->core);
	selectd_on_deadline(&s->core, now_of(s));
	selectd_print_status(&s->core, reply, reply_size);
	drain(s);
	return 0;
}

static int run_selectdata(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	(void)argc;
	(void)argv;
	selectd_print_selection(&((struct selectd_state *)state)->core, reply, reply_size);
	return 0;
}

static int run_tracks(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	(void)argc;
	(void)argv;
	selectd_print_tracks(&((struct selectd_state *)state)->core, reply, reply_size);
	return 0;
}

static const struct stage_subscription subscriptions[] = {
	{"ntpexchd", "sample."},
	{"ntpexchd", "source."},
	{"ntpexchd", "event."},
	{"refclockd", "sample."},
	{"refclockd", "source."},
	{"refclockd", "event."},
	{NULL, NULL},
};

static const struct stage_control controls[] = {
	{"reselect", "reselect", "choose anew, without regard to the source selected so far",
		run_reselect},
	{"selectdata", "selectdata", "what was judged of each source", run_selectdata},
	{"tracks", "tracks", "the state of each source's estimator", run_tracks},
	{NULL, NULL, NULL, NULL},
};

const struct stage selectd_stage = {
	.name = "selectd",
	.summary = "judge time sources, estimate UTC and bound its error",
	.directives = selectd_directives,
	.config_size = sizeof(struct selectd_config),
	.subscriptions = subscriptions,
	.publishes = STAGE_PUBLISHES(verdict) | STAGE_PUBLISHES(estimate),
	.controls = controls,
	.state_size = sizeof(struct selectd_state),
	.start = start,
	.stop = stop,
	.reload = reload,
	.message = message,
	.gap = gap,
	.deadline = deadline,
	.expire = expire,
	.status = status,
};
