/* SPDX-License-Identifier: MIT */
/* The rate that no register shows is learnt at every interval of readings. */
#include "tests/unit/tcheck.h"

#include <math.h>
#include "common/core/prng.h"
#include "disciplined/core/learn.h"

/* What is known of a residual of 33 ppb after seconds of readings of that width. */
static struct learn after(double seconds, double interval_s, double width_ns)
{
	struct prng g;
	struct learn l;
	struct clk_model m = {.raw = {0}};
	double truth_ns = 0, last_error_ns = 0;

	prng_init(&g, 7);
	learn_init(&l);
	m.width.ns = (int64_t)width_ns;
	for (double t = interval_s; t < seconds; t += interval_s) {
		struct clk_reading r = {.raw = {(int64_t)(t * 1e9)}, .width = m.width};
		double error_ns = width_ns * (prng_uniform(&g) - 0.5);
		double gained_ns = 33 * t - truth_ns;

		/* the model knows of the residual what was learnt, and starts at the last reading
		 */
		learn_update(&l, &m, &r,
			gained_ns - l.residual_ppb * interval_s + error_ns - last_error_ns);
		truth_ns = 33 * t;
		last_error_ns = error_ns;
		m.raw = r.raw;
	}
	return l;
}

static void test_every_interval(void **state)
{
	static const double interval_s[] = {1.0 / 128, 0.0625, 0.5, 4, 64};

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct learn l = after(3600, interval_s[i], 100);

		assert_true(fabs(l.residual_ppb - 33) < 4);
		assert_true(l.variance_ppb2 < 16);
		assert_true(fabs(l.residual_ppb - 33) < 4 * sqrt(l.variance_ppb2));
	}
}

static void test_nothing_from_next_to_nothing(void **state)
{
	struct learn l = after(0.09, 1.0 / 128, 100);

	(void)state;
	assert_true(l.residual_ppb == 0);
	l = after(0.3, 1.0 / 128, 100);
	assert_true(l.residual_ppb != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_interval),
		cmocka_unit_test(test_nothing_from_next_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
