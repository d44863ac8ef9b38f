/* SPDX-License-Identifier: MIT */
/*
 * stats.h - statistics of small arrays. Pure, allocates nothing: what needs to sort sorts a scratch
 * array of n doubles that the caller gives (it may be x itself if its order does not matter).
 *
 * All values must be finite and n >= 1 (n >= 0 where said); results have the unit of x.
 */
#ifndef TB_STATS_H
#define TB_STATS_H

/* Median absolute deviation times this is the standard deviation of normal noise: 1/Phi^-1(3/4). */
#define STATS_MAD_TO_SD 1.482602218505602

/* Ascending, in place; n >= 0. At most n log n steps whatever the order. */
void stats_sort(double *x, int n);

/* Of sorted values, at q from 0 (smallest) to 1 (largest): linear between the two neighbours
 * (Hyndman and Fan 1996, definition 7). */
double stats_quantile_sorted(const double *sorted, int n, double q);

double stats_quantile(const double *x, int n, double q, double *scratch);
double stats_median(const double *x, int n, double *scratch);

/* Median of |x - centre|. scratch must not be x. */
double stats_mad(const double *x, int n, double centre, double *scratch);

double stats_mean(const double *x, int n);

/* Root of the sum of squared differences from the mean over n - 1; 0 for n == 1. */
double stats_sd(const double *x, int n);

/* Root mean square. */
double stats_rms(const double *x, int n);

/* Number of runs of the same sign; a zero goes on with the run it is in. 0 for n == 0. Residuals of
 * a line that fits change sign often: few runs tell of a curve. */
int stats_runs(const double *x, int n);

/*
 * How far the number of runs is from what independent residuals give, in its standard deviations
 * (Wald and Wolfowitz 1940); below 0: too few. Zeros are left out. 0 if all have the same sign
 * or fewer than two are left: nothing can be told.
 */
double stats_runs_z(const double *x, int n);

#endif
