/* SPDX-License-Identifier: MIT */
#include "selectd/core/steady.h"

#include <math.h>
#include <string.h>

#include "common/core/bytes.h"
#include "selectd/core/estimate.h"

#define RATE_SD_PPB  1e5 /* any crystal against any other */
#define SHIFT_MAX_NS 4e18
#define STAMP_NS     100.0

static double seconds(struct ts_raw from, struct ts_raw to)
{
	return ts_dur_to_s(ts_raw_sub(to, from));
}

static double shift_at(const struct steady *s, struct ts_raw raw)
{
	double ns = s->shift_ns + s->rate_ppb * seconds(s->raw, raw);

	return fmax(fmin(ns, SHIFT_MAX_NS), -SHIFT_MAX_NS);
}

struct ts_raw steady_from_raw(const struct steady *s, struct ts_raw raw)
{
	if (s->shift_ns == 0 && s->rate_ppb == 0)
		return raw;
	return ts_raw_add(raw, (struct ts_dur){llround(shift_at(s, raw))});
}

struct ts_raw steady_to_raw(const struct steady *s, struct ts_raw steady)
{
	double ns;

	if (ts_raw_is_never(steady) || (s->shift_ns == 0 && s->rate_ppb == 0))
		return steady;
	/* the shift at the instant looked for: rates are small, so that once is enough for 1 ns */
	ns = s->rate_ppb * (seconds(s->raw, steady) - 1e-9 * s->shift_ns) /
	     (1 + 1e-9 * s->rate_ppb);
	ns = fmax(fmin(s->shift_ns + ns, SHIFT_MAX_NS), -SHIFT_MAX_NS);
	return ts_raw_add(steady, (struct ts_dur){-llround(ns)});
}

/* Starts (or starts again) to follow, without a jump. Whatever became of its phase, the local clock
 * has the rate that it had. */
static void anchor(struct steady *s, struct ts_raw raw, const struct track_state *st)
{
	if (!s->has_base)
		s->base_rate_ppb = st->line.rate_ppb - s->rate_ppb;
	s->has_base = true;
	s->shift_ns = s->anchor_shift_ns = shift_at(s, raw);
	s->rate_ppb = st->line.rate_ppb - s->base_rate_ppb;
	s->anchor = s->raw = raw;
	s->anchor_utc = st->line.utc;
	s->running = true;
}

static double shift_by(const struct steady *s, struct ts_raw raw, const struct track_state *st)
{
	int64_t gained_ns = ts_sat_sub(
		ts_utc_sub(st->line.utc, s->anchor_utc).ns, ts_raw_sub(raw, s->anchor).ns);

	return s->anchor_shift_ns + (double)gained_ns - s->base_rate_ppb * seconds(s->anchor, raw);
}

static void follow(struct steady *s, struct ts_raw raw, const struct track_state *st)
{
	double dt = seconds(s->raw, raw), shift_ns = shift_by(s, raw, st);
	double limit_ns = STEADY_SIGMAS * hypot(s->sd_ns, st->offset_sd_ns) + STAMP_NS +
			  STEADY_RATE_CHANGE_PPB * dt;

	if (!s->running || dt > ts_dur_to_s((struct ts_dur){STEADY_GAP_NS}) ||
		!(fabs(shift_ns - shift_at(s, raw)) <= limit_ns)) {
		anchor(s, raw, st);
	} else {
		s->raw = raw;
		s->shift_ns = shift_ns;
		s->rate_ppb = st->line.rate_ppb - s->base_rate_ppb;
	}
	s->sd_ns = st->offset_sd_ns;
	s->rate_sd_ppb = st->rate_sd_ppb;
	s->wander_ppb = st->wander_ppb;
}

/* At the start, and while a jump is not told from an outlier: the map goes on as it was. */
static bool is_doubtful(const struct steady *s, struct ts_raw raw, const struct track_state *st)
{
	if (!s->running || ts_raw_sub(raw, s->raw).ns > STEADY_GAP_NS)
		return st->samples < STEADY_SAMPLES_MIN;
	return st->offset_sd_ns > STEADY_DOUBT * fmax(s->sd_ns, STAMP_NS);
}

/* By its fraction of the second only. */
static bool learn(struct steady *s, const struct msg_sample *m)
{
	struct ts_raw raw = {m->raw_ns};
	struct msg_sample sample = *m;
	struct track_state st;

	if (m->reject != reject_ok)
		return false;
	if (track_at(&s->track, raw, &st) == 0) {
		int64_t off_ns = ts_sat_sub(m->utc_ns, st.line.utc.ns) % NS_PER_S;

		if (off_ns > NS_PER_S / 2)
			off_ns -= NS_PER_S;
		else if (off_ns < -NS_PER_S / 2)
			off_ns += NS_PER_S;
		sample.utc_ns = ts_sat_add(st.line.utc.ns, off_ns);
	}
	if (track_sample(&s->track, &sample) < 0 || track_at(&s->track, raw, &st) < 0)
		return false;
	if (is_doubtful(s, raw, &st))
		return false;
	follow(s, raw, &st);
	return true;
}

static bool is_local(const struct steady *s, const char *sender, const char *name)
{
	return s->has_local && !strcmp(s->publisher, sender) && !strcmp(s->name, name);
}

