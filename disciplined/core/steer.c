/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include "disciplined/core/discipline_private.h"
#include "disciplined/core/pace.h"

/* Less than a second costs wakeups and gains nothing. */
/* An error that is no noise is to go; so short a slew still ends well by a timer that is late. */
#define T_FAST_S 0.25
#define T_MIN_S	 1.0
/* A new share counts for a quarter: the deviations it rests on vary from sample to sample. */
#define PACE_GAIN 0.25
/* Beyond so many standard deviations, of this estimate or foretold by the last, an error is neither
 * noise nor wander as usual, and waiting smooths nothing. */
#define NOISE_SD 4.0
/* To take this share of an interval over it, or less the larger it is, is smooth enough. */
#define SHARE_ODD 0.25
/* An error adds to the noise in quadrature: a 64th of it makes 0.01 %, a 16th 0.2 %. */
#define MATTERS_SHARE	  (1.0 / 64)
#define MATTERS_END_SHARE (1.0 / 16)
/* Two slew ends are not worth a wakeup for less. */
#define MATTERS_END_NS 20.0
/* Slews end before the clock is left alone for a leap second. */
#define LEAP_CLEAR_NS (700 * NS_PER_MS)

static double clamp(double v, double limit)
{
	return fmax(-limit, fmin(limit, v));
}

static double error_sd_ns(const struct discipline *d)
{
	return fmax(d->target.offset_sd_ns, (double)d->model.width.ns);
}

static void order_rate(struct discipline *d, struct discipline_out *out, double rate_ppb,
	double base_ppb, struct ts_raw until)
{
	double residual_ppb = d->learn.residual_ppb;

	out->act.rate = true;
	out->act.command_ppb = clamp(rate_ppb - residual_ppb, RATE_MAX_PPB);
	out->act.base_ppb = clamp(base_ppb - residual_ppb, RATE_MAX_PPB);
	out->act.until = until;
}

/* The rate without a slew: the line's, or what it was where there is no line to follow. */
static double wanted_base_ppb(const struct discipline *d)
{
	bool follows = d->target.valid && !d->target.restored;

	if (d->policy.loop != LOOP_LINE)
		return loop_rate_ppb(d);
	return follows ? d->target.line.rate_ppb : d->model.base_ppb;
}

void steer_base(struct discipline *d, struct discipline_out *out)
{
	double base_ppb = wanted_base_ppb(d);

	order_rate(d, out, base_ppb, base_ppb, TS_RAW_NEVER);
}

/* When a slew must be over for a leap second; TS_RAW_NEVER: none is due. */
static struct ts_raw leap_clear(const struct discipline *d)
{
	if (d->leap.phase != LEAP_ARMED)
		return TS_RAW_NEVER;
	return ts_raw_add(d->leap_raw, (struct ts_dur){-LEAP_CLEAR_NS});
}

void steer_slew(struct discipline *d, double slew_ppb, double t_s, struct discipline_out *out)
{
	double base_ppb = wanted_base_ppb(d);
	struct ts_raw until = ts_raw_add(d->model.raw, ts_dur_from_s(t_s));

	if (!ts_raw_before(d->model.raw, leap_clear(d))) {
		steer_base(d, out); /* after it there is another turn */
		return;
	}
	slew_ppb = clamp(base_ppb + slew_ppb, RATE_MAX_PPB) - base_ppb;
	order_rate(d, out, base_ppb + slew_ppb, base_ppb, ts_raw_min(until, leap_clear(d)));
}

void steer_pace(struct discipline *d)
{
	struct pace_line line = {d->target.offset_sd_ns, d->target.est.rate_sd_ppb,
		d->target.est.wander_ppb, d->interval_s};
	double share;

	if (!(d->interval_s > 0))
		return;
	share = pace_share(&line);
	/* shares are ratios: their logarithms are what can be averaged */
	d->pace_share =
		d->pace_share > 0 ? d->pace_share * pow(share / d->pace_share, PACE_GAIN) : share;
}

