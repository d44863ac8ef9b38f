/* SPDX-License-Identifier: MIT */
/*
 * classic_loop.h - phase and rate from what the clock filter lets through: the clock state machine
 * of NTP (RFC 5905 section 11.3, its code A.5.5.6) with an ideal clock. Pure.
 *
 * The RFC closes its loop around a clock: phase and frequency creep after the offsets, and the
 * clock is the answer. Here the answer is a line and who steers is another (disciplined's
 * `discipline pllfll` has the loop with its time constants), so of the state machine this is left:
 *
 *   phase  the line passes through the filter's newest choice
 *   rate   measured directly once, over WATCH from the first sample on; after that the frequency
 *          lock part, which predicts from successive offsets: rate += theta / (max(mu, ALLAN) AVG),
 *          theta the choice's offset against the line so far, mu the time between the two choices.
 *          The RFC uses it from polls of half the Allan intercept on and its phase lock below;
 *          that needs a residual phase, of which a line has none.
 *   steps  a theta above STEPT is a spike and ignored until it has lasted for WATCH; then the line
 *          is moved and its rate kept
 *
 * Certainty: the RFC has jitter (the filter's), clock jitter (successive offsets) and wander
 * (successive rates). The standard deviation of the rate, which it has not, is what remains of
 * offsets averaged over the Allan intercept, and what the filter's jitter makes of the rate over
 * the time that it remembers.
 */
#ifndef TB_CLASSIC_LOOP_H
#define TB_CLASSIC_LOOP_H

#include <stdbool.h>
#include "selectd/core/classic_filter.h"

#define CLASSIC_ALLAN_S	    1500.0 /* ALLAN, compromise Allan intercept */
#define CLASSIC_AVG	    4.0	   /* AVG */
#define CLASSIC_WATCH_S	    900.0  /* WATCH, stepout threshold */
#define CLASSIC_STEPT_NS    128e6  /* STEPT, step threshold */
#define CLASSIC_MAXFREQ_PPB 500e3  /* MAXFREQ */

/* NSET, FREQ, SYNC and SPIK of the RFC; FSET is CLASSIC_SYNC from the first sample on. */
enum classic_state { CLASSIC_NSET, CLASSIC_FREQ, CLASSIC_SYNC, CLASSIC_SPIK };

struct classic_loop {
	enum classic_state state;
	struct ts_line line;	    /* through the last choice that was used */
	struct classic_stage start; /* where the direct measurement of the rate began */
	double prior_sd_ppb;
	double clock_jitter_ns;
	double change_ppb; /* c.wander: RMS of the rate's changes, one an update */
	double interval_s; /* the last mu */
	double lag_ppb;	   /* offsets per time, averaged over ALLAN */
	double span_s;	   /* since the start */
};

/* prior: what is known of the rate. A frequency known within PHI is one from a file. */
void classic_loop_init(struct classic_loop *l, double rate_ppb, double rate_sd_ppb);

/* A new choice of the filter. False: ignored. */
bool classic_loop_update(struct classic_loop *l, const struct classic_peer *peer);

double classic_loop_rate_sd_ppb(const struct classic_loop *l, double jitter_ns);

/* Random walk of the rate that its changes look like, ppb/sqrt(s); 0: not known. */
double classic_loop_wander_ppb(const struct classic_loop *l);

void classic_loop_shift(struct classic_loop *l, struct ts_dur shift);

#endif
