/* SPDX-License-Identifier: MIT */
/*
 * line.h - log lines as phc2sys writes them, to the letter: people's parsers know them. Pure.
 */
#ifndef TB_PHC2SHM_LINE_H
#define TB_PHC2SHM_LINE_H

#include <stddef.h>
#include <stdint.h>
#include "phc2shm/core/summary.h"

#define LINE_SIZE_MAX 256

/* "CLOCK_REALTIME phc offset   -311328 s0 freq      +0 delay      0". Nothing is steered: the
 * state is always s0, the frequency +0. Negative delay: not known, left out. */
void line_sample(char *ret, size_t size, const char *sink, int64_t offset_ns, int64_t delay_ns);

/* "CLOCK_REALTIME rms   12 max   31 freq     +0 +/-   0 delay   700 +/-  10". No values of delay:
 * left out. */
void line_summary(char *ret, size_t size, const char *sink, const struct summary *offset,
	const struct summary *delay);

/* "[213.454] " and the tag with a blank, if there is one; the first "{level}" in the tag becomes
 * the level's digit. */
void line_prefix(char *ret, size_t size, int64_t monotonic_ns, const char *tag, int level);

#endif
