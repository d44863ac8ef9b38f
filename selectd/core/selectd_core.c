/* SPDX-License-Identifier: MIT */
#include "selectd/core/selectd_core.h"
#include "selectd/core/selectd_private.h"
#include "selectd/core/estimate.h"
#include "selectd/core/jump.h"
#include "selectd/core/recall.h"
#include "common/core/bytes.h"

#include <math.h>
#include <string.h>

#define FUTURE_MAX_NS	  NS_PER_S	    /* a stamp later than that is not of this clock */
#define FORGET_NS	  (30 * NS_PER_S)   /* name resolution after a restart takes its time */
#define SETTLE_NS	  (NS_PER_S / 2)    /* both publishers' sources are known by then */
#define PULSE_BOUND_NS	  (400 * NS_PER_MS) /* beyond, the second of a pulse is a guess */
#define LEAP_TOLERANCE_NS (NS_PER_S / 4)
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

/* A pulse marks a second, the estimate says which. */
static bool number_pulse(const struct selectd *c, struct msg_sample *sample)
{
	struct ts_raw raw = {sample->raw_ns};
	struct ts_line line = estimate_line(&c->estimate);
	int64_t fraction, off;

	if (!sample->pulse)
		return true;
	if (c->status == sync_unsynchronised ||
		estimate_bound_at(&c->estimate, raw) >= PULSE_BOUND_NS)
		return false;
	off = ts_sat_sub(sample->utc_ns, ts_line_at(&line, raw).ns);
	fraction = off % NS_PER_S;
	if (fraction > NS_PER_S / 2)
		fraction -= NS_PER_S;
	else if (fraction < -NS_PER_S / 2)
		fraction += NS_PER_S;
	sample->utc_ns = ts_sat_add(ts_line_at(&line, raw).ns, fraction);
	sample->pulse = false;
	return sample->utc_ns >= 0;
}

/*
 * History that comes again after a restart may span a leap second that nobody agreed on with us:
 * the source announced it, the month ended, and its time is off by just that second.
 */
static void follow_leap_of_source(struct source *s, const struct msg_sample *sample)
{
	struct ts_dur shift = leap_shift(s->newest.leap);
	struct ts_utc end = leap_month_end((struct ts_utc){s->newest.utc_ns});
	struct track_state st;
	int64_t off;

	if (shift.ns == 0 || track_at(&s->track, (struct ts_raw){sample->raw_ns}, &st) < 0 ||
		ts_utc_sub(end, st.line.utc).ns > NS_PER_S)
		return;
	off = ts_sat_sub(ts_sat_sub(sample->utc_ns, st.line.utc.ns), shift.ns);
	if (off > -LEAP_TOLERANCE_NS && off < LEAP_TOLERANCE_NS)
		track_shift(&s->track, shift);
}

/* Has the clock been set, or is that only said? What an exchange can hide cannot be told. */
static bool shows(const struct source *s, const struct msg_sample *sample, struct ts_dur by)
{
	struct track_state st;
	double off, hidden = (double)sample->delay_ns / 2 + (double)sample->dispersion_ns;

	if (track_at(&s->track, (struct ts_raw){sample->raw_ns}, &st) < 0)
		return false;
	off = (double)ts_sat_sub(sample->utc_ns, st.line.utc.ns);
	return fabs((double)by.ns) <= hidden || fabs(off - (double)by.ns) <= fabs(off);
}

static void follow_correction(struct source *s, const struct msg_sample *sample)
{
	struct ts_dur by = correction_look(&s->correction, sample);

	if (by.ns == 0 || !shows(s, sample, by))
		return;
	track_correct(&s->track, by);
	joint_correct(&s->bias, by);
}

static bool takes(struct selectd *c, struct source *s, struct msg_sample *sample, struct ts_raw now)
{
	struct ts_raw raw = {sample->raw_ns};

	if (sample->reject != reject_ok ||
		ts_raw_before(ts_raw_add(now, (struct ts_dur){FUTURE_MAX_NS}), raw))
		return false;
	if (c->disruptions > 0 && !ts_raw_before(c->disrupted, raw))
		return false;
	judge_pass_leap(c, raw);
	if (leap_is_near(&c->leap, raw))
		return false;
	s->unnumbered = !number_pulse(c, sample);
	if (s->unnumbered)
		return false;
	follow_leap_of_source(s, sample);
	follow_correction(s, sample);
	jump_look(s, sample);
	return track_sample(&s->track, sample) == 0;
}

/* Samples since the jump are of the clock as it is now. */
static void take_again(struct selectd *c, struct ts_raw since)
{
	for (int i = 0; i < c->top; i++) {
		struct source *s = &c->sources[i];
		struct source_jump jump = s->jump;

		s->jump = (struct source_jump){.seen = false};
		if (!s->used || !jump.seen || ts_raw_before(jump.heard, since))
			continue;
		s->newest.raw_ns = jump.heard.ns;
		track_sample(&s->track, &s->newest);
	}
}

static void follow_jump_of_clock(struct selectd *c, struct ts_raw now)
{
	struct jump j;
	double s;

	if (!jump_of_all(c->sources, c->top, &j))
		return;
	s = 0.5e-9 * ((double)j.low_ns + (double)j.high_ns);
	judge_disruption(c, (struct ts_raw){j.since.ns - 1}, now, 0);
	take_again(c, j.since);
	out_event(c, EVENT_disruption, NULL, now, j.low_ns / 2 + j.high_ns / 2,
		"%d sources jumped by %+.6f s at once: it was the raw clock, whose history is void",
		j.sources, s);
}

static void on_sample(struct selectd *c, const struct msg *m, struct ts_raw now)
{
	struct msg_sample sample = m->u.sample;
	int i = find(c, m->env.sender, sample.source);

	if (i < 0)
		i = add(c, m, sample.source, sample.kind, now);
	if (i < 0 || !takes(c, &c->sources[i], &sample, now)) {
		c->refused++;
		return;
	}
	c->samples++;
	c->sources[i].newest = sample;
	c->sources[i].tells_leap |=
		sample.kind == source_kind_ntp || leap_shift(sample.leap).ns != 0;
	if (!m->env.snapshot)
		follow_jump_of_clock(c, now);
	if (m->env.snapshot)
		c->due = true;
	else
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

/* What an earlier selectd has learned, before there is an estimate of our own. */
static void recall(struct selectd *c, struct source *s, struct ts_raw now)
{
	struct track_config tc;
	struct learned l;

	learned_read(&s->info, &l);
	if (c->has_estimate || !recall_take(s, &l, now))
		return;
	if (l.disruption > c->disruptions)
		c->disruptions = l.disruption;
	if (l.disrupted_raw_ns > c->disrupted.ns && l.disrupted_raw_ns <= now.ns)
		c->disrupted.ns = l.disrupted_raw_ns;
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
	judge_disruption(c, now, now, RATE_AFTER_SLEEP_SD_PPB);
	out_event(c, EVENT_disruption, NULL, now, slept_ns,
		"the machine slept for %.3f s; what was known of the raw clock is void",
		(double)slept_ns * 1e-9);
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
		if (c->status == sync_unsynchronised && s->has_info)
			best = sooner(c, best, source_wait_until(s));
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
