/* SPDX-License-Identifier: MIT */
/* path_series.h - numbers in a row, and what is said of them. For one program. */
#ifndef PATH_SERIES_H
#define PATH_SERIES_H

#include <math.h>
#include <stdlib.h>
#include "common/io/log.h"

struct series {
	double *v;
	int count, room;
};

static inline void push(struct series *s, double v)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 1024;
		s->v = realloc(s->v, (size_t)s->room * sizeof(*s->v));
		if (!s->v)
			log_fatalx("out of memory");
	}
	s->v[s->count++] = v;
}

static inline double mean_of(const struct series *s)
{
	double sum = 0;

	for (int i = 0; i < s->count; i++)
		sum += s->v[i];
	return s->count ? sum / s->count : 0;
}

static inline double sd_of(const struct series *s)
{
	double m = mean_of(s), sum = 0;

	for (int i = 0; i < s->count; i++)
		sum += (s->v[i] - m) * (s->v[i] - m);
	return s->count ? sqrt(sum / s->count) : 0;
}

/* About a number. */
static inline double rms_of(const struct series *s, double about)
{
	return hypot(mean_of(s) - about, sd_of(s));
}

/* Autocorrelation. */
static inline double hang(const struct series *s, int lag)
{
	double m = mean_of(s), sd = sd_of(s), sum = 0;

	for (int i = lag; i < s->count; i++)
		sum += (s->v[i] - m) * (s->v[i - lag] - m);
	return s->count > lag && sd > 0 ? sum / (s->count - lag) / (sd * sd) : 0;
}

/* Standard deviation of the means of n in a row; of independent ones it is sd / sqrt(n). */
static inline double sd_of_means(const struct series *s, int n)
{
	struct series means = {0};
	double sd;

	for (int i = 0; i + n <= s->count; i += n) {
		struct series part = {s->v + i, n, n};

		push(&means, mean_of(&part));
	}
	sd = sd_of(&means);
	free(means.v);
	return sd;
}

static inline int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Quantile. The smallest of n in a row, and how that spreads: where the law has a hard edge it
 * hardly does. */
static inline double quantile(const struct series *s, double q)
{
	struct series c = {0};
	double v;

	for (int i = 0; i < s->count; i++)
		push(&c, s->v[i]);
	if (!c.count)
		return 0;
	qsort(c.v, (size_t)c.count, sizeof(*c.v), by_value);
	v = c.v[(int)(q * (c.count - 1))];
	free(c.v);
	return v;
}

static inline double sd_of_least(const struct series *s, int n)
{
	struct series least = {0};
	double sd;

	for (int i = 0; i + n <= s->count; i += n) {
		double low = s->v[i];

		for (int k = 1; k < n; k++)
			low = fmin(low, s->v[i + k]);
		push(&least, low);
	}
	sd = sd_of(&least);
	free(least.v);
	return sd;
}

#endif
