/* SPDX-License-Identifier: MIT */
/*
 * bank_memory.h - since when the oscillator has run as the line says. Pure.
 *
 * A bank forgets by itself. Those who carry old readings along its line (hardbound.h) must know
 * how far back it holds: a jump of the rate by more than wander and uncertainty explain, 4 standard
 * deviations, ends it. The rate now is compared with that some 64 to 128 readings ago, which is as
 * far as anybody carries them. A false alarm costs width, never truth.
 */
#ifndef TB_BANK_MEMORY_H
#define TB_BANK_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define BANK_MEMORY_READINGS 64

struct bank_memory_rate {
	int64_t raw_ns;
	double rate_ppb, var_ppb2;
};

struct bank_memory {
	struct bank_memory_rate young, old;
	int readings; /* since young; 0: empty */
};

/* Each reading's outcome; wander in ppb/sqrt(s). True: nothing before this reading counts. */
bool bank_memory_add(struct bank_memory *m, const struct bank_memory_rate *now, double wander_ppb);

#endif
