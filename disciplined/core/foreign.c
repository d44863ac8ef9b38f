/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "disciplined/core/foreign.h"

/* The scheduler and the reading itself, beyond the bracket. */
#define TOLERANCE_NS 2000.0
/* Nominal rates of the raw and the kernel clock, where nothing was learned of them yet. */
#define TOLERANCE_PPB 50.0

static double tolerance_ns(
	const struct clk_model *m, const struct clk_reading *r, double dt_s, double residual_sd_ppb)
{
	double width_ns = (double)m->width.ns + (double)r->width.ns;

	return TOLERANCE_NS + width_ns + dt_s * (TOLERANCE_PPB + 4 * residual_sd_ppb) +
	       fabs(m->change_ppb) * CLK_LATE_S;
}

struct foreign_verdict foreign_judge(
	const struct clk_model *m, const struct clk_reading *r, double residual_sd_ppb)
{
	double dt_s = fabs(ts_dur_to_s(ts_raw_sub(r->raw, m->raw)));
	double tolerance = tolerance_ns(m, r, dt_s, residual_sd_ppb);
	struct foreign_verdict v = {0};

	v.excess_ns = ts_utc_sub(r->clock, clk_model_at(m, r->raw)).ns;
	v.suspended =
		ts_dur_to_s(r->suspended) - ts_dur_to_s(m->suspended) > FOREIGN_SUSPEND_NS * 1e-9;
	v.rate = !(fabs(r->command_ppb - m->command_ppb) <= FOREIGN_RATE_PPB) || r->alien;
	/* what a foreign rate may have gained is no step */
	if (v.rate)
		tolerance += dt_s * fmin(fabs(r->command_ppb - m->command_ppb) + 5e5, 2e8);
	v.tolerance_ns = tolerance < 9e18 ? (int64_t)tolerance : INT64_MAX;
	v.step = fabs((double)v.excess_ns) > tolerance;
	return v;
}
