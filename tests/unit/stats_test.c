/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "common/core/stats.h"

#define LENGTH(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void sorting_sorts(void **state)
{
	double x[200], sum_before, sum_after;
	struct prng g;
	int round, i;

	(void)state;
	prng_init(&g, 1);
	stats_sort(x, 0);
	for (round = 0; round < 2000; round++) {
		int n = 1 + (int)prng_below(&g, 200);

		sum_before = sum_after = 0;
		for (i = 0; i < n; i++) {
			x[i] = (double)prng_below(&g, round % 2 ? 5 : 1000000);
			sum_before += x[i] * x[i];
		}
		stats_sort(x, n);
		for (i = 0; i < n; i++) {
			sum_after += x[i] * x[i];
			assert_true(i == 0 || x[i - 1] <= x[i]);
		}
		assert_near_double(sum_after, sum_before, 1e-6 * sum_before);
	}
}

static void quantiles(void **state)
{
	const double x[] = {5, 1, 4, 2, 3}, even[] = {4, 1, 3, 2}, one[] = {7};
	double scratch[5];

	(void)state;
	assert_near_double(stats_median(x, 5, scratch), 3, 0);
	assert_near_double(x[0], 5, 0);
	assert_near_double(stats_median(even, 4, scratch), 2.5, 1e-15);
	assert_near_double(stats_median(one, 1, scratch), 7, 0);
	assert_near_double(stats_quantile(x, 5, 0, scratch), 1, 0);
	assert_near_double(stats_quantile(x, 5, 1, scratch), 5, 0);
	assert_near_double(stats_quantile(x, 5, 0.1, scratch), 1.4, 1e-15);
	assert_near_double(stats_quantile(x, 5, 0.95, scratch), 4.8, 1e-15);
	assert_near_double(stats_quantile(x, 5, 2, scratch), 5, 0);
	assert_near_double(stats_quantile(x, 5, -1, scratch), 1, 0);
	memcpy(scratch, x, sizeof(x));
	assert_near_double(stats_median(scratch, 5, scratch), 3, 0);
}

static void spread(void **state)
{
	const double x[] = {2, 4, 4, 4, 5, 5, 7, 9}, one[] = {3}, outlier[] = {1, 2, 3, 4, 1e9};
	double scratch[8];

	(void)state;
	assert_near_double(stats_mean(x, 8), 5, 1e-15);
	assert_near_double(stats_sd(x, 8), sqrt(32.0 / 7), 1e-14);
	assert_near_double(stats_sd(one, 1), 0, 0);
	assert_near_double(stats_mean(one, 1), 3, 0);
	assert_near_double(stats_rms(x, 8), sqrt(29), 1e-14);
	assert_near_double(stats_mad(outlier, 5, 3, scratch), 1, 0);
}

static void large_common_parts_cost_no_digits(void **state)
{
	const double x[] = {1e15 + 1, 1e15 + 2, 1e15 + 3};

	(void)state;
	assert_near_double(stats_mean(x, 3), 1e15 + 2, 0);
	assert_near_double(stats_sd(x, 3), 1, 1e-12);
}

static void mad_estimates_the_deviation_of_noise(void **state)
{
	static double x[20001], scratch[20001];
	struct prng g;
	int i;

	(void)state;
	prng_init(&g, 2);
	for (i = 0; i < LENGTH(x); i++)
		x[i] = 10 + 3 * prng_normal(&g);
	assert_near_double(stats_median(x, LENGTH(x), scratch), 10, 0.1);
	assert_near_double(STATS_MAD_TO_SD * stats_mad(x, LENGTH(x), 10, scratch), 3, 0.1);
	assert_near_double(stats_sd(x, LENGTH(x)), 3, 0.06);
}

static void runs(void **state)
{
	const double alternating[] = {1, -1, 1, -1, 1, -1}, halves[] = {1, 2, 3, -1, -2, -3};
	const double zeros[] = {0, 0, 1, 0, 2, -1, 0, -1, 0}, all_zero[] = {0, 0};

	(void)state;
	assert_int_equal(stats_runs(alternating, 6), 6);
	assert_int_equal(stats_runs(halves, 6), 2);
	assert_int_equal(stats_runs(zeros, 9), 2);
	assert_int_equal(stats_runs(all_zero, 2), 1);
	assert_int_equal(stats_runs(halves, 3), 1);
	assert_int_equal(stats_runs(halves, 0), 0);
	/* 3 and 3: mean 4, variance 18 * 12 / (36 * 5) = 1.2 */
	assert_near_double(stats_runs_z(halves, 6), -2 / sqrt(1.2), 1e-12);
	assert_near_double(stats_runs_z(alternating, 6), 2 / sqrt(1.2), 1e-12);
	assert_near_double(stats_runs_z(halves, 3), 0, 0);
	assert_near_double(stats_runs_z(alternating, 2), 0, 1e-12);
}

static void runs_of_noise_are_as_expected(void **state)
{
	double x[50], sum = 0, sum2 = 0;
	struct prng g;
	int round, i;

	(void)state;
	prng_init(&g, 3);
	for (round = 0; round < 4000; round++) {
		double z;

		for (i = 0; i < 50; i++)
			x[i] = prng_normal(&g);
		z = stats_runs_z(x, 50);
		sum += z;
		sum2 += z * z;
	}
	assert_near_double(sum / 4000, 0, 0.08);
	assert_near_double(sum2 / 4000, 1, 0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorting_sorts),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(spread),
		cmocka_unit_test(large_common_parts_cost_no_digits),
		cmocka_unit_test(mad_estimates_the_deviation_of_noise),
		cmocka_unit_test(runs),
		cmocka_unit_test(runs_of_noise_are_as_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
