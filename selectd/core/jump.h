/* SPDX-License-Identifier: MIT */
/*
 * jump.h - a jump of the raw clock, seen by all sources at once. Pure.
 *
 * Without anything else that tells of a suspend, a migration or a restored snapshot, the sources
 * do: each one's next sample is off from its line by the same amount. Of a single sample the jump
 * is known to an interval,
 *
 *     sample - line, less what the sample may be wrong by, less the interval of the line
 *
 * both as hard as the source's kind allows, and less what no oscillator makes in the time since its
 * last sample (100 ppm: crystals of computers are within that of nominal, so their rate cannot
 * change by more). If that interval holds 0, nothing has jumped, as far as this source can see.
 *
 * The clock has jumped if more than half of the sources that could be selected, and at least two,
 * have a sample that says so, all by an amount in common, and none that was heard since the first
 * of these says no. Then what they say from the first on is good, and all before is void.
 */
#ifndef TB_JUMP_H
#define TB_JUMP_H

#include "selectd/core/source.h"

/* Looks at a sample before its track takes it, and keeps what it says in s->jump. */
void jump_look(struct source *s, const struct msg_sample *sample);

struct jump {
	struct ts_raw since;	 /* the first sample that shows it */
	int sources;		 /* that show it */
	int64_t low_ns, high_ns; /* by how much the sources are ahead of where they were */
};

/* True if the clock has jumped. Jumps of single sources that others refute are forgotten. */
bool jump_of_all(struct source *sources, int n, struct jump *ret);

#endif