/* Time for a slew, and how much of it before the rest is looked at again: all of it if it is the
 * rest, or no noise. */
static double slew_time_s(const struct discipline *d, double e_ns, bool rest, double *ret_until_s)
{
	double noise_ns = NOISE_SD * fmax(error_sd_ns(d), d->target.foretold_sd_ns);
	double t_s = fmax(T_MIN_S, d->pace_share * d->interval_s);

	*ret_until_s = rest ? t_s : PACE_FIRST * t_s;
	if (fabs(e_ns) > noise_ns) {
		double odd_s = fmax(T_MIN_S, SHARE_ODD * d->interval_s) * noise_ns / fabs(e_ns);

		*ret_until_s = t_s = fmin(t_s, fmax(T_FAST_S, odd_s));
	}
	return t_s;
}

static void order_slew(struct discipline *d, double e_ns, bool rest, struct discipline_out *out)
{
	double limit_ppb = d->policy.maxslewrate_ppm * 1e3;
	double until_s, t_s = slew_time_s(d, e_ns, rest, &until_s), slew_ppb;

	slew_ppb = e_ns / t_s;
	if (fabs(slew_ppb) > limit_ppb) {
		slew_ppb = clamp(slew_ppb, limit_ppb);
		until_s = e_ns / slew_ppb;
	}
	steer_slew(d, slew_ppb, until_s, out);
}

/* Nothing to gain from writing what is as good as in force. */
static bool matters(const struct discipline *d, double e_ns)
{
	double enough_ns = fmax(1, MATTERS_SHARE * d->target.offset_sd_ns);
	double apart_ppb = fabs(wanted_base_ppb(d) - d->model.rate_ppb);

	return d->force_rate || clk_model_slewing(&d->model) || fabs(e_ns) > enough_ns ||
	       apart_ppb * fmax(d->interval_s, T_MIN_S) > enough_ns;
}

static bool step_allowed(const struct discipline *d, double e_s)
{
	const struct discipline_policy *p = &d->policy;
	bool counted = p->makestep_limit < 0 || d->updates <= p->makestep_limit;
	/* what slewing removes within a second needs no step, even after a disruption */
	double least_s = p->maxslewrate_ppm * 1e-6;

	if (p->makestep_s > 0 && counted && fabs(e_s) > p->makestep_s)
		return true;
	if (d->disruption_steps_left <= 0 || fabs(e_s) > p->maxdisruptionstep_s)
		return false;
	if (p->makestep_s > 0 && p->makestep_s < least_s)
		least_s = p->makestep_s;
	return fabs(e_s) > least_s;
}

static bool maxchange_forbids(struct discipline *d, double e_s, struct discipline_out *out)
{
	const struct discipline_policy *p = &d->policy;

	if (p->maxchange_s <= 0 || d->updates <= p->maxchange_start || d->disruption_steps_left > 0)
		return false;
	if (fabs(e_s) <= p->maxchange_s)
		return false;
	d->changes_ignored++;
	if (p->maxchange_ignore >= 0 && d->changes_ignored > p->maxchange_ignore)
		d->gave_up = true;
	note(out, EVENT_maxchange, (int64_t)clamp(e_s * 1e9, 4e18),
		"an offset of %+.6f s is above maxchange: %s", e_s,
		d->gave_up ? "the clock is left alone until makestep or a reload" : "ignored");
	if (clk_model_slewing(&d->model))
		steer_base(d, out);
	return true;
}

static void tell_slew(struct discipline *d, double e_s, struct discipline_out *out)
{
	const struct discipline_policy *p = &d->policy;
	bool refused = p->makestep_s > 0 && fabs(e_s) > p->makestep_s;
	double seconds = fabs(e_s) / (p->maxslewrate_ppm * 1e-6);

	if (fabs(e_s) < p->logchange_s / 2)
		d->slew_told = false;
	if (d->slew_told || (!refused && fabs(e_s) < p->logchange_s))
		return;
	d->slew_told = true;
	if (refused)
		note(out, EVENT_step_refused, (int64_t)clamp(e_s * 1e9, 4e18),
			"an offset of %+.6f s may not be stepped any more (makestep): slewing for "
			"%.0f s",
			e_s, seconds);
	else
		note(out, EVENT_slew, (int64_t)clamp(e_s * 1e9, 4e18),
			"an offset of %+.6f s is slewed away in %.0f s", e_s, seconds);
}

