/* SPDX-License-Identifier: MIT */
/* Delays that lie evenly between two edges: what a reading tells, how the width is found, what it
 * is worth. */
#include "tests/unit/tcheck.h"

#include <string.h>
#include "common/core/prng.h"
#include "common/core/tstime.h"
#include "selectd/core/bank_exchange.h"

#define S NS_PER_S

/* Posterior moments of m ~ N(0, p) after z = m + d by summing over a fine grid: d flat from 0 to a
 * width, or with the tail's share exponential, and Gaussian noise on top. */
static void integrate(double z, double p, const struct bank_noise *n, double *ret_mean,
	double *ret_var, double *ret_density)
{
	double sd = sqrt(p), g = sqrt(n->var_ns2), sum = 0, m1 = 0, m2 = 0;
	double step = fmin(sd, g) / 40, j = n->mean_ns * n->tail_gain;

	for (double m = -9 * sd; m < 9 * sd; m += step) {
		double prior = exp(-0.5 * m * m / p) / sd, d = z - m, like = 0;

		like += (1 - n->tail) / n->flat_ns * 0.5 *
			(erfc(-d / g / sqrt(2)) - erfc(-(d - n->flat_ns) / g / sqrt(2)));
		if (n->tail > 0)
			like += n->tail / j * exp(0.5 * g * g / (j * j) - d / j) * 0.5 *
				erfc(-(d / g - g / j) / sqrt(2));
		sum += prior * like * step;
		m1 += m * prior * like * step;
		m2 += m * m * prior * like * step;
	}
	*ret_mean = m1 / sum;
	*ret_var = m2 / sum - m1 * m1 / (sum * sum);
	*ret_density = sum;
}

static void moments_are_exact(void **state)
{
	static const double z[] = {-60, -30, -10, -3, 0, 2, 10, 35, 50, 60, 72, 100, 130};
	static const struct bank_noise noise[] = {
		{.flat_ns = 70, .mean_ns = 35, .var_ns2 = 1},
		{.flat_ns = 70, .mean_ns = 35, .var_ns2 = 400},
		{.flat_ns = 12, .mean_ns = 6, .var_ns2 = 4},
		{.flat_ns = 70, .mean_ns = 35, .var_ns2 = 4, .tail = 0.1, .tail_gain = 10},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(noise) / sizeof(noise[0]); k++)
		for (size_t i = 0; i < sizeof(z) / sizeof(z[0]); i++) {
			double p = 64, mean, var, density;
			struct bank_reading r = bank_reading(z[i], p, &noise[k]);

			integrate(z[i], p, &noise[k], &mean, &var, &density);
			if (density < 1e-12)
				continue;
			/* a thousandth: the far edge is left out where it is out of sight */
			assert_near_double(p * r.slope, mean, 1e-3 * (1 + fabs(mean)));
			assert_near_double(p - p * p * r.curvature, var, 3e-3 * p);
			assert_near_double(
				r.density.exponent + log(r.density.factor), log(density), 3e-3);
		}
}

/* A width below a deviation of the rest is taken for Gaussian. */
static void a_narrow_one_is_nearly_gaussian(void **state)
{
	struct bank_noise n = {.flat_ns = 9, .mean_ns = 4.5, .var_ns2 = 36};

	(void)state;
	for (double z = -20; z <= 30; z += 5) {
		double p = 64, mean, var, density;
		struct bank_reading r = bank_reading(z, p, &n);

		integrate(z, p, &n, &mean, &var, &density);
		assert_near_double(p * r.slope, mean, 0.01 * (1 + fabs(mean)));
		assert_near_double(p - p * p * r.curvature, var, 0.01 * p);
		assert_near_double(r.density.exponent + log(r.density.factor), log(density), 0.02);
	}
}

