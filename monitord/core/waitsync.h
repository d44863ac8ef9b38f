/* SPDX-License-Identifier: MIT */
/*
 * waitsync.h - is the clock good enough for those who wait for it? Pure.
 *
 * A small offset alone says little: the clock may sit close to a wrong estimate. So the bound
 * decides, and offset and skew only where a limit was given (as `chronyc waitsync` has them).
 */
#ifndef TB_WAITSYNC_H
#define TB_WAITSYNC_H

#include "monitord/core/model.h"
#include "monitord/core/text.h"

struct waitsync_limits {
	double bound_s;	 /* of the error bound now; 0: none */
	double offset_s; /* of what is still to be slewed away; 0: none */
	double skew_ppm; /* of the rate's deviation; 0: none */
	bool holdover;	 /* holdover counts as synchronised */
};

/* A clock is steered, synchronised, published by a disciplined that is there, and within the
 * limits. */
bool waitsync_reached(const struct waitsync_limits *l, const struct model *m, struct ts_raw now);

/* What is missing, in words: the first of the conditions that does not hold. */
void waitsync_why(
	struct text *t, const struct waitsync_limits *l, const struct model *m, struct ts_raw now);

/* "try: 3, refid: 50484330, correction: 0.000000012, skew: 0.003, bound: 0.000345678", as
 * chronyc's line with our bound behind it; without a synchronised clock it is "unknown". */
void waitsync_line(struct text *t, uint64_t number, const struct model *m, struct ts_raw now);

#endif
