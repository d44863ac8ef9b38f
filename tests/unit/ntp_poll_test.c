/* SPDX-License-Identifier: MIT */
#include "tests/unit/tcheck.h"

#include "ntpexchd/core/poll.h"

#include <math.h>

/* A sample's variance is 1e6 ns^2, the level 7e5. */
static struct poll_input usual(void)
{
	return (struct poll_input){.minpoll = 6,
		.maxpoll = 10,
		.parts = 7 * POLL_PARTS,
		.interval_s = 128,
		.reach = 0xff,
		.polls = 1,
		.samples = 8,
		.sd_ns = 500,
		.jitter_ns = 1000,
		.base_delay_ns = 5000};
}

/* With nothing remembered. */
static int next(const struct poll_input *in)
{
	struct poll_memory none = {0};

	return poll_next(in, &none);
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
	assert_int_equal(next(&in), 29);
	in.samples = 9;
	assert_int_equal(next(&in), 28);
	in.samples = 6;
	assert_int_equal(next(&in), 28);
	in.samples = 8;
	in.parts = 40;
	assert_int_equal(next(&in), 40);
}

static void test_interval_ends_where_variance_is_worth_a_packet(void **state)
{
	struct poll_input in = usual();

	(void)state;
	/* wander alone: 1 + 2^(3k/4) (g^2 - 1) = 2.8 at k = 1 for g = 1.43885 */
	in.growth = 1.4385;
	assert_int_equal(next(&in), 29);
	in.growth = 1.439;
	assert_int_equal(next(&in), 28);
	/* sqrt(2.8) */
	in.growth = 1.673;
	assert_int_equal(next(&in), 28);
	in.growth = 1.674;
	assert_int_equal(next(&in), 27);
	in.growth = 100;
	assert_int_equal(next(&in), 24);
	/* better at the next poll than now: as good as it gets, an octave at a time */
	in.growth = 0.5;
	assert_int_equal(next(&in), 32);
}

static void test_bad_answer_is_asked_again_at_once(void **state)
{
	struct poll_input good = usual(), bad = usual();

	(void)state;
	good.sd_ns = 300;
	bad.sd_ns = 800;
	/* as much is added by waiting, to less or to more */
	good.growth = sqrt(1 + 2e5 / (300 * 300));
	bad.growth = sqrt(1 + 2e5 / (800 * 800));
	assert_int_equal(next(&good), 30);
	assert_int_equal(next(&bad), 25);
	bad.sd_ns = 850;
	assert_int_equal(next(&bad), 24);
}

static void test_unsure_rate_reaches_further_than_wander(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.growth = 1.3;
	assert_int_equal(next(&in), 29);
	/* sqrt(2) s r I + (r I)^2 = 0.69 s^2: all of it */
	in.rate_sd_ppb = 0.384 * 500 / 128;
	assert_int_equal(next(&in), 32);
	/* no more than was foretold, however unsure */
	in.rate_sd_ppb = 1e6;
	assert_int_equal(next(&in), 30);
}

static void test_small_errors_are_worth_less(void **state)
{
	struct poll_input in = usual();

	(void)state;
	/* 1.3 us is above the level, but a tenth of a round trip of 13 us */
	in.growth = 2.59;
	assert_int_equal(next(&in), 25);
	in.base_delay_ns = 13000;
	assert_int_equal(next(&in), 28);
	/* 2.5 R is the most */
	in.growth = 3.17;
	in.base_delay_ns = 1e9;
	assert_int_equal(next(&in), 27);
	in.growth = 3.16;
	assert_int_equal(next(&in), 28);
}

static void test_large_errors_are_worth_more(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.growth = 1.2;
	assert_int_equal(next(&in), 30);
	in.base_delay_ns = 600;
	assert_int_equal(next(&in), 28);
	/* 0.25 R is the least: that is the sd now */
	in.base_delay_ns = 1;
	assert_int_equal(next(&in), 24);
	in.sd_ns = 400;
	assert_int_equal(next(&in), 28);
}

static void test_floor_of_the_rate_is_no_step(void **state)
{
	struct poll_input in = usual();

	(void)state;
	/* a server asked for 1024 s between packets; our own judgement is of our own interval */
	in.interval_s = 1024;
	in.growth = 1.673;
	assert_int_equal(next(&in), 32);
}

static void test_useless_answers_are_not_asked_for_again(void **state)
{
	struct poll_input in = usual();
	struct poll_memory m = {0};

	(void)state;
	in.growth = 1.6;
	assert_int_equal(poll_next(&in, &m), 28);
	assert_true(m.foretold_ns2 == 500.0 * 500 * (1 + (1.6 * 1.6 - 1)));
	assert_false(m.useless);
	/* 97 % is left, more than the level with any interval: nothing shorter */
	in.sd_ns = 840;
	in.growth = 1.4;
	m.foretold_ns2 = 7.3e5;
	assert_int_equal(poll_next(&in, &m), 28);
	assert_true(m.useless);
	/* another one: an octave longer */
	m.foretold_ns2 = 7.3e5;
	assert_int_equal(poll_next(&in, &m), 32);
	/* it brought 6 %: ask again, at once */
	m.foretold_ns2 = 7.6e5;
	assert_int_equal(poll_next(&in, &m), 24);
	assert_false(m.useless);
	/* after a loss nobody knows what was to be expected */
	m.foretold_ns2 = 7.3e5;
	in.reach = 0xfd;
	assert_int_equal(poll_next(&in, &m), 24);
	assert_false(m.useless);
}

static void test_loss_does_not_raise(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.reach = 0xfd;
	assert_int_equal(next(&in), 28);
	in.growth = 1.0;
	assert_int_equal(next(&in), 28);
	in.growth = 9.0;
	assert_int_equal(next(&in), 24);
}

static void test_range(void **state)
{
	struct poll_input in = usual();

	(void)state;
	in.parts = 12;
	in.growth = 1.2;
	assert_int_equal(next(&in), 24);
	in.parts = 60;
	in.interval_s = 32768;
	assert_int_equal(next(&in), 40);
}

/* A sample of four polls at a quarter of the interval comes when one of each poll would. */
static void test_polls_that_make_one_sample(void **state)
{
	(void)state;
	for (double growth = 1.05; growth < 6; growth *= 1.1) {
		struct poll_input each = usual(), fourth = usual();

		each.growth = fourth.growth = growth;
		fourth.polls = 4;
		fourth.parts = each.parts - 2 * POLL_PARTS;
		fourth.minpoll = each.minpoll - 2;
		fourth.maxpoll = each.maxpoll - 2;
		assert_int_equal(next(&fourth), next(&each) - 2 * POLL_PARTS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_unknown_growth),
		cmocka_unit_test(test_interval_ends_where_variance_is_worth_a_packet),
		cmocka_unit_test(test_bad_answer_is_asked_again_at_once),
		cmocka_unit_test(test_unsure_rate_reaches_further_than_wander),
		cmocka_unit_test(test_small_errors_are_worth_less),
		cmocka_unit_test(test_large_errors_are_worth_more),
		cmocka_unit_test(test_floor_of_the_rate_is_no_step),
		cmocka_unit_test(test_useless_answers_are_not_asked_for_again),
		cmocka_unit_test(test_loss_does_not_raise),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_polls_that_make_one_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
