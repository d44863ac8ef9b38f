/* SPDX-License-Identifier: MIT */
/*
 * phc_noise.h - what many readings of a PTP hardware clock come down to, once their noise has been
 * looked at. Pure.
 *
 * A reading is wrong by what delayed it. Of a delay between two readings of the system clock the
 * bracket shows the length, so that the least of each leg is the best guess (as of both ways of a
 * network). Noise of the clock's own stamp shows in no bracket: it moves the offset and leaves the
 * width alone. Which of the two it is, is told by variances: independent legs give the offset a
 * quarter of the variance of the width.
 *
 * Noise that no bracket shows may be symmetric, and is averaged then, or come from a delay, and is
 * then on one side and has an edge: the average would keep its mean, the median 0.69 of that, but
 * the outermost reading of n only a part 1/n. The law (Gaussian, or exponential to either side) is
 * found from the batches of late by likelihood. What is left at the edge is not taken off: it is as
 * one-sided as before, and whoever fits a line through the samples takes their edge by himself
 * (selectd/core/bank_shapes.h), so that the truth must stay where the edge is.
 */
#ifndef TB_PHC_NOISE_H
#define TB_PHC_NOISE_H

#include "common/core/phc_reading.h"

/* Fewer readings than this say nothing about their noise: the narrowest bracket is taken. */
#define PHC_NOISE_READINGS_MIN 8
/* Batches that count: a change of the noise is followed in a few seconds or minutes. */
#define PHC_NOISE_MEMORY 16
/* Independent legs make this ratio 1, readings of 25 scatter it by half. */
#define PHC_NOISE_HIDDEN_RATIO 2.0
/* To take the edge for the truth is a strong statement: a likelihood ratio of 3000 (e^8). */
#define PHC_NOISE_EVIDENCE 8.0

/* All zero at the start. */
struct phc_noise {
	int batches;	    /* up to PHC_NOISE_MEMORY */
	double log_ratio;   /* mean log of the offset's variance over that which widths explain */
	double late, early; /* log likelihood of that law over the Gaussian */
};

/*
 * Learns from the batch, and answers with the best of it. *ret names a reading of the batch, with
 * its bracket; phc_ns may have been moved from what it showed. noise_ns: standard deviation that
 * hidden noise leaves, 0 where there is none. Readings left out: those that phc_reading_best()
 * leaves out, and wild ones. A clock that does not advance is answered as it stands. 0, or -ENODATA
 * (and *n as it was) if none is left.
 */
int phc_noise_best(struct phc_noise *n, const struct phc_batch *batch, struct phc_best *ret);

#endif
