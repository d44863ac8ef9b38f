/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "tests/unit/tcheck.h"
#include "common/core/linfit.h"
#include "common/core/prng.h"

static void an_exact_line_is_found(void **state)
{
	const double x[] = {-3, -1, 0, 2}, y[] = {-5, -1, 1, 5};
	struct linfit f;

	(void)state;
	assert_int_equal(linfit_line(x, y, NULL, 4, &f), 0);
	assert_int_equal(f.n, 4);
	assert_near_double(f.slope, 2, 1e-14);
	assert_near_double(linfit_at(&f, 0), 1, 1e-14);
	assert_near_double(f.residual_sd, 0, 1e-14);
	assert_near_double(linfit_sd_at(&f, 100), 0, 1e-12);
}

/* Worked by hand. */
static void errors_of_a_known_line(void **state)
{
	const double x[] = {0, 1, 2, 3, 4}, y[] = {1, 1, 3, 4, 6};
	struct linfit f;
	double s2;

	(void)state;
	assert_int_equal(linfit_line(x, y, NULL, 5, &f), 0);
	assert_near_double(f.centre_x, 2, 1e-15);
	assert_near_double(f.centre_y, 3, 1e-15);
	assert_near_double(f.slope, 1.3, 1e-14);
	/* residuals 0.6 -0.7 0 -0.3 0.4: squares add up to 1.1 */
	s2 = 1.1 / 3;
	assert_near_double(f.residual_sd, sqrt(s2), 1e-14);
	assert_near_double(f.centre_y_sd, sqrt(s2 / 5), 1e-14);
	assert_near_double(f.slope_sd, sqrt(s2 / 10), 1e-14);
	assert_near_double(linfit_sd_at(&f, 4), sqrt(s2 / 5 + 4 * s2 / 10), 1e-14);
	assert_int_equal(f.runs, 3);
}

static void weights_count_as_repetitions_do(void **state)
{
	const double x[] = {0, 1, 2, 5}, y[] = {1, 0, 3, 4}, weight[] = {1, 2, 1, 0};
	const double x2[] = {0, 1, 1, 2}, y2[] = {1, 0, 0, 3};
	struct linfit f, g;

	(void)state;
	assert_int_equal(linfit_line(x, y, weight, 4, &f), 0);
	assert_int_equal(linfit_line(x2, y2, NULL, 4, &g), 0);
	assert_int_equal(f.n, 3);
	assert_near_double(f.slope, g.slope, 1e-14);
	assert_near_double(f.centre_y, g.centre_y, 1e-14);
}

static void only_ratios_of_weights_matter(void **state)
{
	const double x[] = {0, 1, 2, 5}, y[] = {1, 0, 3, 4}, w[] = {1, 2, 1, 3};
	const double v[] = {1e-12, 2e-12, 1e-12, 3e-12};
	struct linfit f, g;

	(void)state;
	assert_int_equal(linfit_line(x, y, w, 4, &f), 0);
	assert_int_equal(linfit_line(x, y, v, 4, &g), 0);
	assert_near_double(f.slope_sd, g.slope_sd, 1e-12);
	assert_near_double(f.residual_sd, g.residual_sd, 1e-12);
	assert_near_double(f.centre_y_sd, g.centre_y_sd, 1e-12);
}

static void two_points_tell_nothing_about_noise(void **state)
{
	const double x[] = {0, 1}, y[] = {0, 5};
	struct linfit f;

	(void)state;
	assert_int_equal(linfit_line(x, y, NULL, 2, &f), 0);
	assert_near_double(f.slope, 5, 1e-15);
	assert_true(isinf(f.residual_sd) && isinf(f.slope_sd));
	assert_true(isinf(linfit_sd_at(&f, 0.5)));
}

static void what_has_no_line_is_refused(void **state)
{
	const double x[] = {1, 1, 1}, y[] = {1, 2, 3}, bad[] = {1, NAN, 3},
		     inf[] = {1, 2, INFINITY};
	const double negative[] = {1, 1, -1}, none[] = {0, 0, 1};
	struct linfit f = {.n = 77};

	(void)state;
	assert_int_equal(linfit_line(x, y, NULL, 3, &f), -EINVAL);
	assert_int_equal(linfit_line(y, y, NULL, 1, &f), -EINVAL);
	assert_int_equal(linfit_line(y, y, NULL, 0, &f), -EINVAL);
	assert_int_equal(linfit_line(y, bad, NULL, 3, &f), -EINVAL);
	assert_int_equal(linfit_line(inf, y, NULL, 3, &f), -EINVAL);
	assert_int_equal(linfit_line(y, y, negative, 3, &f), -EINVAL);
	assert_int_equal(linfit_line(y, y, none, 3, &f), -EINVAL);
	assert_int_equal(f.n, 77);
}

/* The stated errors are those that repeated experiments show. */
static void standard_errors_are_honest(void **state)
{
	double x[20], y[20], weight[20], slope2 = 0, at2 = 0, stated_slope2 = 0, stated_at2 = 0;
	const int rounds = 4000;
	struct prng g;
	int round, i;

	(void)state;
	prng_init(&g, 9);
	for (round = 0; round < rounds; round++) {
		struct linfit f;

		for (i = 0; i < 20; i++) {
			double sd = i % 2 ? 10 : 30;

			x[i] = 16 * i + prng_uniform(&g);
			y[i] = 100 - 3 * x[i] + sd * prng_normal(&g);
			weight[i] = 1 / (sd * sd);
		}
		assert_int_equal(linfit_line(x, y, weight, 20, &f), 0);
		slope2 += (f.slope + 3) * (f.slope + 3);
		stated_slope2 += f.slope_sd * f.slope_sd;
		at2 += (linfit_at(&f, 400) + 1100) * (linfit_at(&f, 400) + 1100);
		stated_at2 += linfit_sd_at(&f, 400) * linfit_sd_at(&f, 400);
	}
	assert_near_double(slope2 / stated_slope2, 1, 0.1);
	assert_near_double(at2 / stated_at2, 1, 0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exact_line_is_found),
		cmocka_unit_test(errors_of_a_known_line),
		cmocka_unit_test(weights_count_as_repetitions_do),
		cmocka_unit_test(only_ratios_of_weights_matter),
		cmocka_unit_test(two_points_tell_nothing_about_noise),
		cmocka_unit_test(what_has_no_line_is_refused),
		cmocka_unit_test(standard_errors_are_honest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
