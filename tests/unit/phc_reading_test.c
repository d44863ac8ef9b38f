/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <errno.h>
#include <string.h>

#include "common/core/phc_reading.h"

static struct phc_batch batch_of(int n)
{
	struct phc_batch b = {.method = PHC_METHOD_EXTENDED, .scale = PHC_SCALE_RAW, .count = n};

	for (int i = 0; i < n; i++)
		b.reading[i] = (struct phc_reading){
			1000 + 100 * i, 50000 + 100 * i, 1000 + 100 * i + 40 + i % 7};
	return b;
}

static void the_narrowest_bracket_wins(void **state)
{
	struct phc_batch b = batch_of(PHC_BATCH_MAX);
	struct phc_best best;

	(void)state;
	b.reading[17] = (struct phc_reading){7000, 60000, 7009};
	assert_int_equal(phc_reading_best(&b, &best), 0);
	assert_int_equal(best.index, 17);
	assert_i64_equal(best.width_ns, 9);
	assert_i64_equal(best.system_ns, 7004);
	assert_i64_equal(best.phc_ns, 60000);
}

static void of_equals_the_first_wins(void **state)
{
	struct phc_batch b = batch_of(14);
	struct phc_best best;

	(void)state;
	assert_int_equal(phc_reading_best(&b, &best), 0);
	assert_int_equal(best.index, 0);
}

static void impossible_readings_are_left_out(void **state)
{
	struct phc_batch b = batch_of(3);
	struct phc_best best = {.index = 99};

	(void)state;
	b.reading[0].after_ns = b.reading[0].before_ns - 1;
	b.reading[1].phc_ns = -1;
	assert_int_equal(phc_reading_best(&b, &best), 0);
	assert_int_equal(best.index, 2);
	b.reading[2].before_ns = -5;
	best.index = 99;
	assert_int_equal(phc_reading_best(&b, &best), -ENODATA);
	assert_int_equal(best.index, 99);
	b.count = 0;
	assert_int_equal(phc_reading_best(&b, &best), -ENODATA);
}

static void a_pair_has_no_width(void **state)
{
	struct phc_batch b = {.method = PHC_METHOD_PRECISE, .count = 1};
	struct phc_best best;

	(void)state;
	b.reading[0] = (struct phc_reading){5, INT64_MAX, 5};
	assert_int_equal(phc_reading_best(&b, &best), 0);
	assert_i64_equal(best.width_ns, 0);
	assert_i64_equal(best.system_ns, 5);
	assert_i64_equal(best.phc_ns, INT64_MAX);
}

static void a_bracket_of_all_time_does_not_overflow(void **state)
{
	struct phc_batch b = {.method = PHC_METHOD_PLAIN, .count = 1};
	struct phc_best best;

	(void)state;
	b.reading[0] = (struct phc_reading){0, 1, INT64_MAX};
	assert_int_equal(phc_reading_best(&b, &best), 0);
	assert_i64_equal(best.width_ns, INT64_MAX);
	assert_i64_equal(best.system_ns, INT64_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_narrowest_bracket_wins),
		cmocka_unit_test(of_equals_the_first_wins),
		cmocka_unit_test(impossible_readings_are_left_out),
		cmocka_unit_test(a_pair_has_no_width),
		cmocka_unit_test(a_bracket_of_all_time_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
