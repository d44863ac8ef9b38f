/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/core/oscillator.h"
#include "common/core/tstime.h"
#include "common/io/oscillator_parse.h"

#define EPOCH INT64_C(1000000000000)
#define DAY   (86400 * NS_PER_S)

static struct oscillator made(double freq, double wander, uint64_t seed)
{
	struct oscillator o;

	assert_int_equal(oscillator_init(&o, EPOCH, freq, wander, seed), 0);
	return o;
}

static void a_constant_rate_is_exact_over_a_year(void **state)
{
	struct oscillator o = made(20000.0, 0.0, 1);

	(void)state;
	assert_int_equal(oscillator_at(&o, EPOCH), EPOCH);
	assert_int_equal(oscillator_at(&o, EPOCH + DAY), EPOCH + DAY + DAY / 50000);
	assert_int_equal(
		oscillator_at(&o, EPOCH + 365 * DAY), EPOCH + 365 * DAY + 365 * DAY / 50000);
	assert_int_equal(oscillator_at(&o, EPOCH + 49999), EPOCH + 49999);
	assert_int_equal(oscillator_at(&o, EPOCH + 50000), EPOCH + 50001);
	o = made(-20000.0, 0.0, 1);
	assert_int_equal(oscillator_at(&o, EPOCH + 1), EPOCH);
	assert_int_equal(oscillator_at(&o, EPOCH + DAY), EPOCH + DAY - DAY / 50000);
}

static void before_the_epoch_nothing_is_bent(void **state)
{
	struct oscillator o = made(1e6, 1e-6, 3);

	(void)state;
	assert_int_equal(oscillator_at(&o, EPOCH - 1), EPOCH - 1);
	assert_int_equal(oscillator_at(&o, 0), 0);
}

static void any_order_of_questions_gives_the_same_answers(void **state)
{
	struct oscillator a = made(-1234.5, 2e-8, 99), b = made(-1234.5, 2e-8, 99);
	int64_t forward[500];

	(void)state;
	for (int i = 0; i < 500; i++)
		forward[i] = oscillator_at(&a, EPOCH + i * INT64_C(777777777));
	for (int i = 499; i >= 0; i--)
		assert_int_equal(oscillator_at(&b, EPOCH + i * INT64_C(777777777)), forward[i]);
	for (int i = 0; i < 500; i += 7)
		assert_int_equal(oscillator_at(&a, EPOCH + (i * 131 % 500) * INT64_C(777777777)),
			forward[i * 131 % 500]);
}

/* At the largest wander the walk leaves every sensible rate; time still goes on. */
static void the_clock_never_goes_back(void **state)
{
	struct oscillator o = made(-1e8, 1e-3, 5);
	int64_t last = oscillator_at(&o, EPOCH);

	(void)state;
	for (int64_t s = 0; s < 200000; s++) {
		for (int64_t ns = -1; ns <= 1; ns++) {
			int64_t now = oscillator_at(&o, EPOCH + (s + 1) * NS_PER_S + ns);

			assert_true(now >= last);
			last = now;
		}
	}
	assert_true(last > EPOCH + 90000 * NS_PER_S);
}

/* Second differences of the phase at whole seconds are the steps of the walk. */
static void the_walk_has_the_standard_deviation_asked_for(void **state)
{
	struct oscillator o = made(0.0, 1e-6, 7);
	double sum = 0.0, squares = 0.0, neighbours = 0.0, last_step = 0.0;
	int64_t p[3] = {0, 0, 0};
	int n = 20000;

	(void)state;
	for (int i = 0; i < n + 2; i++) {
		p[0] = p[1];
		p[1] = p[2];
		p[2] = oscillator_at(&o, EPOCH + i * NS_PER_S) - EPOCH - i * NS_PER_S;
		if (i >= 2) {
			double step = (double)(p[2] - 2 * p[1] + p[0]) * 1e-9;

			sum += step;
			squares += step * step;
			neighbours += step * last_step;
			last_step = step;
		}
	}
	assert_true(fabs(sqrt(squares / n) / 1e-6 - 1.0) < 0.02);
	assert_true(fabs(sum / n) < 4e-6 / sqrt(n));
	assert_true(fabs(neighbours / squares) < 4.0 / sqrt(n));
}

static void seeds_differ(void **state)
{
	struct oscillator a = made(0.0, 1e-6, 1), b = made(0.0, 1e-6, 2);

	(void)state;
	assert_int_not_equal(oscillator_at(&a, EPOCH + 100 * NS_PER_S),
		oscillator_at(&b, EPOCH + 100 * NS_PER_S));
}

/* Pinned, since every process of a suite must agree, on every machine and compiler. */
static void known_answers(void **state)
{
	struct oscillator o = made(20000.0, 1e-8, 42);

	(void)state;
	assert_int_equal(oscillator_at(&o, EPOCH + 1500 * NS_PER_MS), INT64_C(1001500030004));
	assert_int_equal(oscillator_at(&o, EPOCH + 100 * NS_PER_S + 1), INT64_C(1100002001413));
	assert_int_equal(oscillator_at(&o, EPOCH + DAY), INT64_C(87401587176713));
}

static void the_text_is_parsed(void **state)
{
	struct oscillator o;
	char error[300] = "";

	(void)state;
	assert_int_equal(
		oscillator_parse(&o, "epoch=5,freq=-20.5,wander=1e-9,seed=18446744073709551615",
			error, sizeof(error)),
		0);
	assert_int_equal(o.epoch_ns, 5);
	assert_int_equal(o.freq_fe, -20500000);
	assert_int_equal(o.wander_fe, 1000000);
	assert_true(o.seed == UINT64_MAX);
	assert_int_equal(oscillator_parse(&o, "epoch=0", error, sizeof(error)), 0);
	assert_int_equal(o.freq_fe, 0);
}

static void wrong_texts_are_refused(void **state)
{
	static const char *const wrong[] = {"", "freq=1", "epoch=-1", "epoch=1,",
		"epoch=1,freq=", "epoch=1,freq=x", "epoch=1,freq=nan", "epoch=1,freq=1e9",
		"epoch=1,wander=-1e-9", "epoch=1,wander=1", "epoch=1,seed=-1", "epoch=1,speed=3",
		"epoch=99999999999999999999", "epoch=1 ,freq=1", "epoch= 1", "epoch"};
	struct oscillator o;
	char error[300], longest[400];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		error[0] = '\0';
		assert_int_equal(oscillator_parse(&o, wrong[i], error, sizeof(error)), -EINVAL);
		assert_non_null(strstr(error, "freq=PPB (-1e8 to 1e8)"));
	}
	memset(longest, '1', sizeof(longest));
	memcpy(longest, "epoch=", 6);
	longest[399] = '\0';
	assert_int_equal(oscillator_parse(&o, longest, error, sizeof(error)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_constant_rate_is_exact_over_a_year),
		cmocka_unit_test(before_the_epoch_nothing_is_bent),
		cmocka_unit_test(any_order_of_questions_gives_the_same_answers),
		cmocka_unit_test(the_clock_never_goes_back),
		cmocka_unit_test(the_walk_has_the_standard_deviation_asked_for),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(known_answers),
		cmocka_unit_test(the_text_is_parsed),
		cmocka_unit_test(wrong_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
