/* SPDX-License-Identifier: MIT */
/*
 * regression_fit.h - a straight line through samples of unequal quality. Pure.
 *
 * Minimises sum u_i (x_i - a - b t_i)^2 / v_i + ((b - b0)/sd_b)^2: v_i the variance expected of
 * sample i, u_i Huber's weights (1 up to 3 robust standard deviations, falling as 1/|residual|
 * beyond), b0 and sd_b a prior of the rate without which two samples a millisecond apart would
 * fix it. The covariance is scaled by the residuals: s^2 = (2 + sum u z^2) / n, z = residual/sqrt
 * v, the 2 standing for the variances as expected while samples are few.
 */
#ifndef TB_REGRESSION_FIT_H
#define TB_REGRESSION_FIT_H

#include <stdbool.h>

#define FIT_SAMPLES_MAX 64

/* t in seconds from the newest sample (<= 0), x in ns from a line of rate 0. */
struct fit_data {
	int count;
	double t_s[FIT_SAMPLES_MAX];
	double x_ns[FIT_SAMPLES_MAX];
	double var_ns2[FIT_SAMPLES_MAX];
	double weight[FIT_SAMPLES_MAX]; /* in: where Huber starts, 1 or less; out: where it ended */
	double residual_ns[FIT_SAMPLES_MAX]; /* out */
};

struct fit_line {
	double x_ns, rate_ppb; /* at t = 0; rate in ns/s */
	double pxx, pxr, prr;  /* their covariance: ns^2, ns ppb, ppb^2 */
	double scale;	       /* s: residuals over what was expected of them */
	int runs;	       /* runs of residuals of the same sign */
};

/* count >= 1, every variance and rate_sd_ppb > 0. */
void fit_run(struct fit_data *d, double rate_ppb, double rate_sd_ppb, struct fit_line *ret);

/* Not a straight line plus noise: too few runs (Wald and Wolfowitz, one-sided, 2 sd), or a parabola
 * would fit better (by 3 sd). */
bool fit_is_bent(const struct fit_data *d, const struct fit_line *line);

/* Middle of |v| (the upper one of two), n in 1 .. FIT_SAMPLES_MAX; no NaN. */
double fit_median_abs(const double *v, int n);

#endif
