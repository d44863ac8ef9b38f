/* SPDX-License-Identifier: MIT */
/*
 * driftfile.h - the text of a drift file. Pure.
 *
 * As chrony writes it: two numbers in ppm, the frequency error of the uncorrected clock (above 0:
 * it gains) and its skew, one standard deviation. ntpd's single number is taken too, its sign
 * being the other way round: there it is the correction. The suite's own rates are corrections
 * (UTC minus raw clock), so rate_ppb = -1000 * frequency.
 */
#ifndef DISCIPLINED_DRIFTFILE_H
#define DISCIPLINED_DRIFTFILE_H

#include <stddef.h>

#define DRIFT_TEXT_SIZE 64

struct drift {
	double rate_ppb;
	double skew_ppb;
};

/* 0, or -EINVAL: not one or two numbers, or beyond 500000 ppm. *ret is untouched on failure. */
int drift_parse(const char *text, size_t length, struct drift *ret);

/* Length of the text, newline included. */
size_t drift_format(const struct drift *drift, char text[DRIFT_TEXT_SIZE]);

#endif
