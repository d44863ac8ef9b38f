/* SPDX-License-Identifier: MIT */
/*
 * leap.h - when a leap second happens, from what is announced: a pure function
 * (state, event) -> state.
 *
 * Announcements count only on the last day of June and December (the dates that ITU-R TF.460
 * prefers and all leap seconds so far had), since servers announce a month ahead and broken ones
 * at any time.
 *
 *   idle --announced on such a day--> armed --its instant passed--> done --an hour--> idle
 *     ^--------withdrawn, or clock set to another day---------'
 *
 * In "done" announcements are ignored: the clock shows 23:59:59 twice, and servers go on
 * announcing.
 */
#ifndef DISCIPLINED_LEAP_H
#define DISCIPLINED_LEAP_H

#include <stdbool.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

#define LEAP_DONE_NS (3600 * NS_PER_S)

enum leap_phase { LEAP_IDLE, LEAP_ARMED, LEAP_DONE };

struct leap_state {
	enum leap_phase phase;
	enum leap kind; /* leap_none, _insert, _remove */
	/* POSIX time at which the clock jumps by leap_step_ns(): insert: 00:00:00 of the next day,
	 * remove: 23:59:59. */
	struct ts_utc effect;
};

struct leap_event {
	struct ts_utc now;   /* what the clock shows */
	enum leap announced; /* what sources, or the leap list, say */
	bool passed; /* the armed instant is over (now is behind it again after an insert) */
};

struct leap_state leap_next(struct leap_state s, struct leap_event e);

/* -1 s (insert), +1 s (remove), 0. */
int64_t leap_step_ns(enum leap kind);

/* Is it the last day of June or December? */
bool leap_day(struct ts_utc now);

#endif
