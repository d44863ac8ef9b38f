/* SPDX-License-Identifier: MIT */
/*
 * turnaround.h - how long a server holds our requests, and whether that can be foretold. Pure.
 *
 * In interleaved mode the time from receipt to departure (T3 - T2) of an exchange is known an
 * interval later. Waiting for it makes the measurement older by one interval; guessing it costs its
 * jitter, which blurs the edge of the round trips: an estimator of many samples knows that edge far
 * better than a single round trip shows. So guesses are for where the last TURNAROUND_KEPT of them
 * differ by no more than the deviation of the estimate of the offset (of which a range's sixth is
 * the guess's own, half its deviation: three per cent of the variance): mostly far servers and long
 * intervals. Where samples come fast, one interval is no age.
 */
#ifndef NTPEXCHD_TURNAROUND_H
#define NTPEXCHD_TURNAROUND_H

#include <stdbool.h>
#include <stdint.h>

#define TURNAROUND_KEPT 8

struct turnaround {
	unsigned int count;
	int64_t turn_ns[TURNAROUND_KEPT];
};

void turnaround_add(struct turnaround *t, int64_t turn_ns);
/* True if it is better guessed: the guess, and the range of those it rests on. offset_sd_ns: how
 * well the server's offset is known; 0 that is not known. */
bool turnaround_guess(const struct turnaround *t, double offset_sd_ns, int64_t *ret_turn_ns,
	int64_t *ret_range_ns);

#endif
