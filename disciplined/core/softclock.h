/* SPDX-License-Identifier: MIT */
/*
 * softclock.h - a clock that is nothing but a line on the raw clock, with a bend where a slew ends
 * and a jump where a leap second falls: what the shared page tells is the clock. Pure.
 */
#ifndef DISCIPLINED_SOFTCLOCK_H
#define DISCIPLINED_SOFTCLOCK_H

#include "common/bus/msg.h"
#include "common/core/shadow_page.h"

struct softclock {
	struct shadow_line line; /* the time part counts: what it does with no further word */
	struct ts_utc leap_effect;
};

/* Goes on with a line, its pending bend and leap included. */
void softclock_init(struct softclock *c, const struct shadow_line *line);

/* Rate rate_ppb from now, base_ppb from until on (TS_RAW_NEVER: no bend). No jump in phase but for
 * the rounding to 1 ns. */
void softclock_set_rate(struct softclock *c, struct ts_raw now, double rate_ppb, double base_ppb,
	struct ts_raw until);

void softclock_step(struct softclock *c, struct ts_raw now, int64_t step_ns);

/* leap_none takes an announced leap back; one that was made stays made. */
void softclock_set_leap(
	struct softclock *c, struct ts_raw now, enum leap leap, struct ts_utc effect);

/* The same line told from an instant not before its start; what is behind is no longer in it. */
struct shadow_line softclock_line(const struct softclock *c, struct ts_raw from);

#endif
