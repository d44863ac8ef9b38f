/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "disciplined/core/learn.h"

/* Nominal rates of kernel and raw clock differ by less than this: both come from one multiplier. */
#define PRIOR_SD_PPB 200.0
/* It is constant; this only keeps the filter from falling asleep (1 ppb in a quarter of an hour).
 */
#define DRIFT_PPB2_PER_S 1e-3
/* A reading over less tells nothing. */
#define DT_MIN_S 0.1
/* Older kernels apply a new rate at the next tick, at most 10 ms late. */
#define TICK_S 0.01

void learn_init(struct learn *l)
{
	l->residual_ppb = 0;
	l->variance_ppb2 = PRIOR_SD_PPB * PRIOR_SD_PPB;
}

void learn_update(
	struct learn *l, const struct clk_model *m, const struct clk_reading *r, double excess_ns)
{
	double dt_s = ts_dur_to_s(ts_raw_sub(r->raw, m->raw));
	double w1_ns = (double)m->width.ns, w2_ns = (double)r->width.ns;
	double tick_ns = m->change_ppb * TICK_S;
	double noise_ns2 = (w1_ns * w1_ns + w2_ns * w2_ns) / 12 + tick_ns * tick_ns + 1;
	double gain;

	if (!(dt_s >= DT_MIN_S))
		return;
	l->variance_ppb2 =
		fmin(l->variance_ppb2 + DRIFT_PPB2_PER_S * dt_s, PRIOR_SD_PPB * PRIOR_SD_PPB);
	gain = l->variance_ppb2 / (l->variance_ppb2 + noise_ns2 / (dt_s * dt_s));
	l->residual_ppb += gain * (excess_ns / dt_s);
	l->variance_ppb2 *= 1 - gain;
}
