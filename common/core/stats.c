/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include "common/core/stats.h"

/* Restores the heap below root, where only x[root] may be too small. */
static void sift(double *x, int root, int n)
{
	double v = x[root];
	int child;

	while ((child = 2 * root + 1) < n) {
		if (child + 1 < n && x[child + 1] > x[child])
			child++;
		if (x[child] <= v)
			break;
		x[root] = x[child];
		root = child;
	}
	x[root] = v;
}

/* Heap sort: the C library's qsort() may allocate, and quicksort has a worst case. */
void stats_sort(double *x, int n)
{
	int i;

	for (i = n / 2 - 1; i >= 0; i--)
		sift(x, i, n);
	for (i = n - 1; i > 0; i--) {
		double largest = x[0];

		x[0] = x[i];
		x[i] = largest;
		sift(x, 0, i);
	}
}

double stats_quantile_sorted(const double *sorted, int n, double q)
{
	double rank = fmax(0, fmin(1, q)) * (n - 1);
	int below = (int)rank;
	double part = rank - below;

	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

double stats_quantile(const double *x, int n, double q, double *scratch)
{
	if (scratch != x)
		memcpy(scratch, x, (size_t)n * sizeof(*x));
	stats_sort(scratch, n);
	return stats_quantile_sorted(scratch, n, q);
}

double stats_median(const double *x, int n, double *scratch)
{
	return stats_quantile(x, n, 0.5, scratch);
}

double stats_mad(const double *x, int n, double centre, double *scratch)
{
	int i;

	for (i = 0; i < n; i++)
		scratch[i] = fabs(x[i] - centre);
	return stats_median(scratch, n, scratch);
}

/* Differences from x[0] are summed: large common parts cost no digits. */
double stats_mean(const double *x, int n)
{
	double sum = 0;
	int i;

	for (i = 1; i < n; i++)
		sum += x[i] - x[0];
	return x[0] + sum / n;
}

double stats_sd(const double *x, int n)
{
	double mean = stats_mean(x, n), sum = 0;
	int i;

	if (n < 2)
		return 0;
	for (i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return sqrt(sum / (n - 1));
}

double stats_rms(const double *x, int n)
{
	double sum = 0;
	int i;

	for (i = 0; i < n; i++)
		sum += x[i] * x[i];
	return sqrt(sum / n);
}

/* Counts of values above and below zero, and of runs. */
static int count_runs(const double *x, int n, int *ret_above, int *ret_below)
{
	double last = 0;
	int runs = 0, above = 0, below = 0, i;

	for (i = 0; i < n; i++) {
		above += x[i] > 0;
		below += x[i] < 0;
		if (x[i] > 0 ? last <= 0 : x[i] < 0 && last >= 0)
			runs++;
		if (x[i] > 0 || x[i] < 0)
			last = x[i];
	}
	*ret_above = above;
	*ret_below = below;
	return runs;
}

int stats_runs(const double *x, int n)
{
	int above, below;
	int runs = count_runs(x, n, &above, &below);

	return runs == 0 && n > 0 ? 1 : runs;
}

double stats_runs_z(const double *x, int n)
{
	int above, below;
	int runs = count_runs(x, n, &above, &below);
	double total = above + below, product = 2.0 * above * below;
	double mean, variance;

	if (above == 0 || below == 0)
		return 0;
	mean = product / total + 1;
	variance = product * (product - total) / (total * total * (total - 1));
	return variance > 0 ? (runs - mean) / sqrt(variance) : 0;
}
