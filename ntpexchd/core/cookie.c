/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/cookie.h"

static uint64_t rotate(uint64_t v, int bits)
{
	return v << bits | v >> (64 - bits);
}

static void rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t cookie_hash(const uint64_t key[2], uint64_t word)
{
	/* "somepseudorandomlygeneratedbytes", as the paper has it */
	uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d), key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t last = UINT64_C(8) << 56; /* length of the message */

	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void cookie_init(struct cookie *c, uint64_t seed)
{
	static const uint64_t fixed[2] = {
		UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xc2b2ae3d27d4eb4f)};

	/* One way: the key does not give the seed away, which other generators may share. */
	c->key[0] = cookie_hash(fixed, seed);
	c->key[1] = cookie_hash((const uint64_t[2]){c->key[0], fixed[1]}, seed);
	c->counter = 0;
}

uint64_t cookie_next(struct cookie *c)
{
	uint64_t v;

	do
		v = cookie_hash(c->key, c->counter++);
	while (v == 0);
	return v;
}
