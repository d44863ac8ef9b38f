/* SPDX-License-Identifier: MIT */
/*
 * bank_hypothesis.h - one Gaussian state of a track, for one wander and one law of noise. Pure.
 *
 * State (x, f, b): phase of the reference against the raw clock (ns), its rate (ppb = ns/s) and the
 * base delay of one direction (ns), the latter 0 for one-way references. The oscillator is a random
 * walk of the rate, f += w N(0,1) sqrt(dt), w in ppb/sqrt(s); over dt
 *
 *     x += f dt,   Q = w^2 [ dt^3/3  dt^2/2 ;  dt^2/2  dt ]
 *
 * and the base delay creeps by its own random walk. A reading is h (x, f, b) + noise with
 * h = (sign, 0, 1 or 0); see bank_reading.h for what it does to the state.
 */
#ifndef TB_BANK_HYPOTHESIS_H
#define TB_BANK_HYPOTHESIS_H

#include "selectd/core/bank_reading.h"

struct bank_hypothesis {
	double x_ns, rate_ppb, base_ns;
	double pxx, pxr, pxb, prr, prb, pbb; /* covariance: ns^2, ns ppb, ns^2, ppb^2, ppb ns */
	double weight;			     /* among the wanders of its shape; they add up to 1 */
};

/* dt_s >= 0; creep_ns2: variance the base delay gains. */
void bank_hypothesis_predict(
	struct bank_hypothesis *h, double dt_s, double wander_ppb, double creep_ns2);

/* One reading y_ns of direction +1 (x + share b) or -1 (-x + share b), share 1 or 0. *density is
 * multiplied by its density. */
void bank_hypothesis_update(struct bank_hypothesis *h, double sign, double share, double y_ns,
	const struct bank_noise *noise, struct bank_density *density);

/* ret is the mixture of n states with weights: same mean and covariance. The weights add up to 1
 * and are theirs, not those in the states; ret->weight is left as it is. */
void bank_hypothesis_merge(struct bank_hypothesis *ret, const struct bank_hypothesis *const *from,
	const double *weight, int n);

#endif
