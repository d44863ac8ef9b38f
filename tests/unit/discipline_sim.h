/* SPDX-License-Identifier: MIT */
/*
 * discipline_sim.h - a clock, an oscillator and an estimator in virtual time around the core of
 * disciplined, for its tests and its fuzz target. The estimator is honest: it tells the true line
 * with noise of the size it claims.
 */
#ifndef TB_DISCIPLINE_SIM_H
#define TB_DISCIPLINE_SIM_H

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "disciplined/core/discipline.h"
#include "disciplined/core/softclock.h"
#include "disciplined/pagefill.h"

#define SIM_START_RAW_NS INT64_C(5000000000000)
#define SIM_START_UTC_NS INT64_C(1790000000000000000)

struct sim {
	struct discipline d;
	struct discipline_policy policy;
	/* truth */
	int64_t now_raw_ns;
	struct ts_line truth;
	/* the clock: exact (softclock) or like the kernel's */
	struct softclock soft;
	int64_t k_raw_ns, k_utc_ns;
	double k_fraction_ns;
	double k_command_ppb, k_residual_ppb;
	int k_delay_ms; /* a rate takes effect so late */
	double k_old_ppb;
	int64_t k_change_raw_ns;
	bool k_alien;
	enum leap k_leap;
	int64_t k_leap_utc_ns;
	bool k_leaped;
	int k_error;
	int64_t width_ns, suspended_ns;
	struct discipline_status told;
	/* the estimator */
	double interval_s, offset_sd_ns, rate_sd_ppb, est_rate_error_ppb, drift_ppb;
	int64_t bound_ns, disruption, seq;
	uint64_t boot;
	enum leap leap;
	int64_t next_est_ns, est_bias_ns;
	bool silent;
	int64_t late_ns; /* timers come so late */
	/* what was seen */
	int turns, rates, steps, publishes, refusals, events[EVENT_CODES];
	double slew_max_ppb;
	int64_t step_max_ns;
	char text[EVENT_CODES][DISCIPLINE_NOTE_TEXT]; /* the last of each kind */
	double told_rate_ppb;			      /* of the last clock message */
	int orphans; /* turns after which that was not the clock's any more */
	uint64_t rng;
	bool verbose;
};

static inline double sim_uniform(struct sim *s)
{
	s->rng ^= s->rng << 13;
	s->rng ^= s->rng >> 7;
	s->rng ^= s->rng << 17;
	return (double)(s->rng >> 11) * 0x1p-53;
}

/* Sum of twelve: near enough to Gaussian, and bounded. */
static inline double sim_gauss(struct sim *s)
{
	double v = -6;

	for (int i = 0; i < 12; i++)
		v += sim_uniform(s);
	return v;
}

static inline int64_t sim_true_ns(const struct sim *s, int64_t raw_ns)
{
	return ts_line_at(&s->truth, (struct ts_raw){raw_ns}).ns;
}

static inline double sim_kernel_rate_ppb(const struct sim *s, int64_t raw_ns)
{
	bool old = raw_ns < s->k_change_raw_ns + (int64_t)s->k_delay_ms * NS_PER_MS;

	return (old ? s->k_old_ppb : s->k_command_ppb) + s->k_residual_ppb;
}

static inline void sim_kernel_advance(struct sim *s, int64_t raw_ns)
{
	int64_t edge_ns = s->k_change_raw_ns + (int64_t)s->k_delay_ms * NS_PER_MS;

	while (s->k_raw_ns < raw_ns) {
		int64_t to_ns = raw_ns;
		double gain;

		if (s->k_raw_ns < edge_ns && edge_ns < raw_ns)
			to_ns = edge_ns;
		gain = (double)(to_ns - s->k_raw_ns) * sim_kernel_rate_ppb(s, s->k_raw_ns) * 1e-9 +
		       s->k_fraction_ns;
		s->k_utc_ns += to_ns - s->k_raw_ns + (int64_t)floor(gain);
		s->k_fraction_ns = gain - floor(gain);
		s->k_raw_ns = to_ns;
	}
	if (s->k_leap != leap_none && !s->k_leaped && s->k_utc_ns >= s->k_leap_utc_ns) {
		s->k_utc_ns += leap_step_ns(s->k_leap);
		s->k_leaped = true;
	}
}

static inline int64_t sim_clock_ns(struct sim *s)
{
	if (s->policy.exact)
		return shadow_line_utc(&s->soft.line, (struct ts_raw){s->now_raw_ns}).ns;
	sim_kernel_advance(s, s->now_raw_ns);
	return s->k_utc_ns;
}

/* True time minus clock. */
static inline int64_t sim_error_ns(struct sim *s)
{
	return sim_true_ns(s, s->now_raw_ns) - sim_clock_ns(s);
}

