/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include "disciplined/core/driftfile.h"

#define PPM_MAX		 500000.0
#define NTPD_SKEW_PPM	 1.0 /* ntpd tells none */
#define EXPONENT_MAX	 30
#define SKEW_WRITTEN_MAX 1e6

struct cursor {
	const char *at, *end;
};

static bool is_digit(const struct cursor *c)
{
	return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static bool take(struct cursor *c, char wanted)
{
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

static bool take_sign(struct cursor *c)
{
	if (take(c, '-'))
		return true;
	(void)take(c, '+');
	return false;
}

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end &&
		(*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static int exponent(struct cursor *c)
{
	bool negative;
	int e = 0;

	if (!take(c, 'e') && !take(c, 'E'))
		return 0;
	negative = take_sign(c);
	for (; is_digit(c); c->at++)
		e = e < EXPONENT_MAX ? e * 10 + (*c->at - '0') : EXPONENT_MAX;
	return negative ? -e : e;
}

/* Not strtod: its decimal point follows the locale. */
static bool number(struct cursor *c, double *ret)
{
	bool negative = take_sign(c), any = false;
	double v = 0, scale = 1;

	for (; is_digit(c); c->at++, any = true)
		v = v * 10 + (*c->at - '0');
	if (take(c, '.')) {
		for (; is_digit(c); c->at++, any = true) {
			scale /= 10;
			v += scale * (*c->at - '0');
		}
	}
	if (!any)
		return false;
	v *= pow(10, exponent(c));
	*ret = negative ? -v : v;
	return isfinite(v);
}

int drift_parse(const char *text, size_t length, struct drift *ret)
{
	struct cursor c = {text, text + length};
	double first, second = NTPD_SKEW_PPM, sign = 1;

	skip_blanks(&c);
	if (!number(&c, &first))
		return -EINVAL;
	skip_blanks(&c);
	if (c.at < c.end) {
		if (!number(&c, &second))
			return -EINVAL;
		sign = -1;
	}
	skip_blanks(&c);
	if (c.at < c.end || fabs(first) > PPM_MAX || second < 0 || second > SKEW_WRITTEN_MAX)
		return -EINVAL;
	ret->rate_ppb = sign * first * 1e3;
	ret->skew_ppb = second * 1e3;
	return 0;
}

size_t drift_format(const struct drift *drift, char text[DRIFT_TEXT_SIZE])
{
	double skew_ppm = fmax(0, fmin(drift->skew_ppb * 1e-3, SKEW_WRITTEN_MAX));
	double ppm = fmax(-PPM_MAX, fmin(PPM_MAX, -drift->rate_ppb * 1e-3));

	return (size_t)snprintf(text, DRIFT_TEXT_SIZE, "%20.6f %20.6f\n", ppm, skew_ppm);
}
