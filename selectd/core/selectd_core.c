/* SPDX-License-Identifier: MIT */
#include "selectd/core/selectd_core.h"
#include "selectd/core/selectd_private.h"
#include "selectd/core/recall.h"
#include "common/core/bytes.h"

#include <math.h>
#include <string.h>

#define FORGET_NS (30 * NS_PER_S) /* name resolution after a restart takes its time */
#define SETTLE_NS (NS_PER_S / 2)  /* both publishers' sources are known by then */
/* A machine that slept has the same crystal, at another temperature: five deviations are the 25 ppm
 * of the cheap ones over all of their range. */
#define RATE_AFTER_SLEEP_SD_PPB 5000.0

void selectd_init(struct selectd *c, const struct selectd_config *config)
{
	c->config = *config;
	c->selected = -1;
	c->sel.selected = -1;
	c->leap.when = TS_RAW_NEVER;
	c->holdover_next = TS_RAW_NEVER;
	c->first_choice = TS_RAW_NEVER;
}

void selectd_configure(struct selectd *c, const struct selectd_config *config)
{
	bool anew = config->estimator != c->config.estimator;

	c->config = *config;
	for (int i = 0; i < c->top; i++) {
		struct source *s = &c->sources[i];
		struct track_config tc = source_track_config(s, config);

		if (!s->used)
			continue;
		if (anew)
			track_init(&s->track, (enum track_kind)config->estimator, &tc);
		else
			track_configure(&s->track, &tc);
	}
	c->due = true;
}

static int find(const struct selectd *c, const char *publisher, const char *name)
{
	for (int i = 0; i < c->top; i++)
		if (c->sources[i].used && !strcmp(c->sources[i].name, name) &&
			!strcmp(c->sources[i].publisher, publisher))
			return i;
	return -1;
}

static int free_slot(const struct selectd *c)
{
	for (int i = 0; i < c->top; i++)
		if (!c->sources[i].used)
			return i;
	return c->top < SOURCES_MAX ? c->top : -1;
}

static int add(struct selectd *c, const struct msg *m, const char *name, enum source_kind kind,
	struct ts_raw now)
{
	int i = free_slot(c);
	struct track_config tc;
	struct source *s;

	if (i < 0) {
		if (!c->told_full)
			out_event(c, EVENT_overload, name, now, 0,
				"%s is not used: there are %d sources already", name, SOURCES_MAX);
		c->told_full = true;
		return -1;
	}
	s = &c->sources[i];
	s->used = true;
	s->added = now;
	s->forget_at = TS_RAW_NEVER;
	s->score = 1;
	s->newest.kind = kind;
	str_copy(s->publisher, sizeof(s->publisher), m->env.sender);
	str_copy(s->name, sizeof(s->name), name);
	tc = source_track_config(s, &c->config);
	track_init(&s->track, (enum track_kind)c->config.estimator, &tc);
	if (i >= c->top)
		c->top = i + 1;
	if (ts_raw_is_never(c->first_choice))
		c->first_choice = ts_raw_add(now, (struct ts_dur){SETTLE_NS});
	return i;
}

static void drop(struct selectd *c, int i)
{
	memset(&c->sources[i], 0, sizeof(c->sources[i]));
	if (c->selected == i)
		c->selected = -1;
	c->told_full = false;
	c->due = true;
}

bool selectd_knows(const struct selectd *c, const char *publisher, const char *source)
{
	int i = find(c, publisher, source);

	return i >= 0 && c->sources[i].has_info;
}

static void on_sample(struct selectd *c, const struct msg *m, struct ts_raw now)
{
	struct msg_sample sample = m->u.sample;
	int i = find(c, m->env.sender, sample.source);

	if (i < 0)
		i = add(c, m, sample.source, sample.kind, now);
	if (i < 0 || !sample_take(c, &c->sources[i], &sample, now)) {
		c->refused++;
		return;
	}
	c->samples++;
	if (m->env.snapshot) {
		c->due = true;
		return;
	}
	sample_follow_jump(c, now);
	judge_run(c, i, now);
}

/* Would the judgement come out otherwise? What changes with every poll does not count. */
static bool matters(const struct msg_source *a, const struct msg_source *b)
{
	return a->state != b->state || a->noselect != b->noselect || a->prefer != b->prefer ||
	       a->trust != b->trust || a->require != b->require || a->auth != b->auth ||
	       strcmp(a->address, b->address) != 0;
}

static bool is_another_server(const struct source *s, const struct msg_source *info)
{
	return s->has_info && info->kind == source_kind_ntp && s->info.address[0] &&
	       info->address[0] && strcmp(s->info.address, info->address) != 0;
}

static void note_sleep(struct selectd *c, int64_t slept_ns, struct ts_raw now)
{
	judge_disruption(c, now, now, RATE_AFTER_SLEEP_SD_PPB);
	out_event(c, EVENT_disruption, NULL, now, slept_ns,
		"the machine slept for %.3f s; what was known of the raw clock is void",
		(double)slept_ns * 1e-9);
}