static inline void sim_read(struct sim *s, struct clk_reading *r)
{
	memset(r, 0, sizeof(*r));
	r->raw.ns = s->now_raw_ns;
	r->clock.ns = sim_clock_ns(s);
	r->suspended.ns = s->suspended_ns;
	r->alien = s->k_alien;
	if (s->policy.exact) {
		r->command_ppb = shadow_line_rate_ppb(&s->soft.line, r->raw);
		return;
	}
	r->width.ns = s->width_ns;
	r->clock.ns += (int64_t)((sim_uniform(s) - 0.5) * (double)s->width_ns);
	r->command_ppb = s->k_command_ppb;
}

static inline void sim_set_rate(struct sim *s, const struct discipline_action *a)
{
	double unit = 1000.0 / 65536, rest = a->command_ppb, coarse = 0;

	if (s->policy.exact) {
		softclock_set_rate(&s->soft, (struct ts_raw){s->now_raw_ns}, a->command_ppb,
			a->base_ppb, a->until);
		return;
	}
	sim_kernel_advance(s, s->now_raw_ns);
	s->k_old_ppb = sim_kernel_rate_ppb(s, s->now_raw_ns) - s->k_residual_ppb;
	s->k_change_raw_ns = s->now_raw_ns;
	if (fabs(rest) > 490e3) {
		coarse = 1e5 * round(rest / 1e5);
		rest -= coarse;
	}
	s->k_command_ppb = coarse + unit * round(rest / unit);
	s->k_alien = false;
}

static inline void sim_step(struct sim *s, int64_t step_ns)
{
	if (s->policy.exact)
		softclock_step(&s->soft, (struct ts_raw){s->now_raw_ns}, step_ns);
	sim_kernel_advance(s, s->now_raw_ns);
	s->k_utc_ns += step_ns;
}

static inline int sim_act(struct sim *s, const struct discipline_action *a)
{
	double slew_ppb = fabs(a->command_ppb - a->base_ppb);

	if (s->k_error != 0) {
		s->refusals++;
		return s->k_error;
	}
	if (a->step) {
		s->steps++;
		sim_step(s, a->step_ns);
		if (llabs(a->step_ns) > s->step_max_ns)
			s->step_max_ns = llabs(a->step_ns);
	}
	if (a->rate) {
		s->rates++;
		if (slew_ppb > s->slew_max_ppb)
			s->slew_max_ppb = slew_ppb;
		sim_set_rate(s, a);
	}
	if (a->status) {
		s->told = a->told;
		if (s->policy.exact)
			softclock_set_leap(&s->soft, (struct ts_raw){s->now_raw_ns}, a->told.leap,
				a->told.leap_effect);
		s->k_leap = a->told.leap;
		s->k_leap_utc_ns = a->told.leap_effect.ns;
		if (a->told.leap == leap_none)
			s->k_leaped = false;
	}
	return 0;
}

/* A message gives the clock's line until the next: none may be left behind by a change of rate. */
static inline void sim_note_publish(struct sim *s, bool publish)
{
	struct msg_clock c;

	if (publish) {
		discipline_clock(&s->d, &c);
		s->told_rate_ppb = c.rate_ppb;
		s->publishes++;
	} else if (s->publishes > 0 && fabs(clk_model_rate_ppb(&s->d.model, s->d.model.raw) -
					       s->told_rate_ppb) > 1e-3) {
		s->orphans++;
	}
}

static inline void sim_finish(struct sim *s, struct discipline_out *out)
{
	struct discipline_result result = {0};

	s->turns++;
	if (out->act.step || out->act.rate || out->act.status) {
		result.error = sim_act(s, &out->act);
		sim_read(s, &result.after);
		discipline_applied(&s->d, &result, out);
	}
	sim_note_publish(s, out->publish);
	for (int i = 0; i < out->notes; i++) {
		s->events[out->note[i].code]++;
		memcpy(s->text[out->note[i].code], out->note[i].text, sizeof(s->text[0]));
		if (s->verbose)
			fprintf(stderr, "%.3f %s: %s\n",
				(double)(s->now_raw_ns - SIM_START_RAW_NS) * 1e-9,
				event_word(out->note[i].code), out->note[i].text);
	}
}

static inline struct discipline_policy sim_policy(bool exact)
{
	return (struct discipline_policy){
		.mode = exact ? clock_mode_shadow : clock_mode_realtime,
		.exact = exact,
		.maxslewrate_ppm = 83333.333,
		.maxupdateskew_ppm = 1000,
		.maxdrift_ppm = 500000,
		.maxclockerror_ppm = 1,
		.maxholdover_s = 86400,
		.maxbound_s = 3,
		.maxdisruptionstep_s = 1e8,
		.logchange_s = 1,
	};
}

