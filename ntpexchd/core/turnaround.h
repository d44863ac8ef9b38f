/* SPDX-License-Identifier: MIT */
/*
 * turnaround.h - how long a server holds our requests, and whether that can be foretold. Pure.
 *
 * In interleaved mode the time from receipt to departure (T3 - T2) of an exchange is known an
 * interval later. Waiting for it makes the measurement older by one interval; guessing it costs its
 * jitter. Where the last TURNAROUND_KEPT of them differ by far less than the round trips do (a
 * quarter: a sixteenth of the variance at most), the guess is better: mostly far servers and long
 * intervals. With stamps of network cards the network is quieter than any program, and waiting is.
 */
#ifndef NTPEXCHD_TURNAROUND_H
#define NTPEXCHD_TURNAROUND_H

#include <stdbool.h>
#include <stdint.h>

#define TURNAROUND_KEPT	 8
#define TURNAROUND_SHARE 4 /* the range of guesses may be this part of that of round trips */

struct turnaround {
	unsigned int count;
	int64_t turn_ns[TURNAROUND_KEPT], delay_ns[TURNAROUND_KEPT];
};

void turnaround_add(struct turnaround *t, int64_t turn_ns, int64_t delay_ns);
/* True if it is better guessed: the guess, and the range of those it rests on. */
bool turnaround_guess(const struct turnaround *t, int64_t *ret_turn_ns, int64_t *ret_range_ns);

#endif
