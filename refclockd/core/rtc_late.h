/* SPDX-License-Identifier: MIT */
/*
 * rtc_late.h - how late was the interrupt of a turning second taken? Pure.
 *
 * Nobody tells when the interrupt came; but it comes once a second of a steady clock, and a program
 * is never woken too early. So the earliest of late is the measure for the others: what one comes
 * behind it was lost on the way. Two half memories, so that a clock that drifts or was set is
 * measured by itself before long.
 */
#ifndef TB_RTC_LATE_H
#define TB_RTC_LATE_H

#include <stdint.h>
#include "common/core/tstime.h"

/* Readings of a half memory: a load on the machine may last half a minute; in a minute a cheap
 * crystal (100 ppm) drifts by 6 ms, which is added to nothing but the error told. */
#define RTC_LATE_READINGS 32

/* All zero: nothing is known. */
struct rtc_late {
	int64_t earliest_ns[2]; /* raw clock minus second: of the half that fills, and the full one
				 */
	int count;		/* readings in the half that fills */
	int halves;		/* in use, 0..2 */
};

/* A second that began, as it was taken: how far behind the earliest, >= 0 ns. */
int64_t rtc_late_add(struct rtc_late *l, struct ts_raw raw, int64_t second);

#endif
