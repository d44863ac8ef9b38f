/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include "common/core/linfit.h"

struct points {
	const double *x, *y, *weight;
	int n;
	double sum_weight;
};

static double weight_at(const struct points *p, int i)
{
	return p->weight ? p->weight[i] : 1;
}

static bool is_usable(const struct points *p)
{
	int i;

	for (i = 0; i < p->n; i++) {
		double w = weight_at(p, i);

		if (!isfinite(p->x[i]) || !isfinite(p->y[i]) || !isfinite(w) || w < 0)
			return false;
	}
	return true;
}

static void find_centre(struct points *p, struct linfit *fit)
{
	double sum_x = 0, sum_y = 0;
	int i;

	for (i = 0; i < p->n; i++) {
		double w = weight_at(p, i);

		fit->n += w > 0;
		p->sum_weight += w;
		sum_x += w * p->x[i];
		sum_y += w * p->y[i];
	}
	fit->centre_x = sum_x / p->sum_weight;
	fit->centre_y = sum_y / p->sum_weight;
}

/* Returns the weighted sum of squares of x about its centre. */
static double find_slope(const struct points *p, struct linfit *fit)
{
	double sum_xx = 0, sum_xy = 0;
	int i;

	for (i = 0; i < p->n; i++) {
		double d = p->x[i] - fit->centre_x;

		sum_xx += weight_at(p, i) * d * d;
		sum_xy += weight_at(p, i) * d * (p->y[i] - fit->centre_y);
	}
	fit->slope = sum_xy / sum_xx;
	return sum_xx;
}

static void find_errors(const struct points *p, double sum_xx, struct linfit *fit)
{
	double chi2 = 0, variance, last = 0;
	int i;

	for (i = 0; i < p->n; i++) {
		double w = weight_at(p, i);
		double r = p->y[i] - linfit_at(fit, p->x[i]);

		if (w <= 0)
			continue;
		chi2 += w * r * r;
		if (r > 0 ? last <= 0 : r < 0 && last >= 0)
			fit->runs++;
		last = r > 0 || r < 0 ? r : last;
	}
	if (fit->runs == 0)
		fit->runs = 1;
	variance = fit->n > 2 ? chi2 / (fit->n - 2) : HUGE_VAL; /* of a point of weight 1 */
	fit->residual_sd = sqrt(variance * fit->n / p->sum_weight);
	fit->centre_y_sd = sqrt(variance / p->sum_weight);
	fit->slope_sd = sqrt(variance / sum_xx);
}

int linfit_line(
	const double *x, const double *y, const double *weight, int n, struct linfit *ret_fit)
{
	struct points p = {.x = x, .y = y, .weight = weight, .n = n};
	struct linfit fit = {0};
	double sum_xx;

	if (!is_usable(&p))
		return -EINVAL;
	find_centre(&p, &fit);
	if (fit.n < 2)
		return -EINVAL;
	sum_xx = find_slope(&p, &fit);
	if (!(sum_xx > 0) || !isfinite(fit.slope) || !isfinite(fit.centre_y))
		return -EINVAL;
	find_errors(&p, sum_xx, &fit);
	*ret_fit = fit;
	return 0;
}

double linfit_at(const struct linfit *fit, double x)
{
	return fit->centre_y + fit->slope * (x - fit->centre_x);
}

double linfit_sd_at(const struct linfit *fit, double x)
{
	double d = x - fit->centre_x;

	if (isinf(fit->centre_y_sd))
		return HUGE_VAL; /* inf * 0 would be NaN */
	return sqrt(fit->centre_y_sd * fit->centre_y_sd + fit->slope_sd * fit->slope_sd * d * d);
}
