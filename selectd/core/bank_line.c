/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_line.h"

#include <math.h>
#include <string.h>

#define SETTLED	    16 /* readings before any can be called odd */
#define GATE_SIGMAS 7.0
#define STEP_MAX_NS 4e18
/* The base delay of a path drifts by some hundredths of its jitter a day; without any it would be
 * held for certain in the end, and nothing could correct it. */
#define CREEP_PER_DAY 0.002
#define DAY_S	      86400.0

static double seconds(int64_t from_ns, int64_t to_ns)
{
	return 1e-9 * ((double)to_ns - (double)from_ns);
}

static double elapsed_s(int64_t from_ns, int64_t to_ns)
{
	int64_t d;

	return __builtin_sub_overflow(to_ns, from_ns, &d) ? seconds(from_ns, to_ns)
							  : 1e-9 * (double)d;
}

void bank_line_start(
	struct bank_line *l, bool two_way, const struct bank_start *start, int64_t raw_ns)
{
	l->two_way = two_way;
	l->samples = 1;
	l->raw_ns = l->since_raw_ns = raw_ns;
	l->phase_var_ns2 = 0;
	l->watch.count = l->watch.lost = 0;
	l->memory.readings = 0;
	bank_start(&l->bank, two_way, start);
	bank_mean(&l->bank, &l->mean);
}

static const struct bank_mean *sure(const struct bank_line *l, int64_t raw_ns, double *ret_dt_s)
{
	bool watching = l->watch.count > 0;

	*ret_dt_s = elapsed_s(watching ? l->watch.saved_raw_ns : l->raw_ns, raw_ns);
	return watching ? &l->watch.saved_mean : &l->mean;
}

double bank_line_phase_ns(const struct bank_line *l, int64_t raw_ns)
{
	double dt;
	const struct bank_mean *m = sure(l, raw_ns, &dt);

	return bank_phase_ns(m, dt);
}

double bank_line_sd_ns(const struct bank_line *l, int64_t raw_ns)
{
	double dt;
	const struct bank_mean *m = sure(l, raw_ns, &dt);

	return sqrt(bank_phase_var_ns2(m, dt) + l->phase_var_ns2);
}

static double midpoint_ns(const struct bank_line *l, const struct bank_sample *s)
{
	double apart = bank_apart_ns(&l->bank, &l->mean);

	return l->two_way ? (s->there_ns - s->back_ns - apart) / 2 : s->there_ns;
}

/* An odd reading may be the first of a step or of another rate, whether it was held back or the
 * bank took it for an outlier: until the next tell, either is possible. */
static double doubt_ns(const struct bank_line *l)
{
	const struct bank_watch *w = &l->watch;
	const struct bank_sample *s = &w->sample[w->count > 0 ? w->count - 1 : 0];

	if (w->count == 0)
		return 0;
	return midpoint_ns(l, s) - bank_phase_ns(&l->mean, elapsed_s(l->raw_ns, s->raw_ns));
}

struct bank_line_state bank_line_at(const struct bank_line *l, int64_t raw_ns)
{
	const struct bank_mean *m = &l->mean;
	double dt = elapsed_s(l->raw_ns, raw_ns), doubt = doubt_ns(l);
	double var = bank_phase_var_ns2(m, dt) + l->phase_var_ns2 + doubt * doubt;

	return (struct bank_line_state){
		.phase_ns = bank_phase_ns(m, dt),
		.phase_sd_ns = sqrt(var),
		.rate_ppb = m->state.rate_ppb,
		.rate_sd_ppb = sqrt(m->state.prr + m->wander_var_ppb2 * fabs(dt)),
		.doubt_ns = fabs(doubt),
	};
}

static void feed(
	struct bank_line *l, const struct bank_sample *s, const struct bank_line_noise *noise)
{
	double dt = elapsed_s(l->raw_ns, s->raw_ns);
	double creep = CREEP_PER_DAY * noise->size.scale_ns;

