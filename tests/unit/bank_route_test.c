/* SPDX-License-Identifier: MIT */
/* Changes of the route, told from queues and from the wander of the clock. */
#include <string.h>
#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "selectd/core/bank_route.h"

static const struct bank_route_view ordinary = {.there_ns = 1010,
	.back_ns = 1010,
	.base_ns = 1000,
	.scale_ns = 10,
	.phase_sd_ns = 1,
	.samples = 100};

static void settle(struct bank_route *r)
{
	struct bank_route_change c;

	memset(r, 0, sizeof(*r));
	assert_int_equal(bank_route_judge(r, &ordinary, &c), BANK_ROUTE_USE);
	assert_near_double(r->scale_ns, 10, 0);
}

static struct bank_route_view moved(double there, double back)
{
	struct bank_route_view v = ordinary;

	v.there_ns += there;
	v.back_ns += back;
	return v;
}

static void a_single_short_trip_is_dropped(void **state)
{
	struct bank_route_change c;
	struct bank_route_view shorter = moved(-100, -100);
	struct bank_route r;

	(void)state;
	settle(&r);
	assert_int_equal(bank_route_judge(&r, &shorter, &c), BANK_ROUTE_HOLD);
	for (int i = 0; i < 5; i++)
		assert_int_equal(bank_route_judge(&r, &ordinary, &c), BANK_ROUTE_HOLD);
	assert_int_equal(bank_route_judge(&r, &ordinary, &c), BANK_ROUTE_USE);
}

static void one_that_is_known_poorly_says_nothing(void **state)
{
	struct bank_route_change c;

	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct bank_route_view v = moved(sign * 100, sign * 100);
		struct bank_route r;

		settle(&r);
		v.doubt_ns = 200;
		assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_USE);
		assert_int_equal(bank_route_judge(&r, &ordinary, &c), BANK_ROUTE_USE);
		v.doubt_ns = 100;
		assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_HOLD);
	}
}

static void a_shorter_path_is_learnt(void **state)
{
	struct bank_route_change c;
	struct bank_route_view v = moved(-300, -310);
	struct bank_route r;

	(void)state;
	settle(&r);
	for (int i = 0; i < 5; i++)
		assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_HOLD);
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_CHANGED);
	assert_near_double(c.base_ns, -295, 1e-9);
	assert_near_double(c.there_ns, 0, 0);
	assert_near_double(c.phase_var_ns2, 0, 0);
}

static void a_wandering_clock_does_not_wait_for_six(void **state)
{
	struct bank_route_change c;
	struct bank_route_view v = moved(-300, -300);
	struct bank_route r;

	(void)state;
	settle(&r);
	v.phase_sd_ns = 20;
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_HOLD);
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_CHANGED);
}

/* The way back is as ever, and goes on telling the phase. */
static void one_way_longer_is_told_from_both(void **state)
{
	struct bank_route_change c;
	struct bank_route_view v = moved(500, 0);
	struct bank_route r;

	(void)state;
	settle(&r);
	for (int i = 0; i < 9; i++)
		assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_USE);
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_CHANGED);
	assert_near_double(c.there_ns, 510, 1e-9);
	assert_near_double(c.back_ns, 10, 1e-9);
	assert_near_double(c.phase_var_ns2, 1 + 1, 1e-9);
	assert_int_equal(c.still, 0);
}

/* A direction whose base delay is where it was is pinned there. */
static void the_way_that_stands_still_is_found(void **state)
{
	struct bank_route_change c;
	struct bank_route_view there = moved(500, -9), back = moved(-9, 500);
	struct bank_route_view both = moved(500, 90);
	struct bank_route r;

	(void)state;
	settle(&r);
	for (int i = 0; i < 10; i++)
		bank_route_judge(&r, &there, &c);
	assert_int_equal(c.still, -1);
	assert_near_double(c.there_ns, 510, 1e-9);
	assert_near_double(c.back_ns, 0, 0);
	settle(&r);
	for (int i = 0; i < 10; i++)
		bank_route_judge(&r, &back, &c);
	assert_int_equal(c.still, 1);
	assert_near_double(c.there_ns, 0, 0);
	assert_near_double(c.back_ns, 510, 1e-9);
	settle(&r);
	both.phase_sd_ns = 100; /* 100 is less than 2 deviations, but a fifth of 510 */
	for (int i = 0; i < 10; i++)
		bank_route_judge(&r, &both, &c);
	assert_int_equal(c.still, 0);
}

