/* SPDX-License-Identifier: MIT */
/*
 * prng.h - seeded generator: xoshiro256** (Blackman, Vigna 2018), its state filled by splitmix64.
 * The same seed gives the same numbers everywhere (normal and exponential as far as libm's log and
 * sqrt agree). Not for keys or nonces. Pure.
 */
#ifndef TB_PRNG_H
#define TB_PRNG_H

#include <stdint.h>

struct prng {
	uint64_t s[4];
};

/* Any seed is good, 0 too. */
void prng_init(struct prng *g, uint64_t seed);

/* All 64 bits evenly distributed. */
uint64_t prng_u64(struct prng *g);

/* 0 to n - 1, each alike; n >= 1 (0 gives 0). */
uint64_t prng_below(struct prng *g, uint64_t n);

/* At least 0, below 1, in steps of 2^-53. */
double prng_uniform(struct prng *g);

/* Mean 0, standard deviation 1. */
double prng_normal(struct prng *g);

/* Mean 1. */
double prng_exponential(struct prng *g);

#endif
