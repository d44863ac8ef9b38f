/* SPDX-License-Identifier: MIT */
#include <float.h>
#include "tests/unit/tcheck.h"
#include "selectd/core/bank_hypothesis.h"
#include "selectd/core/bank_reading.h"

/* Posterior mean and variance of m ~ N(0, p) after z = m + d, by summing over a fine grid. */
static void integrate(double z, double p, const struct bank_noise *n, double *ret_mean,
	double *ret_var, double *ret_density)
{
	double sd = sqrt(p), sum = 0, m1 = 0, m2 = 0;
	double step = fmin(sd, sqrt(n->var_ns2)) / 40;

	for (double m = -9 * sd; m < 9 * sd; m += step) {
		double prior = exp(-0.5 * m * m / p) / sd, like = 0;

		for (int tail = 0; tail < 2; tail++) {
			double share = tail ? n->tail : 1 - n->tail, d = z - m;
			double wide = tail && n->tail_gauss_gain > 1 ? n->tail_gauss_gain : 1;
			double j = n->mean_ns * (tail ? n->tail_gain : 1);
			double g = wide * sqrt(n->var_ns2), a = d / g - g / j;

			if (share > 0)
				like += share / j * exp(0.5 * g * g / (j * j) - d / j) * 0.5 *
					erfc(-a / sqrt(2));
		}
		sum += prior * like * step;
		m1 += m * prior * like * step;
		m2 += m * m * prior * like * step;
	}
	*ret_mean = m1 / sum;
	*ret_var = m2 / sum - m1 * m1 / (sum * sum);
	*ret_density = sum;
}

static void mills_is_the_ratio(void **state)
{
	(void)state;
	for (double x = 0; x < 20; x += 0.01) {
		double m = sqrt(acos(-1) / 2) * erfc(x / sqrt(2)) * exp(x * x / 2);

		assert_near_double(bank_mills(x) / m, 1, 1e-9);
	}
	assert_near_double(bank_mills(1e6) * 1e6, 1, 1e-9);
	assert_near_double(bank_mills(1e300), 0, 1e-17);
}

/* Each branch of the stable forms against brute force. */
static void moments_are_exact(void **state)
{
	static const double z[] = {-40, -8, -1, 0, 0.5, 3, 20, 80};
	static const struct bank_noise noise[] = {
		{.mean_ns = 10, .var_ns2 = 1},
		{.mean_ns = 2, .var_ns2 = 9},
		{.mean_ns = 10, .var_ns2 = 4, .tail = 0.1, .tail_gain = 10},
		{.mean_ns = 0.5, .var_ns2 = 25, .tail = 0.1, .tail_gain = 10},
		{.mean_ns = 5, .var_ns2 = 100, .tail = 0.1, .tail_gain = 10, .tail_gauss_gain = 3},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(noise) / sizeof(noise[0]); k++)
		for (size_t i = 0; i < sizeof(z) / sizeof(z[0]); i++) {
			double p = 16, mean, var, density;
			struct bank_reading r = bank_reading(z[i], p, &noise[k]);

			integrate(z[i], p, &noise[k], &mean, &var, &density);
			if (density < 1e-12)
				continue;
			assert_near_double(p * r.slope, mean, 2e-4 * (1 + fabs(mean)));
			assert_near_double(p - p * p * r.curvature, var, 2e-3 * p);
			assert_near_double(
				r.density.exponent + log(r.density.factor), log(density), 1e-3);
		}
}

static void gaussian_is_kalman(void **state)
{
	struct bank_noise n = {.var_ns2 = 9};
	struct bank_reading r = bank_reading(5, 16, &n);

	(void)state;
	assert_near_double(r.slope, 5.0 / 25, 1e-12);
	assert_near_double(r.curvature, 1.0 / 25, 1e-12);
	assert_near_double(
		r.density.exponent + log(r.density.factor), -0.5 * 25 / 25 - 0.5 * log(25), 1e-12);
}

