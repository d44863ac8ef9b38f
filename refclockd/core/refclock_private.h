/* SPDX-License-Identifier: MIT */
/* refclock_private.h - what the parts of a reference clock share. */
#ifndef TB_REFCLOCK_PRIVATE_H
#define TB_REFCLOCK_PRIVATE_H

#include "refclockd/core/refclock.h"

/* An event, and with it the source; one too many is lost. */
void refclock_tell(struct refclock *rc, enum event_code code, int64_t value_ns, const char *text);

/* The sample of a reading; why: reject_ok, or the reason why it does not count. */
void refclock_fill_sample(struct refclock *rc, struct ts_raw now,
	const struct refclock_reading *reading, enum reject why);

#endif
