/* SPDX-License-Identifier: MIT */
/*
 * bank_route.h - round trips that are too short or too long for the path as it was. Pure.
 *
 * A round trip holds no clock error, so that it tells of the route what offsets cannot. With base
 * delay b (of one direction), jitter J and the Gaussian share g of the noise:
 *
 *   below 2b - (1.5 + 4g) J   impossible unless the route changed. Held back; two such within
 *                             six are a change, else all six are dropped. Not longer than the
 *                             track is worth: once its deviation exceeds J/n, what n edges tell,
 *                             two short ones decide, if both directions moved alike (a mistake is
 *                             soon mended then, while one of a single direction stays).
 *   above 2b + 6J             a queue or a longer route. Held back if the phase is known better
 *                             than half the excess, it can tell nothing then; used otherwise, or a
 *                             burst would leave a wandering clock alone. (Were they all used, the
 *                             interval between two late edges would let the phase drift.) Any ten
 * in a row whose smallest excess stands out of their own spread, min > 2 (mean - min) + 4J, or
 * sixty, are a change.
 *
 * Of an exchange whose stamps are uncertain themselves (an interleaved one that lost the server's
 * true time of departure) the limits are that much further off. Held back for being impossibly
 * short it took the readings before it along, which showed a jump of the rate.
 *
 * At a change the shortest of the held round trips tells by how much the base of both directions
 * moved, without any clock error. By how much they moved apart only the oscillator knows: the
 * difference of the smallest readings of each, less the phase. If it is within 4 (sd(x) + J/2) they
 * moved alike (or a quarter of the held ones' own spread, if that is more than J/2). Else one way
 * did: the difference is taken out of the readings from then on, and the uncertainty of the phase
 * at the time stays in the track's for good.
 *
 * A route changes in one direction alone, as a rule. If one of them is, within twice what phase and
 * edges can tell, sd(x) + J/n, and an eighth of what the other moved by, where it was, then it
 * stands still: its base delay is still known as well as ever and tells the phase, and the other's
 * is learnt anew (bank_pin()). Nothing of the phase's uncertainty at the time stays then.
 */
#ifndef TB_BANK_ROUTE_H
#define TB_BANK_ROUTE_H

#include <stdint.h>

#define BANK_ROUTE_HELD 10

enum bank_route_verdict { BANK_ROUTE_USE, BANK_ROUTE_HOLD, BANK_ROUTE_CHANGED };

struct bank_route {
	int watch; /* -1 short, 1 long round trips, 0 none */
	int run;   /* of them in a row, and since when */
	int64_t since_raw_ns;
	int held;
	double there_ns[BANK_ROUTE_HELD], back_ns[BANK_ROUTE_HELD];
	double phase_sd_ns; /* largest of the held */
	double scale_ns;    /* J of the last ordinary one, 0 none yet */
};

struct bank_route_view {
	int64_t raw_ns;
	double there_ns, back_ns; /* readings less the predicted phase: base and delay are left */
	double base_ns;
	double scale_ns; /* J as measured now */
	double gauss;	 /* share of the noise */
	double phase_sd_ns;
	double doubt_ns; /* the round trip may be off by that: its stamps are, as told */
	int samples;	 /* before this one; below 16 nothing is judged */
};

/* What moved. One-way: there and back are by how much; else both are 0 and the base moved. */
struct bank_route_change {
	double base_ns, there_ns, back_ns;
	double base_var_ns2, phase_var_ns2;
	int still; /* +1: only the way back moved, -1: only the way there; 0: both, or unknown */
};

/* ret_change is set with BANK_ROUTE_CHANGED only; the reading is not to be used then. */
enum bank_route_verdict bank_route_judge(struct bank_route *r, const struct bank_route_view *v,
	struct bank_route_change *ret_change);

#endif
