/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_memory.h"

#define SIGMAS 4.0

static bool differ(
	const struct bank_memory_rate *a, const struct bank_memory_rate *b, double wander_ppb)
{
	double d = a->rate_ppb - b->rate_ppb, dt_s = 1e-9 * ((double)b->raw_ns - (double)a->raw_ns);
	double var = a->var_ppb2 + b->var_ppb2 + wander_ppb * wander_ppb * dt_s;

	return d * d > SIGMAS * SIGMAS * var;
}

bool bank_memory_add(struct bank_memory *m, const struct bank_memory_rate *now, double wander_ppb)
{
	if (m->readings == 0 || differ(&m->old, now, wander_ppb) ||
		differ(&m->young, now, wander_ppb)) {
		m->young = m->old = *now;
		m->readings = 1;
		return true;
	}
	if (++m->readings > BANK_MEMORY_READINGS) {
		m->old = m->young;
		m->young = *now;
		m->readings = 1;
	}
	return false;
}
