/* SPDX-License-Identifier: MIT */
#include "refclockd/core/filter.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/core/linfit.h"
#include "common/core/stats.h"

#define CLIP_SD	 3.0
#define LINE_MIN 4 /* points that may show a rate */

struct work {
	int n;
	double x[FILTER_MAX]; /* s from the newest point */
	double y[FILTER_MAX]; /* ns that the clock gained on the raw clock since */
	double weight[FILTER_MAX], rest[FILTER_MAX], scratch[FILTER_MAX];
};

void filter_init(struct filter *f, int length)
{
	memset(f, 0, sizeof(*f));
	f->length = length < 1 ? 1 : length > FILTER_MAX ? FILTER_MAX : length;
}

void filter_add(struct filter *f, const struct filter_point *point)
{
	f->point[f->next] = *point;
	f->next = (f->next + 1) % f->length;
	if (f->count < f->length)
		f->count++;
}

static const struct filter_point *newest(const struct filter *f)
{
	return &f->point[(f->next + f->length - 1) % f->length];
}

static int64_t gained_ns(const struct filter_point *from, const struct filter_point *to, bool pulse)
{
	int64_t ns =
		ts_sat_sub(ts_utc_sub(to->utc, from->utc).ns, ts_raw_sub(to->raw, from->raw).ns);

	if (!pulse)
		return ns;
	ns %= NS_PER_S;
	if (ns > NS_PER_S / 2)
		ns -= NS_PER_S;
	return ns < -NS_PER_S / 2 ? ns + NS_PER_S : ns;
}

static void fill(const struct filter *f, bool pulse, struct work *w)
{
	const struct filter_point *origin = newest(f);

	w->n = f->count;
	for (int i = 0; i < w->n; i++) {
		w->x[i] = ts_dur_to_s(ts_raw_sub(f->point[i].raw, origin->raw));
		w->y[i] = (double)gained_ns(origin, &f->point[i], pulse);
		w->weight[i] = 1;
	}
}

/* The rate of noise would be taken for one of the clock if there were few points. */
static double slope_of(const struct work *w)
{
	struct linfit fit;

	if (w->n < LINE_MIN || linfit_line(w->x, w->y, w->weight, w->n, &fit) < 0 ||
		fit.n < LINE_MIN)
		return 0;
	return fit.slope;
}

static void clip(struct work *w)
{
	double slope = slope_of(w), median, limit;

	for (int i = 0; i < w->n; i++)
		w->rest[i] = w->y[i] - slope * w->x[i];
	median = stats_median(w->rest, w->n, w->scratch);
	limit = CLIP_SD * STATS_MAD_TO_SD * stats_mad(w->rest, w->n, median, w->scratch);
	for (int i = 0; i < w->n; i++)
		w->weight[i] = fabs(w->rest[i] - median) <= limit + 1;
}

/* Weighted means of x and y, and the standard error of y's about the line. */
static void mean(const struct work *w, double *ret_x, double *ret_y, double *ret_sd)
{
	double slope = slope_of(w), n = 0, sx = 0, sy = 0, square = 0;

	for (int i = 0; i < w->n; i++) {
		n += w->weight[i];
		sx += w->weight[i] * w->x[i];
		sy += w->weight[i] * w->y[i];
	}
	*ret_x = sx / n;
	*ret_y = sy / n;
	for (int i = 0; i < w->n; i++) {
		double d = w->y[i] - *ret_y - slope * (w->x[i] - *ret_x);

		square += w->weight[i] * d * d;
	}
	*ret_sd = n > 1 ? sqrt(square / (n - 1) / n) : 0;
}

static int64_t median_of(struct work *w, const struct filter *f, bool width)
{
	for (int i = 0; i < w->n; i++)
		w->rest[i] = (double)(width ? f->point[i].width_ns : f->point[i].error_ns);
	return (int64_t)llround(stats_median(w->rest, w->n, w->scratch));
}

int filter_take(struct filter *f, int least, bool pulse, struct filter_point *ret)
{
	double x, y, sd;
	struct work w;

	if (f->count == 0 || f->count < least)
		return -EAGAIN;
	fill(f, pulse, &w);
	clip(&w);
	clip(&w); /* again, with the rate that the outliers had no part in */
	mean(&w, &x, &y, &sd);
	ret->raw = ts_raw_add(newest(f)->raw, ts_dur_from_s(x));
	ret->utc = ts_utc_add(newest(f)->utc, ts_raw_sub(ret->raw, newest(f)->raw));
	ret->utc.ns = ts_sat_add(ret->utc.ns, (int64_t)llround(y));
	ret->width_ns = median_of(&w, f, true);
	ret->error_ns = median_of(&w, f, false) + (int64_t)llround(sd);
	ret->bound_ns = 0;
	for (int i = 0; i < f->count; i++)
		if (f->point[i].bound_ns > ret->bound_ns)
			ret->bound_ns = f->point[i].bound_ns;
	f->count = f->next = 0;
	return 0;
}
