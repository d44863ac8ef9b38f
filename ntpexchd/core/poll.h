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
 * the interval) and from random walk of the rate (with its cube), so at twice the interval it is
 * at most 8 times as much:  g' = sqrt(1 + 8 (g^2 - 1)). The interval is doubled while g' stays
 * below POLL_GROWTH_MAX and halved when g is above it: 1.5 means that at the end of an interval no
 * more than half as much again is lost.
 *
 * Without a prediction (growth 0) the interval stays shortest for POLL_STEP_SAMPLES good samples
 * and doubles after each further POLL_STEP_SAMPLES.
 */
#ifndef NTPEXCHD_POLL_H
#define NTPEXCHD_POLL_H

#include <stdint.h>
#include "common/core/tstime.h"

#define POLL_MIN	   (-7)
#define POLL_MAX	   24
#define POLL_GROWTH_MAX	   1.5
#define POLL_STEP_SAMPLES  8 /* a register full of answers */
#define POLL_RAISE_SAMPLES 4 /* at the new interval, before it may double again */

struct poll_input {
	int minpoll, maxpoll; /* log2 s; minpoll <= maxpoll */
	int poll;	      /* current, log2 s */
	double growth;	      /* sd at the next poll over sd now; 0 unknown */
	uint8_t reach;	      /* register of the last eight polls, latest lowest */
	unsigned int samples; /* good ones since the interval last changed */
};

/* The interval to use from here on: poll - 1, poll or poll + 1, within minpoll..maxpoll. */
int poll_next(const struct poll_input *in);

/* 2^poll seconds; poll is clamped to POLL_MIN..POLL_MAX. */
struct ts_dur poll_interval(int poll);

#endif
