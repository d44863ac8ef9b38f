/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "disciplined/core/pace.h"

static void assert_near(double value, double expected, double share)
{
	if (!(fabs(value - expected) <= share * fabs(expected)))
		fail_msg("%.6g is not %.6g", value, expected);
}

static void test_variance_grows_by_all_three(void **state)
{
	struct pace_line l = {.offset_sd_ns = 100};

	(void)state;
	assert_near(pace_phase_var_ns2(&l, 50), 1e4, 1e-12);
	l.wander_ppb = 0.3;
	assert_near(pace_phase_var_ns2(&l, 10), 1e4 + 0.09 * 1000 / 3, 1e-12);
	l.wander_ppb = 0;
	l.rate_sd_ppb = 2;
	assert_near(pace_phase_var_ns2(&l, 10), 1e4 + sqrt(2) * 100 * 20 + 400, 1e-12);
	assert_near(pace_phase_var_ns2(&l, -10), pace_phase_var_ns2(&l, 10), 1e-12);
}

static void test_noise_is_followed_slowly_and_wander_at_once(void **state)
{
	struct pace_line noisy = {1e6, 0.01, 0.001, 64}, wandering = {10, 300, 100, 64};
	struct pace_line sure = {100, 0, 0, 64}, nothing = {0, 0, 0, 64};

	(void)state;
	assert_near(pace_share(&noisy), 4, 1e-12);
	assert_near(pace_share(&sure), 4, 1e-12);
	assert_near(pace_share(&wandering), 1.0 / 12, 1e-12);
	assert_true(pace_share(&nothing) > 0 && pace_share(&nothing) <= 4);
}

static void test_long_intervals_may_cost_more(void **state)
{
	/* the growth is 0.4 of the variance in each */
	struct pace_line often = {1000, 0, 0, 16}, seldom = {1000, 0, 0, 1536};
	double v = 1 + 0.4 / 3, share = v / 0.4 / 0.365;

	(void)state;
	often.wander_ppb = sqrt(0.4 * 3e6 / pow(often.interval_s, 3));
	seldom.wander_ppb = sqrt(0.4 * 3e6 / pow(seldom.interval_s, 3));
	assert_near(pace_share(&often), 0.025 * share, 1e-9);
	/* 56.25 in a day */
	assert_near(pace_share(&seldom), share / 7.5, 1e-9);
}

static void test_share_falls_as_the_line_grows_uncertain(void **state)
{
	double before = 5;

	(void)state;
	for (double r = 0.1; r < 1000; r *= 2) {
		struct pace_line l = {1000, r, 0, 64};
		double share = pace_share(&l);

		assert_true(share <= before && share >= 1.0 / 12);
		before = share;
	}
	assert_true(before < 0.1);
}

/* What the clock still has to go: a slew of a share T of the interval, in two parts. */
static double left_after(double e, double t, double share)
{
	double first = 0.6 * share;

	if (t < first)
		return e * (1 - t / share);
	return t < first + share ? 0.4 * e * (1 - (t - first) / share) : 0;
}

/* The cost is what is promised, for slews that are over within their interval. */
static void test_cost_is_as_promised(void **state)
{
	const double rates[] = {1.5, 3, 6};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct pace_line l = {1000, rates[i], 0, 64};
		double e2 = pace_phase_var_ns2(&l, 64) - 1e6, v = 1e6 + e2 / 3, sum = 0;
		double share = pace_share(&l);

		assert_true(share > 1.0 / 12 && share < 1 / 1.6);
		for (int k = 0; k < 10000; k++) {
			double x = left_after(sqrt(e2), k * 1e-4, share);

			sum += x * x * 1e-4;
		}
		assert_near(sum / v, sqrt(64 / 86400.0), 0.02);
	}
}

/*
 * A Kalman filter in its steady state takes away again what the formula says that it gains, within
 * a tenth where noise rules and within a third where wander does.
 */
static void steady_growth(double w, double noise_var, double i, double limit)
{
	double p11 = 1e12, p12 = 0, p22 = 1e6, gained = 0;
	struct pace_line l = {0};

	for (int k = 0; k < 5000; k++) {
		double a11 = p11 + i * (2 * p12 + i * (p22 + w * w * i / 3));
		double a12 = p12 + i * (p22 + w * w * i / 2), a22 = p22 + w * w * i;
		double g = 1 / (a11 + noise_var);

		p11 = a11 - a11 * a11 * g;
		p12 = a12 - a11 * a12 * g;
		p22 = a22 - a12 * a12 * g;
		gained = a11 - p11;
	}
	l = (struct pace_line){sqrt(p11), sqrt(p22), w, i};
	assert_near(pace_phase_var_ns2(&l, i) - p11, gained, limit);
}

static void test_growth_is_that_of_a_steady_filter(void **state)
{
	(void)state;
	steady_growth(1, 1e10, 64, 0.1);
	steady_growth(0.1, 1e6, 64, 0.1);
	steady_growth(10, 1e6, 64, 0.34);
	steady_growth(10, 1e2, 64, 0.34);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variance_grows_by_all_three),
		cmocka_unit_test(test_noise_is_followed_slowly_and_wander_at_once),
		cmocka_unit_test(test_long_intervals_may_cost_more),
		cmocka_unit_test(test_share_falls_as_the_line_grows_uncertain),
		cmocka_unit_test(test_cost_is_as_promised),
		cmocka_unit_test(test_growth_is_that_of_a_steady_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
