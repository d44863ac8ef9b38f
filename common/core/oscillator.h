/* SPDX-License-Identifier: MIT */
/*
 * oscillator.h - the test oscillator: a bend of the raw clock that a whole suite shares. Pure.
 *
 *   bent(k) = k + freq (k - epoch) + integral of a random walk of the rate     (k >= epoch)
 *   bent(k) = k                                                              (k <  epoch)
 *
 * k and epoch: kernel raw ns. The walk takes one step a second, made from seed and the number of
 * the second alone, so that every process computes the same. All arithmetic is in integers (rates
 * in 1e-15, phase in 1e-15 ns): exact over months, monotonic, equal on every machine.
 */
#ifndef TB_OSCILLATOR_H
#define TB_OSCILLATOR_H

#include <stdbool.h>
#include <stdint.h>

#define OSCILLATOR_FREQ_PPB_MAX 100000000.0 /* 10 % */
#define OSCILLATOR_WANDER_MAX	1e-3

struct oscillator {
	int64_t epoch_ns;
	int64_t freq_fe;   /* rate, 1e-15 */
	int64_t wander_fe; /* standard deviation of a step, 1e-15 */
	uint64_t seed;
	/* The walk at the second last asked for; moves both ways, so any order of calls agrees. */
	int64_t second;
	int64_t rate_fe;
	__int128 phase; /* at the start of that second, 1e-15 ns */
};

/* freq_ppb within +-OSCILLATOR_FREQ_PPB_MAX, wander (1/sqrt(s)) within 0..OSCILLATOR_WANDER_MAX.
 * 0 or -ERANGE. */
int oscillator_init(
	struct oscillator *o, int64_t epoch_ns, double freq_ppb, double wander, uint64_t seed);

/* The bent instant. Takes time in proportion to the seconds since the last call's instant. */
int64_t oscillator_at(struct oscillator *o, int64_t kernel_raw_ns);

#endif