static void follow(struct discipline *d, bool rest, struct discipline_out *out)
{
	int64_t e_ns = discipline_offset_ns(d);
	double e_s = (double)e_ns * 1e-9;

	if (!d->target.valid || d->target.restored || d->gave_up || out->act.step)
		return;
	if (maxchange_forbids(d, e_s, out))
		return;
	d->again = false;
	if (step_allowed(d, e_s)) {
		out->act.step = true;
		out->act.step_ns = e_ns;
		d->disruption_steps_left = 0;
		steer_base(d, out);
		steer_status(d, out);
		return;
	}
	/* too far for a step is so for good: slewing must not bring it into reach */
	if (fabs(e_s) > d->policy.maxdisruptionstep_s)
		d->disruption_steps_left = 0;
	tell_slew(d, e_s, out);
	if (d->policy.loop != LOOP_LINE)
		loop_steer(d, out);
	else if (matters(d, (double)e_ns))
		order_slew(d, (double)e_ns, rest, out);
}

void steer(struct discipline *d, struct discipline_out *out)
{
	follow(d, false, out);
}

/* What the end of a slew may leave. */
static double enough_ns(const struct discipline *d)
{
	double enough = fmax(MATTERS_END_SHARE * d->target.offset_sd_ns, MATTERS_END_NS);

	return fmax(enough, 2 * (double)d->model.width.ns);
}

/* There is something to follow, and the clock is not there. */
static bool left_behind(const struct discipline *d)
{
	return d->target.valid && !d->target.restored && !d->gave_up &&
	       fabs((double)discipline_offset_ns(d)) > enough_ns(d);
}

void steer_slew_end(struct discipline *d, struct discipline_out *out)
{
	out->publish = true;
	if (d->policy.loop != LOOP_LINE)
		loop_second(d, out);
	else if (left_behind(d))
		follow(d, true, out);
	else if (!d->policy.exact)
		steer_base(d, out);
	if (out->act.rate)
		steer_status(d, out);
}

bool steer_may_be_late(const struct discipline *d, double change_ppb)
{
	return !d->policy.exact && d->policy.loop == LOOP_LINE &&
	       fabs(change_ppb) * CLK_LATE_S > enough_ns(d);
}

void steer_settle(struct discipline *d, struct discipline_out *out)
{
	if (left_behind(d))
		follow(d, true, out);
}

void steer_status(struct discipline *d, struct discipline_out *out)
{
	struct discipline_status *s = &out->act.told;
	int64_t e_ns = llabs_ns(discipline_offset_ns(d));
	bool clock_leaps = d->policy.leap_mode == LEAP_MODE_SYSTEM && d->leap.phase == LEAP_ARMED;

	if (leap_blackout(d, d->seen))
		return;
	memset(s, 0, sizeof(*s));
	s->sync = d->status;
	s->leap = clock_leaps ? d->leap.kind : leap_none;
	s->leap_effect = d->leap.effect;
	s->maxerror_ns = BOUND_UNKNOWN_NS;
	if (d->target.valid) {
		double sd_ns = clamp(d->target.offset_sd_ns, BOUND_MAX_NS);

		s->maxerror_ns = ts_sat_add(target_bound_ns(d, d->model.raw), e_ns);
		s->esterror_ns = ts_sat_add((int64_t)sd_ns, e_ns);
	}
	out->act.status = !d->policy.exact || s->leap != d->told.leap ||
			  s->leap_effect.ns != d->told.leap_effect.ns;
	if (out->act.status)
		d->told = *s;
}
