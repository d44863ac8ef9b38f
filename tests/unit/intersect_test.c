/* SPDX-License-Identifier: MIT */
/* The intersection of intervals, by example and against brute force. */
#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "selectd/core/intersect.h"

#define IV(low, high)                                                                              \
	{                                                                                          \
		.low_ns = (low), .high_ns = (high)                                                 \
	}

static void nobody_is_no_majority(void **state)
{
	struct interval v[1] = {{0}};
	struct intersection x;

	(void)state;
	intersect_run(v, 0, &x);
	assert_false(x.majority);
}

static void three_of_four_agree(void **state)
{
	struct interval v[4] = {IV(-5, 5), IV(100, 110), IV(0, 10), IV(4, 20)};
	struct intersection x;

	(void)state;
	intersect_run(v, 4, &x);
	assert_true(x.majority);
	assert_i64_equal(x.low_ns, 4);
	assert_i64_equal(x.high_ns, 5);
	assert_true(v[0].agrees && v[2].agrees && v[3].agrees);
	assert_false(v[1].agrees);
}

static void two_against_two_is_no_majority(void **state)
{
	struct interval v[4] = {IV(-5, 5), IV(100, 110), IV(0, 10), IV(104, 120)};
	struct intersection x;

	(void)state;
	intersect_run(v, 4, &x);
	assert_false(x.majority);
	for (int i = 0; i < 4; i++)
		assert_false(v[i].agrees);
}

static void touching_intervals_overlap(void **state)
{
	struct interval v[2] = {IV(-5, 5), IV(5, 10)};
	struct intersection x;

	(void)state;
	intersect_run(v, 2, &x);
	assert_true(x.majority);
	assert_i64_equal(x.low_ns, 5);
	assert_i64_equal(x.high_ns, 5);
}

/* The wide one agrees with either of two that contradict each other: only it is sure to be true. */
static void ambiguous_majorities_leave_what_they_share(void **state)
{
	struct interval v[3] = {IV(-100, 100), IV(-90, -80), IV(80, 90)};
	struct intersection x;

	(void)state;
	intersect_run(v, 3, &x);
	assert_true(x.majority);
	assert_i64_equal(x.low_ns, -90);
	assert_i64_equal(x.high_ns, 90);
	assert_true(v[0].agrees);
	assert_false(v[1].agrees || v[2].agrees);
}

static void one_trusted_beats_many(void **state)
{
	struct interval v[4] = {
		IV(0, 10), IV(0, 10), IV(0, 10), {.low_ns = 50, .high_ns = 60, .trusted = true}};
	struct intersection x;

	(void)state;
	intersect_run(v, 4, &x);
	assert_true(x.majority);
	assert_true(v[3].agrees);
	assert_false(v[0].agrees || v[1].agrees || v[2].agrees);
}

/* Of three trusted two agree: they are the majority of those who count, however few they are. */
static void most_of_the_trusted_decide(void **state)
{
	struct interval v[7] = {IV(0, 10), IV(0, 10), IV(0, 10), IV(0, 10),
		{.low_ns = 50, .high_ns = 60, .trusted = true},
		{.low_ns = 55, .high_ns = 65, .trusted = true},
		{.low_ns = 80, .high_ns = 90, .trusted = true}};
	struct intersection x;

	(void)state;
	intersect_run(v, 7, &x);
	assert_true(x.majority);
	assert_true(v[4].agrees && v[5].agrees);
	assert_false(v[0].agrees || v[6].agrees);
	v[5] = v[6]; /* two of three, elsewhere */
	intersect_run(v, 7, &x);
	assert_true(v[6].agrees && !v[4].agrees);
	v[5] = v[0]; /* one against one */
	intersect_run(v, 7, &x);
	assert_false(x.majority);
}

static int depth_at(const struct interval *v, int n, int64_t at)
{
	int depth = 0;

	for (int i = 0; i < n; i++)
		depth += v[i].low_ns <= at && v[i].high_ns >= at;
	return depth;
}

static void intersection_equals_brute_force(void **state)
{
	struct prng g;

	(void)state;
	prng_init(&g, 42);
	for (int round = 0; round < 3000; round++) {
		struct interval v[9];
		struct intersection x;
		int n = 1 + (int)prng_below(&g, 9), deepest = 0, agreeing = 0;
		int64_t first = 0, last = 0;

		for (int i = 0; i < n; i++) {
			int64_t low = (int64_t)prng_below(&g, 40), w = (int64_t)prng_below(&g, 12);

			v[i] = (struct interval){.low_ns = low, .high_ns = low + w};
		}
		for (int64_t at = 0; at < 60; at++) {
			int depth = depth_at(v, n, at);

			if (depth > deepest) {
				deepest = depth;
				first = at;
			}
			if (depth == deepest)
				last = at;
		}
		intersect_run(v, n, &x);
		assert_int_equal(x.depth, deepest);
		assert_i64_equal(x.low_ns, first);
		assert_i64_equal(x.high_ns, last);
		assert_int_equal(x.majority, 2 * deepest > n);
		for (int i = 0; i < n; i++)
			agreeing += v[i].agrees;
		assert_int_equal(agreeing > 0, x.majority);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_no_majority),
		cmocka_unit_test(three_of_four_agree),
		cmocka_unit_test(two_against_two_is_no_majority),
		cmocka_unit_test(touching_intervals_overlap),
		cmocka_unit_test(ambiguous_majorities_leave_what_they_share),
		cmocka_unit_test(one_trusted_beats_many),
		cmocka_unit_test(most_of_the_trusted_decide),
		cmocka_unit_test(intersection_equals_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
