/* SPDX-License-Identifier: MIT */
#include "tests/unit/tcheck.h"

#include "ntpexchd/core/poll.h"

static struct poll_input usual(void)
{
	return (struct poll_input){.minpoll = 6,
		.maxpoll = 10,
		.parts = 7 * POLL_PARTS,
		.reach = 0xff,
		.samples = 8,
		.sd_ns = 1000,
		.base_delay_ns = 5000};
}

static void test_intervals(void **state)
{
	(void)state;
	assert_i64_equal(poll_interval(0).ns, NS_PER_S);
	assert_i64_equal(poll_interval(-7).ns, NS_PER_S / 128);
	assert_i64_equal(poll_interval(10).ns, 1024 * NS_PER_S);
	assert_i64_equal(poll_interval(24).ns, (1 << 24) * NS_PER_S);
	assert_i64_equal(poll_interval(1000).ns, poll_interval(24).ns);
	assert_i64_equal(poll_interval(-1000).ns, poll_interval(-7).ns);
}

static void test_parts(void **state)
{
	(void)state;
	assert_i64_equal(poll_parts_interval(24).ns, 64 * NS_PER_S);
	assert_i64_equal(poll_parts_interval(26).ns, INT64_C(90509667991)); /* 64 sqrt(2) s */
	assert_i64_equal(poll_parts_interval(-4).ns, NS_PER_S / 2);
	assert_i64_equal(poll_parts_interval(-3).ns, 594603557);
	assert_int_equal(poll_of_parts(27), 6);
	assert_int_equal(poll_of_parts(28), 7);
	assert_int_equal(poll_of_parts(-1), -1);
	assert_int_equal(poll_of_parts(-4), -1);
	assert_int_equal(poll_of_parts(-5), -2);
}

static void test_unknown_growth(void **state)
{
	struct poll_input in = usual();

	(void)state;
	assert_int_equal(poll_next(&in), 29);
	in.samples = 9;
	assert_int_equal(poll_next(&in), 28);
	in.samples = 6;
	assert_int_equal(poll_next(&in), 28);
	in.samples = 8;
	in.parts = 40;
	assert_int_equal(poll_next(&in), 40);
}

static void test_growth(void **state)
{
	struct poll_input in = usual();

	(void)state;
	/* sqrt(1 + 2^(3/4) (g^2 - 1)) = 1.9 at g = 1.59747 */
	in.growth = 1.597;
	assert_int_equal(poll_next(&in), 29);
	in.growth = 1.598;
	assert_int_equal(poll_next(&in), 28);
	in.growth = 1.9;
	assert_int_equal(poll_next(&in), 28);
	in.growth = 1.901;
	assert_int_equal(poll_next(&in), 27);
	/* sqrt(1 + 2.61 * 2^(3/4)) */
	in.growth = 2.322;
	assert_int_equal(poll_next(&in), 26);
	in.growth = 100;
	assert_int_equal(poll_next(&in), 24);
	in.parts = 40;
	assert_int_equal(poll_next(&in), 36);
	/* better at the next poll than now: as good as it gets */
	in.growth = 0.5;
	in.parts = 28;
	assert_int_equal(poll_next(&in), 29);
}

static void test_small_errors_grow_further(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.growth = 2.0;
	in.base_delay_ns = 25000;
	assert_int_equal(poll_next(&in), 29);
	in.growth =
		2.45; /* sd 2.45 us is less than a tenth of 25 us, a quarter octave later more */
	assert_int_equal(poll_next(&in), 28);
	in.base_delay_ns = 24000;
	assert_int_equal(poll_next(&in), 27);
}

static void test_large_errors_grow_less(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.growth = 1.55;
	in.base_delay_ns = 1500;
	assert_int_equal(poll_next(&in), 27);
	in.base_delay_ns = 5000;
	assert_int_equal(poll_next(&in), 29);
}

static void test_loss_does_not_raise(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.reach = 0xfd;
	assert_int_equal(poll_next(&in), 28);
	in.growth = 1.0;
	assert_int_equal(poll_next(&in), 28);
	in.growth = 9.0;
	assert_int_equal(poll_next(&in), 24);
}

static void test_range(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.parts = 12;
	in.growth = 1.2;
	assert_int_equal(poll_next(&in), 24);
	in.parts = 60;
	assert_int_equal(poll_next(&in), 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_unknown_growth),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_small_errors_grow_further),
		cmocka_unit_test(test_large_errors_grow_less),
		cmocka_unit_test(test_loss_does_not_raise),
		cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