static void outlier_of_gaussian_noise_is_discounted(void **state)
{
	struct bank_noise n = {.var_ns2 = 100, .tail = 0.01, .tail_gain = 10};
	struct bank_reading near = bank_reading(10, 1, &n), far = bank_reading(100, 1, &n);

	(void)state;
	assert_near_double(near.slope, 10.0 / 101, 1e-3);
	assert_true(far.slope < near.slope / 5);
	/* it may be either: less certain than before */
	assert_true(bank_reading(55, 1, &n).curvature < 0);
}

static void absurd_values_stay_finite(void **state)
{
	static const double size[] = {1e-6, 1e-3, 1, 1e6, 1e12, 1e19};

	(void)state;
	for (int i = 0; i < 6; i++)
		for (int sign = -1; sign <= 1; sign += 2)
			for (int k = 0; k < 6; k++)
				for (int q = 0; q < 6; q++)
					for (int g = 0; g < 6; g++) {
						struct bank_noise n = {.mean_ns = q ? size[q] : 0,
							.var_ns2 = size[g] * size[g],
							.tail = 0.1,
							.tail_gain = 10};
						double p = size[k] * size[k];
						struct bank_reading r =
							bank_reading(sign * size[i], p, &n);

						assert_true(isfinite(r.slope));
						assert_true(isfinite(r.density.exponent));
						assert_true(r.density.factor > 0 &&
							    isfinite(r.density.factor));
						assert_true(isfinite(r.curvature) &&
							    r.curvature * p <= 1);
					}
}

/* Prediction of a known random walk, against its definition. */
static void wander_grows_as_the_cube(void **state)
{
	struct bank_hypothesis h = {.x_ns = 5, .rate_ppb = 2, .base_ns = 7, .pbb = 4};

	(void)state;
	bank_hypothesis_predict(&h, 100, 3, 1);
	assert_near_double(h.x_ns, 205, 1e-9);
	assert_near_double(h.pxx, 9 * 1e6 / 3, 1e-3);
	assert_near_double(h.pxr, 9 * 1e4 / 2, 1e-3);
	assert_near_double(h.prr, 900, 1e-6);
	assert_near_double(h.pbb, 5, 1e-12);
}

static void both_directions_see_the_base_and_one_the_phase(void **state)
{
	struct bank_noise n = {.var_ns2 = 1};
	struct bank_hypothesis h = {.pxx = 1e6, .prr = 1, .pbb = 1e6};
	struct bank_density d = {0, 1};

	(void)state;
	bank_hypothesis_update(&h, 1, 1, 500 + 30, &n, &d);
	bank_hypothesis_update(&h, -1, 1, 500 - 30, &n, &d);
	assert_near_double(h.x_ns, 30, 0.01);
	assert_near_double(h.base_ns, 500, 0.01);
	assert_near_double(h.pxx, 0.5, 0.01);
	assert_true(d.factor > 0);
}

static void merging_keeps_mean_and_spread(void **state)
{
	struct bank_hypothesis a = {.x_ns = 10, .pxx = 4, .prr = 1},
			       b = {.x_ns = -10, .rate_ppb = 2, .pxx = 4, .prr = 1},
			       m = {.weight = 0.3};
	const struct bank_hypothesis *from[] = {&a, &b};
	double w[] = {0.5, 0.5};

	(void)state;
	bank_hypothesis_merge(&m, from, w, 2);
	assert_near_double(m.x_ns, 0, 1e-12);
	assert_near_double(m.rate_ppb, 1, 1e-12);
	assert_near_double(m.pxx, 104, 1e-9);
	assert_near_double(m.pxr, -10, 1e-9);
	assert_near_double(m.prr, 2, 1e-9);
	assert_near_double(m.weight, 0.3, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mills_is_the_ratio),
		cmocka_unit_test(moments_are_exact),
		cmocka_unit_test(gaussian_is_kalman),
		cmocka_unit_test(outlier_of_gaussian_noise_is_discounted),
		cmocka_unit_test(absurd_values_stay_finite),
		cmocka_unit_test(wander_grows_as_the_cube),
		cmocka_unit_test(both_directions_see_the_base_and_one_the_phase),
		cmocka_unit_test(merging_keeps_mean_and_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