/* What an earlier selectd has learned, before there is an estimate of our own. */
static void recall(struct selectd *c, struct source *s, struct ts_raw now)
{
	struct track_config tc;
	struct learned l;
	int64_t slept_ns;

	learned_read(&s->info, &l);
	if (c->has_estimate || !recall_take(s, &l, now))
		return;
	slept_ns = c->suspended_told ? ts_sat_sub(c->suspended.ns, l.slept_ns) : 0;
	if (l.disruption > c->disruptions)
		c->disruptions = l.disruption;
	if (l.disrupted_raw_ns > c->disrupted.ns && l.disrupted_raw_ns <= now.ns)
		c->disrupted.ns = l.disrupted_raw_ns;
	if (slept_ns >= SELECTD_SLEEP_NS) {
		s->prior_rate_sd_ppb = hypot(s->prior_rate_sd_ppb, RATE_AFTER_SLEEP_SD_PPB);
		if (c->disrupted.ns < l.raw_ns)
			note_sleep(c, slept_ns, now);
	}
	tc = source_track_config(s, &c->config);
	if (s->newest.raw_ns == 0)
		track_init(&s->track, (enum track_kind)c->config.estimator, &tc);
}

static void on_source(struct selectd *c, const struct msg *m, struct ts_raw now)
{
	const struct msg_source *info = &m->u.source;
	int i = find(c, m->env.sender, info->source);
	struct track_config tc;
	struct source *s;
	bool first;

	if (info->removed) {
		if (i >= 0)
			drop(c, i);
		return;
	}
	if (i < 0)
		i = add(c, m, info->source, info->kind, now);
	if (i < 0)
		return;
	s = &c->sources[i];
	if (!s->has_info || matters(&s->info, info))
		c->due = true;
	if (is_another_server(s, info)) {
		track_reset(&s->track);
		suspect_acquit(s);
		s->awaited = false;
		s->correction = (struct correction){0};
		s->prior_rate_ppb = s->prior_rate_sd_ppb = 0;
		s->recalled = false;
		s->bias = (struct joint_bias){0};
	}
	first = !s->has_info;
	s->info = *info;
	s->has_info = true;
	s->forget_at = TS_RAW_NEVER;
	if (first)
		recall(c, s, now);
	tc = source_track_config(s, &c->config);
	track_configure(&s->track, &tc);
}

static void on_event(struct selectd *c, const struct msg *m, struct ts_raw now)
{
	struct ts_raw raw = {m->u.event.raw_ns};

	if (strcmp(m->u.event.code, "disruption") != 0 || ts_raw_before(now, raw))
		return;
	if (c->disruptions == 0 || ts_raw_before(c->disrupted, raw))
		judge_disruption(c, raw, now, 0);
}

void selectd_on_suspended(struct selectd *c, struct ts_dur suspended, struct ts_raw now)
{
	int64_t slept_ns = ts_sat_sub(suspended.ns, c->suspended.ns);
	bool told = c->suspended_told;

	c->suspended = suspended;
	c->suspended_told = true;
	if (!told || slept_ns < SELECTD_SLEEP_NS)
		return;
	note_sleep(c, slept_ns, now);
}

void selectd_on_message(struct selectd *c, const struct msg *m, struct ts_raw now)
{
	if (m->kind == MSG_sample)
		on_sample(c, m, now);
	else if (m->kind == MSG_source)
		on_source(c, m, now);
	else if (m->kind == MSG_event)
		on_event(c, m, now);
}

void selectd_on_restart(struct selectd *c, const char *publisher, struct ts_raw now)
{
	for (int i = 0; i < c->top; i++)
		if (c->sources[i].used && !strcmp(c->sources[i].publisher, publisher))
			c->sources[i].forget_at = ts_raw_add(now, (struct ts_dur){FORGET_NS});
}

void selectd_reselect(struct selectd *c)
{
	c->selected = -1;
	c->due = true;
}

/* The earlier of best and t, if t was still to come at the last judgement. */
static struct ts_raw sooner(const struct selectd *c, struct ts_raw best, struct ts_raw t)
{
	return ts_raw_before(c->judged, t) ? ts_raw_min(best, t) : best;
}

struct ts_raw selectd_deadline(const struct selectd *c)
{
	struct ts_raw best = TS_RAW_NEVER;

	if (c->due)
		return (struct ts_raw){0};
	for (int i = 0; i < c->top; i++) {
		const struct source *s = &c->sources[i];

		if (!s->used)
			continue;
		best = ts_raw_min(best, s->forget_at);
		if (c->status != sync_synchronised)
			best = ts_raw_min(best,
				quorum_next(&c->quorum, s, c->status == sync_holdover, c->judged));
		if (s->now.has_track)
			best = sooner(c, best,
				ts_raw_add(s->now.track.newest,
					(struct ts_dur){source_stale_after(s).ns + 1}));
	}
	if (c->status == sync_unsynchronised)
		best = sooner(c, best, c->first_choice);
	if (c->status == sync_holdover)
		best = ts_raw_min(best, c->holdover_next);
	return ts_raw_min(best, c->leap.when);
}

void selectd_on_deadline(struct selectd *c, struct ts_raw now)
{
	if (ts_raw_before(now, selectd_deadline(c)))
		return;
	for (int i = 0; i < c->top; i++)
		if (c->sources[i].used && !ts_raw_before(now, c->sources[i].forget_at))
			drop(c, i);
	judge_pass_leap(c, now);
	judge_run(c, -1, now);
}
