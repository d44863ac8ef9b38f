/* SPDX-License-Identifier: MIT */
/*
 * pulse.h - the part of refclock.h that is about pulses: their numbers, and when the next is due.
 * Pure.
 */
#ifndef TB_REFCLOCK_PULSE_H
#define TB_REFCLOCK_PULSE_H

#include "refclockd/core/refclock.h"

/* The estimate at an instant, with the bound it has grown to. */
struct lock_reference pulse_estimate_at(const struct refclock_estimate *e, struct ts_raw raw);

/*
 * Gives a pulse the time that it marks, and the leap of the source that numbers it. One that
 * cannot be numbered is rejected in reading->reject, or stays a pulse where selectd can do it.
 */
void pulse_number(struct refclock *rc, struct refclock_reading *reading);

/* Is it the last pulse once more, or one that comes before half a period is over (a bouncing
 * contact, the other edge)? */
bool pulse_repeats(const struct refclock *rc, const struct refclock_reading *reading);

/* A pulse was read: the next reading comes right after the next pulse. */
void pulse_schedule(struct refclock *rc, struct ts_raw now, const struct refclock_reading *reading);

/* None was there. It is looked for again soon, if the one before was not missed too. True once,
 * when so many are missing that it must be told. */
bool pulse_missed(struct refclock *rc, struct ts_raw now);

#endif
