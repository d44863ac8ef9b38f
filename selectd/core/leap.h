/* SPDX-License-Identifier: MIT */
/*
 * leap.h - when an agreed leap second happens, and what it does to history. Pure.
 *
 * A leap second stands at the end of a UTC month (ITU-R TF.460: of any, so far June and December).
 * POSIX time has none: an inserted one repeats a second, a removed one is skipped, so that the
 * line raw -> POSIX time jumps by -1 s when it reaches the end of the month, or by +1 s one second
 * before it. History up to there stays good, moved by that second.
 */
#ifndef TB_LEAP_H
#define TB_LEAP_H

#include <stdbool.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

struct leap_plan {
	enum leap kind;	    /* none, insert or remove: agreed on for the end of this month */
	struct ts_raw when; /* instant of the jump by the estimate; NEVER without */
	struct ts_raw past; /* instant of the last one, to ignore samples around it */
	bool has_past;
};

/* First instant of the UTC month after the one that holds utc. */
struct ts_utc leap_month_end(struct ts_utc utc);

/* Instant of the raw clock at which the line jumps for that kind of leap second. */
struct ts_raw leap_when(const struct ts_line *line, enum leap kind);

/* Shift of POSIX time by it: -1 s, +1 s or 0. */
struct ts_dur leap_shift(enum leap kind);

/* Readings of sources are not to be trusted that close to a leap second, past or planned. */
bool leap_is_near(const struct leap_plan *plan, struct ts_raw raw);

/* Sources go on announcing for some time after it; true while that is to be ignored. */
bool leap_is_echo(const struct leap_plan *plan, struct ts_raw raw);

#endif
