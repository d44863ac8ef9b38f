/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "common/core/prng.h"

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void prng_init(struct prng *g, uint64_t seed)
{
	int i;

	for (i = 0; i < 4; i++)
		g->s[i] = splitmix64(&seed);
}

static uint64_t rotate(uint64_t v, int bits)
{
	return v << bits | v >> (64 - bits);
}

uint64_t prng_u64(struct prng *g)
{
	uint64_t *s = g->s;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

/* Draws again where 2^64 is not a multiple of n. */
uint64_t prng_below(struct prng *g, uint64_t n)
{
	uint64_t skip, v;

	if (n == 0)
		return 0;
	skip = (0 - n) % n;
	do {
		v = prng_u64(g);
	} while (v < skip);
	return v % n;
}

double prng_uniform(struct prng *g)
{
	return (double)(prng_u64(g) >> 11) * 0x1p-53;
}

/* Marsaglia's polar method. The second number of the pair is left: no state beside s. */
double prng_normal(struct prng *g)
{
	double u, v, q;

	do {
		u = 2 * prng_uniform(g) - 1;
		v = 2 * prng_uniform(g) - 1;
		q = u * u + v * v;
	} while (q >= 1 || q <= 0);
	return u * sqrt(-2 * log(q) / q);
}

double prng_exponential(struct prng *g)
{
	return -log(1 - prng_uniform(g));
}
