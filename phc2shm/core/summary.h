/* SPDX-License-Identifier: MIT */
/*
 * summary.h - mean, root mean square, largest and deviation of a run of values. Pure.
 */
#ifndef TB_PHC2SHM_SUMMARY_H
#define TB_PHC2SHM_SUMMARY_H

#include <stdbool.h>

struct summary {
	unsigned int n;
	double mean, square_sum, deviation_sum, max_abs;
};

struct summary_result {
	double mean, rms, max_abs;
	double sd; /* of the values themselves: divided by n, not n - 1 */
};

/* A zeroed struct is an empty one. */
void summary_add(struct summary *s, double value);

/* False if there are no values. */
bool summary_get(const struct summary *s, struct summary_result *ret);

#endif
