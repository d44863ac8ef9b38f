/* SPDX-License-Identifier: MIT */
/*
 * lock.h - which second (or part of one) does a pulse mark? Pure.
 *
 * A pulse says that a multiple of 1/rate s begins, not which. Another source, or the estimate,
 * tells the time to well within half of that; the pulse then gives the rest. Where both edges of
 * the pulses are captured, the true ones mark a multiple of 1/rate and the others lie the width of
 * a pulse behind: the numbering source must then be good enough to tell them apart.
 */
#ifndef TB_REFCLOCK_LOCK_H
#define TB_REFCLOCK_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

/* The time that numbers must lie within this part of a period of what the pulse then says. */
#define LOCK_LIMIT 0.4
/* Rate error of the raw clock, at most, while the numbering time ages. */
#define LOCK_DRIFT_PPM 500

struct lock_config {
	int rate;	  /* Hz, 1 or more */
	int max_age;	  /* of a reference, in pulses */
	int64_t width_ns; /* of a pulse of which both edges come; 0: only one does */
};

/* Time that may number pulses. */
struct lock_reference {
	bool valid;
	struct ts_raw raw;
	struct ts_utc utc;
	int64_t error_ns;
	enum leap leap;
};

/* Time between pulses, rounded to ns. */
int64_t lock_period_ns(int rate);

/*
 * What must be added to utc, which a pulse at raw claims with error_ns, so that it is the time
 * that ref says but for less than half a period. reject_ok, or why it cannot be told:
 *   unlocked  there is no reference, it is too old, or its own error is too large
 *   edge      by the reference this is the other edge of a pulse, or none at all
 * *ret_shift_ns is written on reject_ok only.
 */
enum reject lock_pulse(const struct lock_config *config, const struct lock_reference *ref,
	struct ts_raw raw, struct ts_utc utc, int64_t error_ns, int64_t *ret_shift_ns);

#endif