	bank_advance(&l->bank, dt, creep * creep * dt / DAY_S);
	if (l->two_way)
		bank_two_way(&l->bank, s->there_ns, s->back_ns, &noise->size, s->floor_ns2);
	else
		bank_one_way(&l->bank, s->there_ns, noise->size.scale_ns, s->floor_ns2);
	l->raw_ns = s->raw_ns;
}

static void go_back(struct bank_line *l)
{
	l->bank = l->watch.saved;
	l->raw_ns = l->watch.saved_raw_ns;
}

void bank_line_go_back(struct bank_line *l)
{
	if (l->watch.count == 0)
		return;
	go_back(l);
	bank_mean(&l->bank, &l->mean);
	l->watch.count = l->watch.lost = 0;
}

/* All that came since the line was last sure, again. */
static void start_over(struct bank_line *l, const struct bank_watch_change *c,
	const struct bank_line_noise *noise, int64_t *ret_step_ns)
{
	int64_t by = llround(fmin(fmax(c->step_ns, -STEP_MAX_NS), STEP_MAX_NS));

	go_back(l);
	bank_loosen(&l->bank, noise->gate_ns2 + noise->gate_ns * noise->gate_ns,
		c->rate_ppb * c->rate_ppb);
	l->since_raw_ns = l->watch.sample[0].raw_ns;
	for (int i = 0; i < l->watch.count; i++) {
		struct bank_sample *s = &l->watch.sample[i];

		s->there_ns -= (double)by;
		s->back_ns += (double)by;
		feed(l, s, noise);
	}
	l->watch.count = 0;
	*ret_step_ns = by;
}

static double off_ns(const struct bank_line *l, const struct bank_sample *s)
{
	return midpoint_ns(l, s) - bank_line_phase_ns(l, s->raw_ns);
}

static enum bank_watch_verdict judge(struct bank_line *l, const struct bank_sample *s,
	const struct bank_line_noise *noise, struct bank_watch_change *ret)
{
	double dt, sd = bank_line_sd_ns(l, s->raw_ns);
	struct bank_watch_view v = {.off_ns = off_ns(l, s)};
	enum bank_watch_verdict verdict;
	bool watching = l->watch.count > 0;

	if (l->samples <= SETTLED)
		return BANK_WATCH_USE;
	(void)sure(l, s->raw_ns, &dt);
	v.dt_s = dt;
	v.gate_ns = noise->gate_ns + GATE_SIGMAS * sqrt(sd * sd + noise->gate_ns2);
	verdict = bank_watch_judge(&l->watch, &v, s, ret);
	if (!watching && l->watch.count > 0)
		bank_watch_save(&l->watch, &l->bank, &l->mean, l->raw_ns);
	return verdict;
}

static void remember(struct bank_line *l)
{
	struct bank_memory_rate now = {
		.raw_ns = l->raw_ns,
		.rate_ppb = l->mean.state.rate_ppb,
		.var_ppb2 = l->mean.state.prr,
	};

	/* the first estimates are of the prior's uncertainty: no jump can be told yet */
	if (l->samples > SETTLED && bank_memory_add(&l->memory, &now, l->mean.wander_ppb) &&
		l->samples > SETTLED + 1)
		l->since_raw_ns = l->raw_ns;
}

enum bank_line_result bank_line_take(struct bank_line *l, const struct bank_sample *sample,
	const struct bank_line_noise *noise, int64_t *ret_step_ns)
{
	enum bank_line_result result = BANK_LINE_TAKEN;
	struct bank_watch_change change;

	l->samples += l->samples < INT32_MAX;
	switch (judge(l, sample, noise, &change)) {
	case BANK_WATCH_HOLD:
		return BANK_LINE_TAKEN;
	case BANK_WATCH_RESTART:
		return BANK_LINE_LOST;
	case BANK_WATCH_STEP:
	case BANK_WATCH_RATE:
		start_over(l, &change, noise, ret_step_ns);
		result = BANK_LINE_STEPPED;
		break;
	case BANK_WATCH_RETURN:
		go_back(l);
		feed(l, sample, noise);
		break;
	case BANK_WATCH_USE:
		feed(l, sample, noise);
		break;
	}
	bank_mean(&l->bank, &l->mean);
	remember(l);
	return result;
}
