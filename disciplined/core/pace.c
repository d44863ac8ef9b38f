/* SPDX-License-Identifier: MIT */
#include "disciplined/core/pace.h"

#include <math.h>

#define SQRT_2	    1.4142135623730951
#define PHASE_SHAPE 0.365
#define SHARE_LEAST (1.0 / 12)
#define SHARE_MOST  4.0
#define DAY_S	    86400.0

static double growth_ns2(const struct pace_line *l, double dt_s)
{
	double by_rate_ns = l->rate_sd_ppb * dt_s;

	return SQRT_2 * l->offset_sd_ns * by_rate_ns + by_rate_ns * by_rate_ns +
	       l->wander_ppb * l->wander_ppb * dt_s * dt_s * dt_s / 3;
}

double pace_phase_var_ns2(const struct pace_line *line, double dt_s)
{
	return line->offset_sd_ns * line->offset_sd_ns + growth_ns2(line, fabs(dt_s));
}

double pace_share(const struct pace_line *line)
{
	double e = growth_ns2(line, line->interval_s);
	double v = line->offset_sd_ns * line->offset_sd_ns + e / 3;
	double cost = fmax(PACE_COST, sqrt(line->interval_s / DAY_S));
	double share = cost / PHASE_SHAPE * v;

	if (share >= SHARE_MOST * e)
		return SHARE_MOST;
	return fmax(share / e, SHARE_LEAST);
}
