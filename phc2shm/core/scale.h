/* SPDX-License-Identifier: MIT */
/*
 * scale.h - what a PTP clock's time is in UTC, and which leap second is announced. Pure.
 *
 * A leap second is announced from midnight to midnight of the UTC day that ends with it. Around
 * that midnight nobody can tell which side of it either clock is on: in the day's last second and
 * the next day's first, nothing is to be given on.
 *
 * ptp4l's flags come at most 12 hours before the midnight and go within two announce intervals
 * after it, together with the new offset (IEEE 1588-2008, 9.4). So a flag that stands in the first
 * hours of a day is a late one: the leap second has happened, and the offset is not yet the new
 * one.
 */
#ifndef TB_PHC2SHM_SCALE_H
#define TB_PHC2SHM_SCALE_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/leaplist.h"

#define SCALE_LATE_S (6 * 3600) /* midway between too late and too early for a flag */

struct scale {
	int offset_s;		     /* sink minus source, as -O */
	bool fixed;		     /* it was given by -O: leap seconds do not change it */
	int leap;		     /* what ptp4l announces: 1 insertion, -1 deletion, 0 none */
	const struct leaplist *list; /* NULL: none; else it announces instead of ptp4l */
};

struct scale_now {
	int offset_s;
	int leap;	/* announced for the end of this UTC day: 1, -1, 0 */
	bool suspended; /* too near to a leap second */
};

/* phc_ns: what the clock shows. An expired list announces nothing. */
struct scale_now scale_at(const struct scale *s, int64_t phc_ns);

#endif