static void absurd_values_stay_finite(void **state)
{
	static const double size[] = {1e-6, 1e-3, 1, 1e6, 1e12, 1e19};

	(void)state;
	for (int i = 0; i < 2 * 6 * 6 * 6 * 6; i++) {
		int q = i / 2;
		double width = size[q / 36 % 6], p = size[q / 6 % 6];
		struct bank_noise n = {.flat_ns = width,
			.mean_ns = width / 2,
			.var_ns2 = size[q % 6] * size[q % 6],
			.tail = 0.1,
			.tail_gain = 10};
		struct bank_reading r =
			bank_reading(i % 2 ? size[q / 216] : -size[q / 216], p * p, &n);

		assert_true(isfinite(r.slope) && isfinite(r.density.exponent));
		assert_true(r.density.factor > 0 && isfinite(r.density.factor));
		assert_true(isfinite(r.curvature) && r.curvature * p * p <= 1);
	}
}

static void the_width_is_found(void **state)
{
	struct bank_window out = {.count = 0}, home = {.count = 0};
	double sum = 0, least = 1e9, most = 0;
	struct prng g;

	(void)state;
	prng_init(&g, 3);
	for (int i = 0; i < 64 * 200; i++) {
		double width;

		bank_window_add(&out, 5e5 + 1e3 * prng_uniform(&g));
		bank_window_add(&home, 5e5 + 1e3 * prng_uniform(&g));
		if (i < 63)
			continue;
		width = bank_scale_flat_ns(&out, &home, 483);
		sum += width / (64 * 200 - 63);
		least = fmin(least, width);
		most = fmax(most, width);
	}
	assert_near_double(sum, 1e3, 3);
	assert_true(least > 930 && most < 1017);
	/* few: what the round trips say, if that is more */
	bank_window_reset(&out);
	bank_window_reset(&home);
	bank_window_add(&out, 500400);
	bank_window_add(&home, 500200);
	assert_near_double(bank_scale_flat_ns(&out, &home, 483), 1000, 1);
}

/* ---- a line from such exchanges ---- */

struct world {
	struct bank_exchange e;
	struct prng g;
	double x_ns, rate_ppb;
	int64_t raw_ns;
};

static double flat_ns(struct prng *g)
{
	return 5e5 + 2e5 * prng_uniform(g);
}

/* The same variance. */
static double gauss_ns(struct prng *g)
{
	return 6e5 + 2e5 / sqrt(12) * prng_normal(g);
}

static double exchange(struct world *w, double (*delay_ns)(struct prng *))
{
	struct bank_prior prior = {0, 1e5};
	struct bank_exchange_sample s = {.precision_ns = 10};
	struct bank_line_state at;
	int64_t step;

	for (int i = 0; i < 16; i++) {
		w->rate_ppb += prng_normal(&w->g);
		w->x_ns += w->rate_ppb;
	}
	w->raw_ns += 16 * S;
	s.raw_ns = w->raw_ns;
	s.there_ns = w->x_ns + delay_ns(&w->g);
	s.back_ns = -w->x_ns + delay_ns(&w->g);
	bank_exchange_take(&w->e, &s, &prior, &step);
	at = bank_line_at(&w->e.line, w->raw_ns);
	return at.phase_ns - w->x_ns;
}

static double rms_ns(double (*delay_ns)(struct prng *), uint64_t seed)
{
	static struct world w;
	double sum = 0;
	int n = 0;

	memset(&w, 0, sizeof w);
	prng_init(&w.g, seed);
	for (int i = 0; i < 1000; i++)
		exchange(&w, delay_ns);
	for (; n < 3000; n++) {
		double error = exchange(&w, delay_ns);

		sum += error * error;
	}
	return sqrt(sum / n);
}

static void both_edges_count(void **state)
{
	double flat = 0, gauss = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		flat += rms_ns(flat_ns, seed);
		gauss += rms_ns(gauss_ns, seed);
	}
	assert_true(flat < 0.7 * gauss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_exact),
		cmocka_unit_test(a_narrow_one_is_nearly_gaussian),
		cmocka_unit_test(absurd_values_stay_finite),
		cmocka_unit_test(the_width_is_found),
		cmocka_unit_test(both_edges_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
