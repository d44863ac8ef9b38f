/* SPDX-License-Identifier: MIT */
/*
 * filter.h - several readings of a clock become one. Pure.
 *
 * For slow consumers and noisy clocks: selectd itself takes every reading, and does better on them.
 * The readings of a poll interval are freed of their common rate; what lies further from their
 * median than three standard deviations (as the median of the distances has it) is left out, and
 * the mean of the rest taken. So outliers do no harm, and on plain noise nothing is lost against
 * the average, as it is by a median.
 */
#ifndef TB_REFCLOCK_FILTER_H
#define TB_REFCLOCK_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define FILTER_MAX 64

struct filter_point {
	struct ts_raw raw;
	struct ts_utc utc;
	int64_t width_ns, error_ns, bound_ns;
};

struct filter {
	int length; /* keep so many, the newest; 1..FILTER_MAX */
	int count, next;
	struct filter_point point[FILTER_MAX];
};

void filter_init(struct filter *f, int length);
void filter_add(struct filter *f, const struct filter_point *point);

/*
 * Makes one of what is there, and empties the filter. pulse: only fractions of seconds count. The
 * answer refers to the middle of the points used; its error is the median of theirs and the
 * standard error of the mean, its width their median, its bound their largest.
 * 0, or -EAGAIN if there are fewer than `least` points: they stay.
 */
int filter_take(struct filter *f, int least, bool pulse, struct filter_point *ret);

#endif
