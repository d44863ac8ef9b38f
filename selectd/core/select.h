/* SPDX-License-Identifier: MIT */
/*
 * select.h - which sources to believe, and how much. Pure.
 *
 * In order: candidates (source.h) -> interval of the truth by each -> majority (intersect.h) ->
 * require, minsources, prefer -> the selected source, with hysteresis -> which others are near
 * enough to be combined -> weights.
 *
 * Who was found false stays so until it agrees, by evidence (suspect.h), with somebody who was not,
 * or with our own line within its bound: the last to fall silent may be the liar, and so may be the
 * first to answer after an outage of all. Whoever contradicts our own line in holdover, be it only
 * by a newest sample that is in doubt, has to wait for the answers of most (quorum.h).
 *
 * Who is in doubt, with a newest sample that misses what the majority leaves, keeps its vote, since
 * its interval reaches from its line to the sample; beside others it has no weight before it is
 * known which of the two it was.
 *
 * Weights fall with the square of the root distance. What differs between agreeing sources for
 * long is the asymmetry of their paths, which no filter can see and which grows with the distance:
 * the nearest alone is a poor choice (1.4 to 1.8 times the error of a weighted mean), equal weights
 * are poor where distances differ much; 1/distance^2 is within some 10 % of the best fixed rule
 * over several laws of asymmetry.
 */
#ifndef TB_SELECT_H
#define TB_SELECT_H

#include "selectd/core/quorum.h"
#include "selectd/core/source.h"
#include "selectd/core/suspect.h"

#define SOURCES_MAX 64

struct selection {
	struct ts_raw at;   /* instant of the judgement */
	struct ts_utc base; /* UTC there that offsets are against */
	bool has_base;
	int usable;		    /* candidates */
	int agreeing;		    /* truechimers */
	int combined;		    /* with a weight */
	int selected;		    /* index of the one with the largest weight; -1: no choice */
	int64_t low_ns, high_ns;    /* the truth minus base lies between, says the majority */
	struct witness witness;	    /* who knows best, if there is a majority */
	enum verdict_reason reason; /* why there is no choice */
	enum leap leap;		    /* what most announce of the agreeing that can tell */
};

/*
 * Judges all sources: fills their `now`, and the answer. `selected` is in/out: the index selected
 * before or -1. sample_of: index of the source a new sample of which is the occasion, or -1 (only
 * such a source's score moves). may_wait: no choice was made yet, so that the first has to wait
 * until most of those expected have answered (quorum.h); hold: not even then. own: what was
 * estimated before, with its bound; one of the witnesses against those that were found false
 * before. holding: nothing else is left of time; who contradicts that has to wait for most of those
 * expected, too.
 */
struct select_occasion {
	struct ts_raw at, now;
	int selected, sample_of;
	bool may_wait, hold, holding;
	const struct quorum *quorum; /* if may_wait or holding */
	bool has_own;
	struct ts_utc own; /* at `at` */
	int64_t own_bound_ns;
};
void select_run(struct source *sources, int n, const struct selectd_config *config,
	const struct select_occasion *occasion, struct selection *ret);

#endif
