/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "common/core/stats.h"

/* From the state 1 2 3 4, worked by hand: rotl(2 * 5, 7) * 9 = 1280 * 9 = 11520; then s[1] = 2^3^1
 * = 0, so 0; then s[1] = 262149, ... as other implementations print them. */
static void the_known_sequence(void **state)
{
	struct prng g = {.s = {1, 2, 3, 4}};

	(void)state;
	assert_i64_equal((int64_t)prng_u64(&g), 11520);
	assert_i64_equal((int64_t)prng_u64(&g), 0);
	assert_i64_equal((int64_t)prng_u64(&g), 1509978240);
	assert_i64_equal((int64_t)prng_u64(&g), 1215971899390074240);
}

/* splitmix64 from 0 begins with e220a8397b1dcdaf. */
static void the_seed_fills_the_state(void **state)
{
	struct prng g;

	(void)state;
	prng_init(&g, 0);
	assert_true(g.s[0] == UINT64_C(0xe220a8397b1dcdaf));
	assert_true(g.s[1] == UINT64_C(0x6e789e6aa1b965f4));
}

static void seeds_repeat_and_differ(void **state)
{
	struct prng a, b, c;
	int i, equal = 0;

	(void)state;
	prng_init(&a, 42);
	prng_init(&b, 42);
	prng_init(&c, 43);
	for (i = 0; i < 1000; i++) {
		uint64_t v = prng_u64(&a);

		assert_true(v == prng_u64(&b));
		equal += v == prng_u64(&c);
	}
	assert_int_equal(equal, 0);
}

static void below_is_below_and_even(void **state)
{
	int count[7] = {0}, i;
	struct prng g;

	(void)state;
	prng_init(&g, 1);
	for (i = 0; i < 70000; i++)
		count[prng_below(&g, 7)]++;
	for (i = 0; i < 7; i++)
		assert_i64_range(count[i], 9600, 10400);
	assert_true(prng_below(&g, 1) == 0);
	assert_true(prng_below(&g, 0) == 0);
	for (i = 0; i < 100; i++)
		assert_true(prng_below(&g, UINT64_MAX) < UINT64_MAX);
}

static void check_moments(
	double (*draw)(struct prng *g), double mean, double sd, double low, double high)
{
	static double x[100000];
	const int n = (int)(sizeof(x) / sizeof(x[0]));
	struct prng g;
	int i;

	prng_init(&g, 7);
	for (i = 0; i < n; i++) {
		x[i] = draw(&g);
		assert_true(x[i] >= low && x[i] < high);
	}
	assert_near_double(stats_mean(x, n), mean, 0.015);
	assert_near_double(stats_sd(x, n), sd, 0.015);
}

static void distributions_have_their_moments(void **state)
{
	(void)state;
	check_moments(prng_uniform, 0.5, sqrt(1.0 / 12), 0, 1);
	check_moments(prng_normal, 0, 1, -7, 7);
	check_moments(prng_exponential, 1, 1, 0, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_known_sequence),
		cmocka_unit_test(the_seed_fills_the_state),
		cmocka_unit_test(seeds_repeat_and_differ),
		cmocka_unit_test(below_is_below_and_even),
		cmocka_unit_test(distributions_have_their_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