/* The first of several is it. */
static void take_source(struct steady *s, const struct msg *m)
{
	const struct msg_source *info = &m->u.source;
	struct track_config config = {.kind = info->kind, .rate_sd_ppb = RATE_SD_PPB};
	bool wanted = info->local && !info->removed;

	if (s->has_local && is_local(s, m->env.sender, info->source) && !wanted) {
		s->has_local = false;
		s->running = false;
	} else if (!s->has_local && wanted) {
		s->has_local = true;
		s->has_base = false;
		str_copy(s->publisher, sizeof(s->publisher), m->env.sender);
		str_copy(s->name, sizeof(s->name), info->source);
		track_init(&s->track, TRACK_BANK, &config);
	}
}

static void move(const struct steady *s, int64_t *raw_ns)
{
	int64_t ns;

	if (*raw_ns <= 0)
		return; /* not told */
	ns = steady_from_raw(s, (struct ts_raw){*raw_ns}).ns;
	*raw_ns = ns > 0 ? ns : 0;
}

static void move_back(const struct steady *s, int64_t *raw_ns)
{
	int64_t ns;

	if (*raw_ns <= 0)
		return;
	ns = steady_to_raw(s, (struct ts_raw){*raw_ns}).ns;
	*raw_ns = ns > 0 ? ns : 0;
}

/* After a disruption nobody's history counts. */
static void take_event(struct steady *s, const struct msg *m)
{
	if (!s->has_local || strcmp(m->u.event.code, "disruption") != 0)
		return;
	track_reset(&s->track);
	s->running = false;
}

bool steady_in(struct steady *s, const struct msg *m, struct msg *ret)
{
	bool changed = false;

	*ret = *m;
	if (m->kind == MSG_source) {
		take_source(s, m);
		ret->u.source.noselect |= m->u.source.local;
		move(s, &ret->u.source.last_raw_ns);
		move(s, &ret->u.source.host_raw_ns);
		move(s, &ret->u.source.learned_raw_ns);
		move(s, &ret->u.source.learned_disrupted_raw_ns);
	} else if (m->kind == MSG_sample) {
		if (is_local(s, m->env.sender, m->u.sample.source))
			changed = learn(s, &m->u.sample);
		move(s, &ret->u.sample.raw_ns);
		move(s, &ret->u.sample.t1_raw_ns);
		move(s, &ret->u.sample.t4_raw_ns);
	} else if (m->kind == MSG_event) {
		take_event(s, m);
		move(s, &ret->u.event.raw_ns);
	}
	return changed;
}

static int64_t grown(int64_t ns, double by_ns)
{
	int64_t sum = ts_sat_add(ns, (int64_t)ceil(fmin(by_ns, 1e18)));

	return sum < INT64_C(4000000000000000000) ? sum : INT64_C(4000000000000000000);
}

static void estimate_out(const struct steady *s, struct msg_estimate *e)
{
	move_back(s, &e->raw_ns);
	move_back(s, &e->sample_raw_ns);
	e->rate_ppb += s->rate_ppb * (1 + 1e-9 * e->rate_ppb);
	if (!s->running)
		return;
	e->offset_sd_ns = hypot(e->offset_sd_ns, s->sd_ns);
	e->rate_sd_ppb = fmin(hypot(e->rate_sd_ppb, s->rate_sd_ppb), 1e9);
	e->wander_ppb = fmin(hypot(e->wander_ppb, s->wander_ppb), 1e9);
	e->bound_ns = grown(e->bound_ns, STEADY_SIGMAS * s->sd_ns);
	e->bound_statistical_ns = grown(e->bound_statistical_ns, STEADY_SIGMAS * s->sd_ns);
	e->root_dispersion_ns = grown(e->root_dispersion_ns, STEADY_SIGMAS * s->sd_ns);
}

void steady_out(struct steady *s, struct msg *m)
{
	if (m->kind == MSG_estimate) {
		s->estimate = m->u.estimate;
		s->has_estimate = m->u.estimate.status != sync_unsynchronised;
		estimate_out(s, &m->u.estimate);
		s->renewed.ns = m->u.estimate.raw_ns;
	} else if (m->kind == MSG_verdict) {
		move_back(s, &m->u.verdict.raw_ns);
		move_back(s, &m->u.verdict.last_sample_raw_ns);
		move_back(s, &m->u.verdict.learned_disrupted_raw_ns);
		/* who takes it up does not know yet how the raw clock is steadied */
		if (s->running)
			m->u.verdict.learned_rate_sd_ppb = 0;
	} else if (m->kind == MSG_event) {
		move_back(s, &m->u.event.raw_ns);
	}
}

bool steady_renew(struct steady *s, double maxclockerror_ppm, struct msg *ret)
{
	struct msg m = {.kind = MSG_estimate};

	if (!s->running || !s->has_estimate || ts_raw_sub(s->raw, s->renewed).ns < STEADY_RENEW_NS)
		return false;
	m.u.estimate = s->estimate;
	estimate_extend(&m.u.estimate, steady_from_raw(s, s->raw), maxclockerror_ppm,
		ts_dur_to_s((struct ts_dur){STEADY_GAP_NS}));
	m.u.estimate.status = s->estimate.status;
	estimate_out(s, &m.u.estimate);
	s->renewed = s->raw;
	*ret = m;
	return true;
}
