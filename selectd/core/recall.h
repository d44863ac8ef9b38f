/* SPDX-License-Identifier: MIT */
/*
 * recall.h - what selectd learns of a source beyond its samples: told with each verdict, and taken
 * up again by the next selectd from the source messages of who kept it (learned.h). Pure.
 *
 *   bias        joint.h's, with all that makes the line pass from one selectd to the next without
 *               a jump: how well it is known, its jumps, its variance. It is told against what the
 *               exchanges alone say (half way between there and back), as a new track knows of no
 *               change of one way from before its first sample. It has grown less certain since.
 *   rate        prior of the track, as of the oldest sample that publishers keep (64). The samples
 *               will come again, so their part in it is counted twice: a deviation is taken for
 *               two, which leaves a fifth too much of what is then known.
 *   disruption  number and instant of the last: what the source showed before is void, and a number
 *               that went back to 0 would be taken for another one.
 *   sleep       for how long the machine had slept by then. If that has grown, nobody was there to
 * see it, and samples of before look as if they were fresh: the raw clock stood still.
 *
 * Taken up is only what is of this boot, not of the future and not older than a day, before the
 * first estimate, and for what the source itself may do: its own bias, its own rate, a disruption
 * (which its publisher may tell anyway). The interval that holds the truth is made from samples
 * alone, so a false bias can put the line no further off than false samples could.
 */
#ifndef TB_RECALL_H
#define TB_RECALL_H

#include "selectd/core/source.h"

#define RECALL_AGE_MAX_NS (86400 * NS_PER_S)

/* What is known of the raw clock. */
struct recall_clock {
	int64_t disruptions;
	struct ts_raw disrupted;
	struct ts_dur slept; /* since the boot */
};

/* Into a verdict on a source that has a track. */
void recall_tell(const struct source *s, const struct recall_clock *clock, struct msg_verdict *v);

/* From the first source message. False if there is nothing to take up. s->bias is set, and
 * s->prior_*. */
bool recall_take(struct source *s, const struct learned *l, struct ts_raw now);

/* Once the source has a track: its bias against that. */
void recall_settle(struct source *s);

#endif
