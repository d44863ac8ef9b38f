/* SPDX-License-Identifier: MIT */
/*
 * intersect.h - where a majority of intervals agrees (Marzullo 1984; RFC 5905 section 11.2.1).
 * Pure.
 *
 * If fewer than half of the sources are wrong, the truth lies where most intervals overlap. Found
 * is the smallest interval low..high that holds every point of the greatest overlap; those that
 * contain all of it are the truechimers (they have it in common, so their intervals intersect),
 * the others falsetickers. Trusted sources count first: the greatest overlap of trusted ones is
 * sought, and of all only among places with that.
 */
#ifndef TB_INTERSECT_H
#define TB_INTERSECT_H

#include <stdbool.h>
#include <stdint.h>

#define INTERSECT_MAX 64

struct interval {
	int64_t low_ns, high_ns; /* low <= high */
	bool trusted;
	bool agrees; /* out: contains the common interval */
};

struct intersection {
	int64_t low_ns, high_ns; /* common interval */
	int depth;		 /* intervals that overlap there at most */
	int trusted_depth;
	bool majority; /* more than half of the trusted, or of all if none is */
};

/* n in 0 .. INTERSECT_MAX; agrees is false throughout without a majority. */
void intersect_run(struct interval *v, int n, struct intersection *ret);

#endif