/* A queue before the change is not of the ten that tell it. */
static void a_long_one_before_the_change_does_not_hide_it(void **state)
{
	struct bank_route_change c;
	struct bank_route_view queue = moved(40, 40), v = moved(500, 500);
	struct bank_route r;

	(void)state;
	settle(&r);
	assert_int_equal(bank_route_judge(&r, &queue, &c), BANK_ROUTE_HOLD);
	for (int i = 0; i < 9; i++)
		assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_HOLD);
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_CHANGED);
	assert_near_double(c.base_ns, 510, 1e-9);
}

static struct bank_route_view queueing(struct prng *g)
{
	return moved(40 + 200 * prng_exponential(g), 200 * prng_exponential(g));
}

static void queueing_is_no_change_of_route(void **state)
{
	struct bank_route_change c;
	struct bank_route r;
	struct prng g;

	(void)state;
	prng_init(&g, 5);
	settle(&r);
	for (int i = 0; i < 59; i++) {
		struct bank_route_view v = queueing(&g);
		bool tells;

		v.phase_sd_ns = i % 2 ? 1 : 1e4;
		/* those that may tell something are used: an edge that is not late, or any */
		tells = i % 2 == 0 || v.back_ns < 1030;
		assert_int_equal(
			bank_route_judge(&r, &v, &c), tells ? BANK_ROUTE_USE : BANK_ROUTE_HOLD);
	}
}

/* Sixty in a row, but only if they last for an hour as well. */
static int judged_changes(int readings, int64_t interval_ns)
{
	struct bank_route_change c;
	struct bank_route r;
	struct prng g;
	int changes = 0;

	prng_init(&g, 5);
	settle(&r);
	for (int i = 0; i < readings; i++) {
		struct bank_route_view v = queueing(&g);

		v.raw_ns = i * interval_ns;
		changes += bank_route_judge(&r, &v, &c) == BANK_ROUTE_CHANGED;
	}
	return changes;
}

static void a_queue_that_lasts_becomes_the_route(void **state)
{
	(void)state;
	assert_int_equal(judged_changes(59, 64000000000), 0);
	assert_int_equal(judged_changes(62, 64000000000), 1);
	assert_int_equal(judged_changes(800, 4000000000), 0);
	assert_int_equal(judged_changes(1000, 4000000000), 1);
}

/* The clock's error of +-50 is in each direction, not in the round trips. */
static void a_wandering_clock_moves_no_base(void **state)
{
	struct bank_route_change c;
	struct bank_route r;

	(void)state;
	settle(&r);
	for (int i = 0; i < 10; i++) {
		struct bank_route_view v = moved(200, 200);

		v.there_ns += i % 2 ? 50 : -50;
		v.back_ns -= i % 2 ? 50 : -50;
		v.phase_sd_ns = 40;
		assert_int_equal(
			bank_route_judge(&r, &v, &c), i < 9 ? BANK_ROUTE_HOLD : BANK_ROUTE_CHANGED);
	}
	assert_near_double(c.base_ns, 210, 1e-9);
	assert_near_double(c.there_ns, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_short_trip_is_dropped),
		cmocka_unit_test(one_that_is_known_poorly_says_nothing),
		cmocka_unit_test(a_shorter_path_is_learnt),
		cmocka_unit_test(a_wandering_clock_does_not_wait_for_six),
		cmocka_unit_test(one_way_longer_is_told_from_both),
		cmocka_unit_test(the_way_that_stands_still_is_found),
		cmocka_unit_test(a_long_one_before_the_change_does_not_hide_it),
		cmocka_unit_test(queueing_is_no_change_of_route),
		cmocka_unit_test(a_queue_that_lasts_becomes_the_route),
		cmocka_unit_test(a_wandering_clock_moves_no_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
