/* SPDX-License-Identifier: MIT */
#include "tests/unit/tcheck.h"

#include "ntpexchd/core/poll.h"

static struct poll_input usual(void)
{
	return (struct poll_input){
		.minpoll = 6, .maxpoll = 10, .poll = 7, .reach = 0xff, .samples = 8};
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

static void test_unknown_growth(void **state)
{
	struct poll_input in = usual();

	(void)state;
	assert_int_equal(poll_next(&in), 8);
	in.samples = 7;
	assert_int_equal(poll_next(&in), 7);
	in.samples = 8;
	in.poll = 10;
	assert_int_equal(poll_next(&in), 10);
}

static void test_growth(void **state)
{
	struct poll_input in = usual();

	(void)state;
	/* sqrt(1 + 8 (g^2 - 1)) = 1.5 at g = 1.07529 */
	in.growth = 1.0752;
	assert_int_equal(poll_next(&in), 8);
	in.growth = 1.0754;
	assert_int_equal(poll_next(&in), 7);
	in.growth = 1.5;
	assert_int_equal(poll_next(&in), 7);
	in.growth = 1.501;
	assert_int_equal(poll_next(&in), 6);
	in.poll = 6;
	assert_int_equal(poll_next(&in), 6);
	/* better at the next poll than now: as good as it gets */
	in.growth = 0.5;
	assert_int_equal(poll_next(&in), 7);
	in.samples = POLL_RAISE_SAMPLES - 1;
	assert_int_equal(poll_next(&in), 6);
}

static void test_loss_does_not_raise(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.reach = 0xfd;
	assert_int_equal(poll_next(&in), 7);
	in.growth = 1.0;
	assert_int_equal(poll_next(&in), 7);
	in.growth = 9.0;
	assert_int_equal(poll_next(&in), 6);
}

static void test_range(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.poll = 3;
	in.growth = 1.2;
	assert_int_equal(poll_next(&in), 6);
	in.poll = 15;
	assert_int_equal(poll_next(&in), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_unknown_growth),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_loss_does_not_raise),
		cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
