/* SPDX-License-Identifier: MIT */
/*
 * combine.h - one line out of the sources that have a weight. Pure.
 *
 * Phase is the weighted mean of the sources' phases (weights of select.h). Its variance is
 * sum w_i^2 (sd_i^2 + spread^2), spread^2 being the weighted variance of the phases between
 * sources: fixed errors of paths, which do not average out in time. Rate does not suffer from
 * those, so it is weighted by 1/variance, with a floor for what servers' own clocks wander.
 * The bound is the farther end of the interval on which the majority agrees.
 */
#ifndef TB_COMBINE_H
#define TB_COMBINE_H

#include "selectd/core/select.h"

struct combination {
	struct ts_line line;
	double offset_sd_ns, rate_sd_ppb, wander_ppb;
	int64_t bound_ns;
	struct ts_raw newest; /* newest sample in it */
};

/* sel->selected must not be -1. */
void combine_run(
	const struct source *sources, int n, const struct selection *sel, struct combination *ret);

#endif
