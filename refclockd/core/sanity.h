/* SPDX-License-Identifier: MIT */
/*
 * sanity.h - may a reading of a reference clock be believed? Pure; part of refclock.h.
 */
#ifndef TB_REFCLOCK_SANITY_H
#define TB_REFCLOCK_SANITY_H

#include "refclockd/core/refclock.h"

/*
 * The first test that a reading fails, reject_ok if none: its driver's own verdict, stamps before
 * 1970 (format), future, stale (older than two poll intervals, as chrony has it), unsync,
 * duplicate, jump, noisy. Remembers the reading for the next one. *ret_jump_ns is the size of a
 * jump when a jump has just been accepted as the truth, else 0.
 */
enum reject sanity_check(struct refclock *rc, struct ts_raw now,
	const struct refclock_reading *reading, int64_t *ret_jump_ns);

/* Uncertainty of a reading beside its bracket, ns: precision of reference and raw clock, and what
 * the driver says. */
int64_t sanity_dispersion_ns(const struct refclock *rc, const struct refclock_reading *reading);

/* A reading's time with the configured offset and without TAI-UTC. Saturates. */
struct ts_utc sanity_utc(const struct refclock *rc, const struct refclock_reading *reading);

/* Leap second that a reading announces: who shows TAI knows nothing of it, the list does. */
enum leap sanity_leap(const struct refclock *rc, const struct refclock_reading *reading);

/* Into 0..REFCLOCK_ERROR_MAX_NS, what messages hold. */
int64_t sanity_limited(int64_t ns);

/* 2^log2 s in ns; log2 in -7..24. */
int64_t sanity_interval_ns(int log2_s);

#endif
