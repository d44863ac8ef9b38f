/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "disciplined/core/learn.h"

/* Nominal rates of kernel and raw clock differ by less than this: both come from one multiplier. */
#define PRIOR_SD_PPB 200.0
/* It is constant; this only keeps the filter from falling asleep (1 ppb in a quarter of an hour).
 */
#define DRIFT_PPB2_PER_S 1e-3
/* Older kernels apply a new rate at the next tick, at most 10 ms late. */
#define TICK_S 0.01

void learn_init(struct learn *l)
{
	*l = (struct learn){.variance_ppb2 = PRIOR_SD_PPB * PRIOR_SD_PPB};
}

static void update(struct learn *l, double last_width_ns)
{
	double widths_ns2 = l->width_ns * l->width_ns + last_width_ns * last_width_ns;
	double noise_ns2 = widths_ns2 / 12 + l->tick_ns2 + 1, gain;

	l->variance_ppb2 =
		fmin(l->variance_ppb2 + DRIFT_PPB2_PER_S * l->span_s, PRIOR_SD_PPB * PRIOR_SD_PPB);
	gain = l->variance_ppb2 / (l->variance_ppb2 + noise_ns2 / (l->span_s * l->span_s));
	l->residual_ppb += gain * (l->excess_ns / l->span_s);
	l->variance_ppb2 *= 1 - gain;
	l->span_s = l->excess_ns = l->tick_ns2 = 0;
}

void learn_update(
	struct learn *l, const struct clk_model *m, const struct clk_reading *r, double excess_ns)
{
	double dt_s = ts_dur_to_s(ts_raw_sub(r->raw, m->raw)), tick_ns = m->change_ppb * TICK_S;

	if (!(dt_s > 0))
		return;
	if (!(l->span_s > 0))
		l->width_ns = (double)m->width.ns;
	l->span_s += dt_s;
	l->excess_ns += excess_ns;
	l->tick_ns2 += tick_ns * tick_ns;
	if (l->span_s >= LEARN_MIN_S)
		update(l, (double)r->width.ns);
}
