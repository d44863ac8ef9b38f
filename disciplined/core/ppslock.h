/* SPDX-License-Identifier: MIT */
/*
 * ppslock.h - the PPS discipline of the nanokernel (RFC 1589 section 4, as amended by Mills and
 * Kamp, "The Nanokernel", PTTI 2000). For comparison. Pure.
 *
 * Phase: the last three offsets go through a median filter; their range is the jitter of the
 * moment. Where that exceeds four times its average (popcorn) the median is not used, else it is
 * the residual, of which each second 2^-shift is moved.
 *
 * Frequency: over a calibration interval of 2^shift seconds the free-running counter, here the raw
 * clock, is compared with the pulses. The result replaces the frequency; a change of more than
 * MAXWANDER is clipped and counts as a bad interval. After four good ones in a row the next are
 * twice as long, up to 256 s, after four bad ones half as long, down to 4 s.
 */
#ifndef DISCIPLINED_PPSLOCK_H
#define DISCIPLINED_PPSLOCK_H

#include <stdbool.h>
#include "common/core/tstime.h"

#define PPSLOCK_SHIFT_MIN 2 /* PPS_FAVG */
#define PPSLOCK_SHIFT_MAX 8 /* PPS_FAVGDEF */

struct ppslock {
	double frequency_ppb;
	double residual_ns;
	double tap_ns[3]; /* newest first */
	int taps;
	double jitter_ns; /* averaged range of the taps */
	int shift;
	int good; /* intervals in a row; negative: bad ones */
	bool begun;
	struct ts_raw from; /* where the interval began */
	struct ts_utc from_utc;
	double stability_ppb; /* averaged change between intervals */
	int popcorn, wander;  /* medians and intervals that were bad */
};

void ppslock_init(struct ppslock *p, double frequency_ppb);

/* A pulse at `at` that marks utc, when the clock was off by offset_ns (true time minus clock). */
void ppslock_update(struct ppslock *p, struct ts_raw at, struct ts_utc utc, double offset_ns);

/* What the clock is to be moved by in the next second, in ns. */
double ppslock_second_ns(struct ppslock *p);

/* The clock was stepped, or the pulses are others: phases and the interval begin anew. */
void ppslock_stepped(struct ppslock *p);

#endif
