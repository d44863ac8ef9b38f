/* SPDX-License-Identifier: MIT */
/*
 * rtc_turn.h - when does the second of a clock turn that shows whole seconds only? Pure.
 *
 * A reading between two instants that shows second s says that s began at most a second before the
 * first of them, and not after the other. Each reading is taken where the turn is expected, so that
 * it halves what is left, until the drift of the clock adds as much again.
 */
#ifndef TB_RTC_TURN_H
#define TB_RTC_TURN_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"

/* Of a cheap crystal, with the raw clock's own. */
#define RTC_TURN_DRIFT_PPM 200
/* A clock that was set by part of a second always turns later (or earlier) than it is looked at;
 * one in 65536 does so by chance. */
#define RTC_TURN_RUN_MAX 16
/* Earlier than this the next reading is not taken: the driver may need milliseconds for one. */
#define RTC_TURN_GAP_NS (20 * NS_PER_MS)

/* All zero: nothing is known. */
struct rtc_turn {
	bool valid;
	int64_t second;	      /* of the clock: it began ... */
	struct ts_raw lo, hi; /* ... between these */
	struct ts_raw last;   /* reading */
	int run;	      /* readings in a row before (above 0) or after the turn */
};

/* A reading between two instants. False if it does not fit what was known: the clock was set, and
 * it is begun anew. */
bool rtc_turn_add(struct rtc_turn *t, struct ts_raw before, struct ts_raw after, int64_t second);

/* When to read next. */
struct ts_raw rtc_turn_next(const struct rtc_turn *t, struct ts_raw now);

#endif
