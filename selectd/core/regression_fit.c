/* SPDX-License-Identifier: MIT */
#include "selectd/core/regression_fit.h"
#include "common/core/stats.h"

#include <math.h>

#define HUBER_SIGMAS   3.0
#define HUBER_ROUNDS   4
#define PRIOR_DEGREES  2.0
#define RUNS_SIGMAS    2.0
#define CURVE_SIGMAS   3.0
#define RUNS_COUNT_MIN 8 /* below, the normal approximation of the number of runs is poor */

/* Hoare's selection: the median is asked for several times a sample, sorting would be most of
 * its cost. */
double fit_median_abs(const double *v, int n)
{
	double a[FIT_SAMPLES_MAX];
	int low = 0, high = n - 1, k = n / 2;

	for (int i = 0; i < n; i++)
		a[i] = fabs(v[i]);
	while (low < high) {
		double pivot = a[k], swap;
		int i = low, j = high;

		do {
			while (a[i] < pivot)
				i++;
			while (pivot < a[j])
				j--;
			if (i > j)
				break;
			swap = a[i];
			a[i++] = a[j];
			a[j--] = swap;
		} while (i <= j);
		if (j < k)
			low = i;
		if (k < i)
			high = j;
	}
	return a[k];
}

/* About the weighted middle of the instants, where phase and rate are independent: nothing can
 * cancel. prior: weight of the rate's. */
static void solve(const struct fit_data *d, double rate_ppb, double prior, struct fit_line *f)
{
	double sw = 0, st = 0, sx = 0, stt = prior, stx = prior * rate_ppb, tm;

	for (int i = 0; i < d->count; i++) {
		double w = d->weight[i] / d->var_ns2[i];

		sw += w;
		st += w * d->t_s[i];
		sx += w * d->x_ns[i];
	}
	tm = st / sw;
	for (int i = 0; i < d->count; i++) {
		double w = d->weight[i] / d->var_ns2[i], t = d->t_s[i] - tm;

		stt += w * t * t;
		stx += w * t * (d->x_ns[i] - sx / sw);
	}
	f->rate_ppb = stx / stt;
	f->x_ns = sx / sw - f->rate_ppb * tm;
	f->pxx = 1 / sw + tm * tm / stt;
	f->pxr = -tm / stt;
	f->prr = 1 / stt;
}

static void residuals(struct fit_data *d, const struct fit_line *f, double *z)
{
	for (int i = 0; i < d->count; i++) {
		d->residual_ns[i] = d->x_ns[i] - f->x_ns - f->rate_ppb * d->t_s[i];
		z[i] = d->residual_ns[i] / sqrt(d->var_ns2[i]);
	}
}

/* True if a weight is other than before. */
static bool reweigh(struct fit_data *d, const double *z)
{
	bool changed = false;
	double limit;

	if (d->count < 4)
		return false;
	limit = HUBER_SIGMAS * STATS_MAD_TO_SD * fit_median_abs(z, d->count);
	for (int i = 0; i < d->count; i++) {
		double w = fabs(z[i]) > limit && limit > 0 ? limit / fabs(z[i]) : 1.0;

		changed |= w < d->weight[i] || w > d->weight[i];
		d->weight[i] = w;
	}
	return changed;
}

void fit_run(struct fit_data *d, double rate_ppb, double rate_sd_ppb, struct fit_line *ret)
{
	double z[FIT_SAMPLES_MAX], s2 = 1;
	struct fit_line f = {.scale = 1};

	for (int round = 0; round < HUBER_ROUNDS; round++) {
		double sum = PRIOR_DEGREES;

		/* s2 times: so that the prior keeps its own width when s2 scales the covariance */
		solve(d, rate_ppb, s2 / (rate_sd_ppb * rate_sd_ppb), &f);
		residuals(d, &f, z);
		for (int i = 0; i < d->count; i++)
			sum += d->weight[i] * z[i] * z[i];
		s2 = sum / d->count;
		/* the second round also gives the prior its right weight */
		if (round + 1 < HUBER_ROUNDS && !reweigh(d, z) && round > 0)
			break;
	}
	f.pxx *= s2;
	f.pxr *= s2;
	f.prr *= s2;
	f.scale = sqrt(s2);
	f.runs = stats_runs(d->residual_ns, d->count);
	*ret = f;
}

/* Weighted sums for a parabola's part that no line can follow. */
static double weighted(const struct fit_data *d, const double *a, const double *b)
{
	double sum = 0;

	for (int i = 0; i < d->count; i++)
		sum += d->weight[i] / d->var_ns2[i] * a[i] * b[i];
	return sum;
}

static void remove_part(const struct fit_data *d, double *v, const double *of)
{
	double part = weighted(d, v, of) / weighted(d, of, of);

	for (int i = 0; i < d->count; i++)
		v[i] -= part * of[i];
}

static double curvature_sigmas(const struct fit_data *d, double scale)
{
	double one[FIT_SAMPLES_MAX] = {0}, t[FIT_SAMPLES_MAX] = {0};
	double q[FIT_SAMPLES_MAX] = {0}, qq;
	double unit = d->t_s[0] < 0 ? -1 / d->t_s[0] : 1;

	for (int i = 0; i < d->count; i++) {
		one[i] = 1;
		t[i] = d->t_s[i] * unit;
		q[i] = t[i] * t[i];
	}
	remove_part(d, t, one);
	remove_part(d, q, one);
	remove_part(d, q, t);
	qq = weighted(d, q, q);
	return qq > 0 ? fabs(weighted(d, q, d->residual_ns)) / (scale * sqrt(qq)) : 0;
}

bool fit_is_bent(const struct fit_data *d, const struct fit_line *line)
{
	return d->count >= RUNS_COUNT_MIN &&
	       (stats_runs_z(d->residual_ns, d->count) < -RUNS_SIGMAS ||
		       curvature_sigmas(d, line->scale) > CURVE_SIGMAS);
}
