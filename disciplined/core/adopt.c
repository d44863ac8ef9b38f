/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "disciplined/core/discipline_private.h"
#include "disciplined/core/pace.h"

/* Random walk of the rate where the estimate tells none: a common oscillator at its worst. */
#define WANDER_PPB 10.0
/* Two values that differ by more of their joint standard deviation are not of one thing. */
#define DISAGREE_SD 3.0

double target_offset_sd_ns(const struct discipline_target *t, double rate_sd_ppb, struct ts_raw raw)
{
	struct pace_line line = {.offset_sd_ns = t->offset_sd_ns, .rate_sd_ppb = rate_sd_ppb};

	line.wander_ppb = t->est.wander_ppb > 0 ? t->est.wander_ppb : WANDER_PPB;
	return sqrt(pace_phase_var_ns2(&line, ts_dur_to_s(ts_raw_sub(raw, t->line.raw))));
}

static double grown_rate_sd_ppb(const struct discipline *d, const struct msg_estimate *e)
{
	double dt_s = 0;

	if (d->target.valid)
		dt_s = fmax(0, (double)ts_sat_sub(e->raw_ns, d->target.line.raw.ns) * 1e-9);
	return sqrt(d->rate_sd_ppb * d->rate_sd_ppb + WANDER_PPB * WANDER_PPB * dt_s);
}

static bool agrees(double apart, double sd1, double sd2)
{
	return fabs(apart) <= DISAGREE_SD * hypot(sd1, sd2);
}

/* Ours is known better than the newcomer's, and the newcomer does not contradict it. */
static bool keep_rate(const struct discipline *d, const struct msg_estimate *e)
{
	double own_sd_ppb = grown_rate_sd_ppb(d, e);

	return own_sd_ppb < e->rate_sd_ppb &&
	       agrees(e->rate_ppb - d->model.base_ppb, own_sd_ppb, e->rate_sd_ppb);
}

static bool keep_phase(const struct discipline *d, const struct msg_estimate *e)
{
	const struct discipline_target *t = &d->target;
	struct ts_raw raw = {e->raw_ns};
	double own_sd_ns, apart_ns;

	if (!t->valid || t->offset_sd_ns <= 0 || e->disruption != t->est.disruption)
		return false;
	own_sd_ns = target_offset_sd_ns(t, d->rate_sd_ppb, raw);
	apart_ns = (double)ts_sat_sub(e->utc_ns, ts_line_at(&t->line, raw).ns);
	return own_sd_ns < e->offset_sd_ns && agrees(apart_ns, own_sd_ns, e->offset_sd_ns);
}

/* The line of the estimate, at its own rate or at ours. */
static void follow_line(struct discipline *d, const struct msg_estimate *e, bool own_rate)
{
	struct discipline_target *t = &d->target;
	double rate_ppb = own_rate ? d->model.base_ppb : e->rate_ppb;

	t->line = (struct ts_line){{e->raw_ns}, {e->utc_ns}, rate_ppb};
	t->bound_ns = e->bound_ns;
	t->offset_sd_ns = e->offset_sd_ns;
	/* the estimate's growth is about its own rate */
	t->drift_ppb = e->bound_drift_ppb + fabs(rate_ppb - e->rate_ppb);
	if (!own_rate)
		d->rate_sd_ppb = e->rate_sd_ppb;
}

/* Our line goes on; only its rate may be the newcomer's. */
static void carry_line(struct discipline *d, const struct msg_estimate *e, bool own_rate)
{
	struct discipline_target *t = &d->target;
	struct ts_raw raw = {e->raw_ns};
	double age_s = fmax(0, ts_dur_to_s(ts_raw_sub(raw, t->line.raw)));
	double bound_ns = (double)t->bound_ns + age_s * t->drift_ppb;

	t->offset_sd_ns = target_offset_sd_ns(t, d->rate_sd_ppb, raw);
	d->rate_sd_ppb = own_rate ? grown_rate_sd_ppb(d, e) : e->rate_sd_ppb;
	t->bound_ns = bound_ns < BOUND_MAX_NS ? (int64_t)bound_ns : BOUND_UNKNOWN_NS;
	t->line.utc = ts_line_at(&t->line, raw);
	t->line.raw = raw;
	if (!own_rate) {
		t->line.rate_ppb = e->rate_ppb;
		t->drift_ppb = e->bound_drift_ppb;
	}
}

/* How far the last estimate expected to be off by now: what the next may move by, and still be
 * noise and wander as usual. */
static double foretold_sd_ns(const struct discipline_target *t, const struct msg_estimate *next)
{
	const struct msg_estimate *e = &t->est;
	struct pace_line line = {e->offset_sd_ns, e->rate_sd_ppb, e->wander_ppb, 0};
	double dt_s = fmax(1e-9 * (double)ts_sat_sub(next->raw_ns, e->raw_ns), 0);

	if (!t->valid || t->restored)
		return 0;
	return fmin(sqrt(pace_phase_var_ns2(&line, dt_s)), BOUND_MAX_NS);
}

void target_adopt(struct discipline *d, const struct msg *m)
{
	const struct msg_estimate *e = &m->u.estimate;
	bool newcomer = !d->following || m->env.boot != d->follow_boot;
	bool too_wide = e->rate_sd_ppb > d->policy.maxupdateskew_ppm * 1e3;
	bool own_rate = too_wide || (newcomer && keep_rate(d, e));
	bool own_phase = newcomer && keep_phase(d, e);

	d->target.foretold_sd_ns = foretold_sd_ns(&d->target, e);
	if (own_phase)
		carry_line(d, e, own_rate);
	else
		follow_line(d, e, own_rate);
	if (!own_rate && !own_phase) {
		d->following = true;
		d->follow_boot = m->env.boot;
	}
	d->target.est = *e;
	d->target.seq = (int64_t)m->env.seq;
	d->target.valid = true;
	d->target.restored = false;
}

/* Growth of the line's own bound. */
static double line_drift_ppb(const struct discipline *d)
{
	/* without samples nothing supports the estimate's own figure any more */
	if (d->status == sync_synchronised)
		return d->target.drift_ppb;
	return fmax(d->target.drift_ppb, d->policy.maxclockerror_ppm * 1e3);
}

int64_t target_bound_ns(const struct discipline *d, struct ts_raw raw)
{
	const struct discipline_target *t = &d->target;
	double age_s = fmax(0, ts_dur_to_s(ts_raw_sub(raw, t->line.raw)));
	double bound_ns = (double)t->bound_ns + age_s * line_drift_ppb(d);

	return bound_ns < BOUND_MAX_NS ? (int64_t)bound_ns : BOUND_UNKNOWN_NS;
}

double target_drift_ppb(const struct discipline *d)
{
	double apart_ppb = fabs(d->model.base_ppb - d->target.line.rate_ppb);

	return line_drift_ppb(d) + apart_ppb + 3 * sqrt(d->learn.variance_ppb2);
}
