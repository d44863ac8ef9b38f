/* SPDX-License-Identifier: MIT */
/*
 * poll.h - how often an NTP source is asked. Pure: a function of what is known, without memory.
 *
 * A longer interval costs accuracy between polls and saves packets. The judge is the growth of the
 * estimate's standard deviation from one poll to the next, as selectd predicts it:
 *
 *   growth g = sd(next poll) / sd(now)
 *
 * The variance gained in between, g^2 - 1, comes from the unknown rate (grows with the square of
 * the interval) and from random walk of the rate (with its cube), so in an interval r times as
 * long it is at most r^3 times as much:  g' = sqrt(1 + r^3 (g^2 - 1)). The interval moves by
 * quarters of an octave: up by one while g' stays within the limit, down by as many as bring it
 * there, four at most. A power of two would be coarse: an octave is up to 2.8 times the error.
 *
 * The limit: where noise rules, the error grows with interval^0.6, and where wander rules, with
 * interval^1.5; the bend is where a sample is worth about as much as what wandered since the one
 * before. Up to POLL_GROWTH_MAX = 1.9 packets are still paid for in full. Beyond that and up to
 * POLL_GROWTH_FINE = 2.8, the bend's middle, only if the predicted sd stays below a
 * POLL_FINE_SHARE of the smallest round trip: half that round trip is what an asymmetry of the
 * path may hide whatever we do, and accuracy of a fifth of that is worth fewer packets. Where the
 * sd exceeds the round trip itself nothing else is as wrong, and the limit is POLL_GROWTH_COARSE.
 *
 * Without a prediction (growth 0) the interval stays shortest for POLL_STEP_SAMPLES good samples
 * and grows by a quarter octave after each further POLL_STEP_SAMPLES / POLL_PARTS.
 */
#ifndef NTPEXCHD_POLL_H
#define NTPEXCHD_POLL_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define POLL_MIN	   (-7)
#define POLL_MAX	   24
#define POLL_PARTS	   4 /* of an octave */
#define POLL_GROWTH_MAX	   1.9
#define POLL_GROWTH_FINE   2.8
#define POLL_GROWTH_COARSE 1.5
#define POLL_FINE_SHARE	   0.1
#define POLL_STEP_SAMPLES  8 /* a register full of answers */

struct poll_input {
	int minpoll, maxpoll;	     /* log2 s; minpoll <= maxpoll */
	int parts;		     /* current, log2 s in POLL_PARTS: 26 is 2^6.5 s */
	double growth;		     /* sd at the next poll over sd now; 0 unknown */
	double sd_ns, base_delay_ns; /* sd now; smallest round trip */
	uint8_t reach;		     /* register of the last eight polls, latest lowest */
	unsigned int samples;	     /* good ones since the start */
};

/* The interval to use from here on, in parts, within minpoll..maxpoll. */
int poll_next(const struct poll_input *in);

/* 2^(parts / POLL_PARTS) seconds, and that as a whole exponent, rounded down. */
struct ts_dur poll_parts_interval(int parts);
int poll_of_parts(int parts);

/* 2^poll seconds; poll is clamped to POLL_MIN..POLL_MAX. */
struct ts_dur poll_interval(int poll);

#endif
