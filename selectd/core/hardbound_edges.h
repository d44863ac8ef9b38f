/* SPDX-License-Identifier: MIT */
/*
 * hardbound_edges.h - edges carried by the rate that they tell themselves: the part of hardbound.c
 * for oscillators that walk (hardbound.h has the derivation). Pure.
 *
 * Any edge carried by the rate since any older one on the other side is a bound. Which pair is the
 * tightest is looked for once a sample, among all; until the next one only those are asked that
 * were the tightest then, or would be some intervals later. That costs a fifth, and nothing at the
 * instant of the sample itself.
 */
#ifndef TB_HARDBOUND_EDGES_H
#define TB_HARDBOUND_EDGES_H

#include "selectd/core/hardbound.h"

/* A sample's edges as distances outwards from the line at its instant, and how long ago that is. */
struct hardbound_edge {
	double age_s, high_ns, low_ns;
	bool unseen; /* from before a silence */
};

/* Of n > 0 edges, newest first, the pairs that are the tightest ahead_s from the instant of the
 * line. */
struct hardbound_search {
	const struct hardbound_edge *edge;
	int n;
	const struct hardbound_line *line;
	double scale; /* the wander is so many times the line's */
	double ahead_s[HARDBOUND_PAIRS];
	int instants;
};
void hardbound_search_run(const struct hardbound_search *s, struct hardbound_pairs *ret);

/* Distance outwards from the line of what a pair leaves on that side (1 high, -1 low). An edge by
 * itself (near == far), or at or before the instant of the line, is carried along the line. */
double hardbound_edges_carried(const struct hardbound_edge *near, const struct hardbound_edge *far,
	int side, const struct hardbound_line *line, double scale);

/* What an edge widens by along the line. */
double hardbound_widening(const struct hardbound_line *line, double scale, double age_s);

#endif
