/* SPDX-License-Identifier: MIT */
/*
 * poll.h - how often an NTP source is asked. Pure.
 *
 * When is the next packet worth sending? Let V(t) be the variance of the estimate's phase t after
 * the last sample, and let a packet cost as much as a price p of variance times time. To wait a
 * little longer adds V(t) to the account; to ask begins a new round, and in the long run each
 * second of those costs what all do on average, C = mean of V + p / mean interval. So wait until
 *
 *   V(t) = C,
 *
 * a level that does not depend on what the last sample brought (the rule for replacing what wears
 * out: when it costs as much a second as the average). An answer that was delayed leaves V high:
 * the next is asked for soon. One that met no queue leaves it low, and the interval is long. Where
 * delays are exponential one sample is worth many others, and this takes a tenth off the error of
 * equal spacing with as many packets; to judge by V(t) / V(0) puts a fifth on it.
 *
 * The price decides the level. It is told in what a packet brings: R, the variance of one sample's
 * midpoint (the square of jitter_ns). Up to about POLL_WORTH = 0.7 R the error falls with
 * packets^0.65 wherever one stands: noise rules. Beyond, a packet is worth more and more
 * (packets^0.8 at 2 R, packets^1.5 far beyond, where only wander counts), so it is asked for. At
 * 0.7 R a sample takes 0.6 of V away if delays are exponential, 0.41 if Gaussian.
 * Two things move the level. Half the round trip is what an asymmetry of the path may hide whatever
 * we do: while the error stays below a POLL_FINE_SHARE of the round trip, a fifth of that, packets
 * are saved up to POLL_WORTH_FINE = 2.5 R (0.79 and 0.71 are taken away). And where the error exceeds
 * the whole round trip nothing else is as wrong: down to POLL_WORTH_COARSE = 0.25 R.
 *
 * selectd tells g = sd(after this interval I) / sd(now) and the deviation r of the rate, so
 *
 *   V(t) = s^2 + (2^(1/2) s r I) (t/I) + (r I)^2 (t/I)^2 + (the rest of s^2 (g^2 - 1)) (t/I)^3
 *
 * with the correlation of phase and rate of pace.h, and wander as the rest. The interval is set to
 * the longest that keeps V below the level, in quarters of an octave (a power of two would be
 * coarse: an octave is up to 2.8 times the error), at most an octave beyond the one foretold.
 *
 * To ask again at once supposes that the next answer meets another queue. Queues last, though, and
 * who asks at once until an answer is good asks mostly while none is. An answer that takes less
 * than POLL_USELESS of V away comes by chance once in 20 if delays are
 * exponential (at 0.7 R; 1 in 10 at 0.4 R), and three times in four if they are ten times longer
 * than they used to be. So after such a one the interval gets no shorter, and after the second in a
 * row an octave longer; as V grows in the meantime, sooner or later an answer is of use again.
 *
 * Without a prediction (growth 0) the interval stays shortest for POLL_STEP_SAMPLES good samples
 * and grows by a quarter octave after each further POLL_STEP_SAMPLES / POLL_PARTS.
 */
#ifndef NTPEXCHD_POLL_H
#define NTPEXCHD_POLL_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define POLL_MIN	  (-7)
#define POLL_MAX	  24
#define POLL_PARTS	  4   /* of an octave */
#define POLL_WORTH	  0.7 /* of a sample's variance */
#define POLL_WORTH_FINE	  2.5
#define POLL_WORTH_COARSE 0.25
#define POLL_FINE_SHARE	  0.1
#define POLL_USELESS	  0.05
#define POLL_STEP_SAMPLES 8 /* a register full of answers */

struct poll_input {
	int minpoll, maxpoll;	   /* log2 s; minpoll <= maxpoll */
	int parts;		   /* current, log2 s in POLL_PARTS: 26 is 2^6.5 s */
	double growth;		   /* sd at the next poll over sd now; 0 unknown */
	double sd_ns, rate_sd_ppb; /* of phase and rate now */
	double interval_s;	   /* what growth is told for; > 0 where growth is */
	double jitter_ns;	   /* sd of one sample */
	double base_delay_ns;	   /* smallest round trip */
	int polls;		   /* that make one sample; at least 1 */
	uint8_t reach;		   /* register of the last eight polls, latest lowest */
	unsigned int samples;	   /* good ones since the start */
};

/* Kept between two judgements; zeroed at the start. */
struct poll_memory {
	double foretold_ns2; /* variance just before the next answer; 0 unknown */
	bool useless;	     /* the last answer was */
};

/* The interval to use from here on, in parts, within minpoll..maxpoll. */
int poll_next(const struct poll_input *in, struct poll_memory *memory);

/* 2^(parts / POLL_PARTS) seconds, and that as a whole exponent, rounded down. */
struct ts_dur poll_parts_interval(int parts);
int poll_of_parts(int parts);

/* 2^poll seconds; poll is clamped to POLL_MIN..POLL_MAX. */
struct ts_dur poll_interval(int poll);

#endif