/* clock_offset_ns: clock minus truth at the start; rate_ppb: of the truth against raw. */
static inline void sim_init(struct sim *s, bool exact, int64_t clock_offset_ns, double rate_ppb)
{
	struct shadow_line line = {.bend_raw_ns = SHADOW_NEVER, .leap_raw_ns = SHADOW_NEVER};

	memset(s, 0, sizeof(*s));
	s->policy = sim_policy(exact);
	s->rng = UINT64_C(0x9e3779b97f4a7c15);
	s->now_raw_ns = SIM_START_RAW_NS;
	s->truth = (struct ts_line){{SIM_START_RAW_NS}, {SIM_START_UTC_NS}, rate_ppb};
	line.raw_ns = s->k_raw_ns = SIM_START_RAW_NS;
	line.utc_ns = s->k_utc_ns = SIM_START_UTC_NS + clock_offset_ns;
	softclock_init(&s->soft, &line);
	s->width_ns = 60;
	s->interval_s = 16;
	s->offset_sd_ns = 1000;
	s->rate_sd_ppb = 20;
	s->bound_ns = 100000;
	s->drift_ppb = 100;
	s->boot = 7;
	s->next_est_ns = SIM_START_RAW_NS + NS_PER_S;
	s->late_ns = 100 * NS_PER_US;
}

/* start: NULL for one that knows nothing. */
static inline void sim_start(struct sim *s, const struct discipline_start *start)
{
	struct discipline_start fresh = {.until = TS_RAW_NEVER};
	struct discipline_out out;
	struct clk_reading r;

	sim_read(s, &fresh.reading);
	fresh.base_ppb = fresh.reading.command_ppb;
	discipline_init(&s->d, &s->policy, start != NULL ? start : &fresh);
	sim_read(s, &r);
	discipline_on_deadline(&s->d, &r, &out);
	sim_finish(s, &out);
}

static inline void sim_fill_estimate(struct sim *s, struct msg *m)
{
	struct msg_estimate *e = &m->u.estimate;
	double noise_ns = sim_gauss(s) * s->offset_sd_ns;

	memset(m, 0, sizeof(*m));
	m->kind = MSG_estimate;
	m->env.boot = s->boot;
	m->env.seq = (uint64_t)++s->seq;
	e->status = sync_synchronised;
	e->raw_ns = e->sample_raw_ns = s->now_raw_ns - 2 * NS_PER_MS;
	e->utc_ns = sim_true_ns(s, e->raw_ns) + (int64_t)noise_ns + s->est_bias_ns;
	e->rate_ppb =
		s->truth.rate_ppb + sim_gauss(s) * s->rate_sd_ppb * 0.3 + s->est_rate_error_ppb;
	e->offset_sd_ns = s->offset_sd_ns;
	e->rate_sd_ppb = s->rate_sd_ppb;
	e->bound_ns = s->bound_ns;
	e->bound_drift_ppb = s->drift_ppb;
	e->stratum = 2;
	e->disruption = s->disruption;
	e->leap = s->leap;
	memcpy(e->selected, "PHC0", 5);
}

static inline void sim_give(struct sim *s, const struct msg *m)
{
	struct discipline_out out;
	struct clk_reading r;

	sim_read(s, &r);
	discipline_on_estimate(&s->d, m, &r, &out);
	sim_finish(s, &out);
}

static inline void sim_estimate(struct sim *s)
{
	struct msg m;

	sim_fill_estimate(s, &m);
	sim_give(s, &m);
}

static inline void sim_deadline(struct sim *s)
{
	struct discipline_out out;
	struct clk_reading r;

	sim_read(s, &r);
	discipline_on_deadline(&s->d, &r, &out);
	sim_finish(s, &out);
}

/* Lets time pass; true unless the core asks for turns without end. */
static inline bool sim_run(struct sim *s, double seconds)
{
	int64_t end_ns = s->now_raw_ns + (int64_t)(seconds * 1e9);
	int rounds = 0;

	while (rounds++ < 1000000) {
		struct ts_raw due = discipline_deadline(&s->d);
		int64_t timer_ns = ts_sat_add(due.ns, s->late_ns);
		int64_t est_ns = s->silent ? INT64_MAX : s->next_est_ns;
		int64_t next_ns = timer_ns < est_ns ? timer_ns : est_ns;

		if (next_ns > end_ns) {
			s->now_raw_ns = end_ns;
			return true;
		}
		if (next_ns > s->now_raw_ns)
			s->now_raw_ns = next_ns;
		if (est_ns <= timer_ns) {
			s->next_est_ns = s->now_raw_ns + (int64_t)(s->interval_s * 1e9);
			sim_estimate(s);
		} else {
			s->now_raw_ns += 1000; /* a turn takes time */
			sim_deadline(s);
		}
	}
	return false;
}

/* What disciplined would leave in the page now. */
static inline struct shadow_line sim_page(struct sim *s)
{
	struct shadow_line line = {0};
	struct msg_clock c;

	discipline_clock(&s->d, &c);
	if (s->policy.exact)
		line = softclock_line(&s->soft, s->d.model.raw);
	pagefill_line(&s->d, &c, s->policy.exact, 0, &line);
	return line;
}

#endif
