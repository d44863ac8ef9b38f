/* SPDX-License-Identifier: MIT */
/*
 * clockline.h - another clock against the raw clock, from pairs of readings. Pure.
 *
 * Kernels stamp pulses with CLOCK_REALTIME, which somebody slews, and network cards with their own
 * clock. A stamp is carried to the raw clock by the pair read right after it, and the age of the
 * stamp by the rate that the last two pairs show. What the rate may have changed by since times
 * that age is the error.
 */
#ifndef TB_CLOCKLINE_H
#define TB_CLOCKLINE_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"

/* Of a rate that is not known: what the kernel's adjustments may reach. */
#define CLOCKLINE_RATE_MAX 500e-6
/* A change of more than this is a step and not a rate. */
#define CLOCKLINE_STEP_RATE 0.1

struct clockline {
	int pairs;		  /* 0, 1, or 2 for "more" */
	int64_t base_ns, last_ns; /* the other clock at ... */
	struct ts_raw base, last; /* ... these raw instants */
	int64_t width_ns;	  /* of the bracket of the last pair */
	double rate;		  /* other clock's rate minus 1 */
	double doubt;		  /* the rate may be off by this */
	bool stepped;		  /* between base and last */
};

/* All zero is a line without pairs. A pair that lies before the last one starts anew. */
void clockline_add(struct clockline *l, int64_t other_ns, struct ts_raw raw, int64_t width_ns);

/*
 * The raw instant at which the other clock showed other_ns, and how far off that may be. -EAGAIN
 * without a pair; -ERANGE where the clock was stepped since.
 */
int clockline_raw(
	const struct clockline *l, int64_t other_ns, struct ts_raw *ret, int64_t *ret_error_ns);

#endif
