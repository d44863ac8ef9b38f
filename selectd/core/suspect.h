/* SPDX-License-Identifier: MIT */
/*
 * suspect.h - who was found false, and what acquits it. Pure.
 *
 * That two intervals meet is evidence only if they could have missed each other. An interval grows
 * with age and wander, reaches as far as a sample in doubt, and is as wide as a rate that nobody
 * knows makes it after a disruption; the majority's does too. So a falseticker that goes on saying
 * the same comes to agree again and again, by others' ignorance or its own; it would be given
 * weight then, and where it is the narrower one the truth would be looked for inside its interval.
 *
 * Hence: remembered is by how much D its line was off when it was found false last, from the line
 * known best of those that agreed. It is acquitted when it agrees by a new sample, is nearer now to
 * the line known best than to what it said then, and both lines are known well enough to tell: to
 * half of D. Any other agreement counts neither for it nor against: it is no vote, gives no edge,
 * and has no weight. Only when nobody agrees who was never found false is it followed without, so
 * that nobody is locked out for good.
 */
#ifndef TB_SUSPECT_H
#define TB_SUSPECT_H

#include "selectd/core/source.h"

/* The line known best of those that agree, against the base, and within what it is sure. */
struct witness {
	int64_t offset_ns;
	double sure_ns;
};

/* A witness by its own line. */
struct witness suspect_witness(const struct source *s);

/* s was found false. */
void suspect_convict(struct source *s, const struct witness *w);

void suspect_acquit(struct source *s);

/* Says s otherwise than when it was found false? */
bool suspect_has_changed(const struct source *s, const struct witness *w);

#endif
