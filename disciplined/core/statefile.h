/* SPDX-License-Identifier: MIT */
/*
 * statefile.h - what disciplined knows of its clock, as text that outlives it. Pure.
 *
 * The content of the shared page's line (common/core/shadow_page.h), which outlives the daemon but
 * not /run, and beside it where its raw times hold (kernel boot, test oscillator) and the wander of
 * the rate, which tells how much the rate is worth later. One "word value" a line, all of them
 * integers, a rate in fs/s (1e-6 ppb), so that it reads the same in any locale:
 *
 *     timebus-state 1
 *     boot 6b1d...          32 hex digits
 *     rate_fs_s 20123456000
 *
 * Unknown words are for later versions and passed over; a word that is missing, twice there or out
 * of range makes the file none.
 */
#ifndef DISCIPLINED_STATEFILE_H
#define DISCIPLINED_STATEFILE_H

#include <stddef.h>
#include "common/core/shadow_page.h"

#define STATE_TEXT_SIZE 2048
#define STATE_BOOT_SIZE 16

struct saved_state {
	uint8_t boot[STATE_BOOT_SIZE]; /* all zero: not known */
	uint64_t oscillator;
	struct shadow_line line;
	double wander_ppb; /* random walk of the rate, ppb/sqrt(s); 0 not known */
};

/* 0 or -EINVAL. *ret is untouched on failure. */
int state_parse(const char *text, size_t length, struct saved_state *ret);

/* Length of the text. */
size_t state_format(const struct saved_state *s, char text[STATE_TEXT_SIZE]);

/* Standard deviation of the rate after another boot, seconds later: what it was, at least
 * least_ppb, and what it wandered. */
double state_rate_sd_ppb(const struct saved_state *s, double seconds, double least_ppb);

#endif
