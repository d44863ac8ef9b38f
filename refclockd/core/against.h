/* SPDX-License-Identifier: MIT */
/*
 * against.h - is a clock off by whole seconds from what the other sources agree on? Pure; part of
 * refclock.h.
 *
 * TAI taken for UTC, UTC taken for TAI, and receivers that count seconds wrongly are mistakes of
 * configuration that a person can mend, so they are named. The reading is rejected only where two
 * other sources or more stand behind the estimate: it is selectd that judges who is right, and it
 * must hear a clock that is. One second is never rejected: it may be a leap second that the others
 * have missed.
 */
#ifndef TB_REFCLOCK_AGAINST_H
#define TB_REFCLOCK_AGAINST_H

#include "refclockd/core/refclock.h"

/* Estimate and reading must be known to this, or nothing is said; and the offset must lie as near
 * to whole seconds, or further by their doubt. */
#define AGAINST_DOUBT_MAX_NS (100 * NS_PER_MS)
#define AGAINST_SLACK_NS     (50 * NS_PER_MS)
#define AGAINST_SOURCES_MIN  2

/* Whole seconds that a reading is off by, 0 if it is not, or if that cannot be told. */
int64_t against_seconds(const struct refclock *rc, const struct refclock_reading *reading);

/* reject_tai or reject_second where a reading that is off by so much must not be used. */
enum reject against_verdict(const struct refclock *rc, int64_t seconds);

/* In words, and what to do about it. */
void against_explain(const struct refclock *rc, int64_t seconds, char text[REFCLOCK_TEXT_SIZE]);

#endif
