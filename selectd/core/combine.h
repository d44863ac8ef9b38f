/* SPDX-License-Identifier: MIT */
/*
 * combine.h - one line out of the sources that have a weight. Pure.
 *
 * Phase is the joint state's (joint.h), whose biases it keeps in the sources. Rate does not suffer
 * from biases, so it is weighted by 1/variance, with a floor for what servers' own clocks wander. A
 * quarter of the variance of a line's rate is its own noise, three quarters are lag behind the
 * oscillator that all have in common (steady filter of a random walk in frequency).
 * The bound is the farther end of the interval on which the majority agrees. That interval is the
 * nearest source's in the main, and where others put the time off its middle the farther end lies
 * beyond half its width: there is the truth only if the nearest one's round trip is all on one way
 * and every other path leans the same way by more still. Where three or more are combined it is
 * therefore no more than half the width, unless the deviation that allows for what paths hide
 * (joint.h) times seven is more. What is taken off so is no more than half the least round trip of
 * those that are combined: of the width that age has added witnesses know nothing, since the
 * oscillator is all the same.
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
void combine_run(struct joint *joint, struct source *sources, int n, const struct selection *sel,
	struct combination *ret);

#endif
