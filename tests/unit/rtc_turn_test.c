/* SPDX-License-Identifier: MIT */
/* A clock of whole seconds: its turn is found, followed with its drift, and found again. */
#include <stdlib.h>

#include "common/core/prng.h"
#include "refclockd/core/rtc_late.h"
#include "refclockd/core/rtc_turn.h"
#include "tests/unit/tcheck.h"

#define READ_NS (2 * NS_PER_MS)

/* Shows a second from turn_ns + k s (1 + ppm) on. */
struct clock {
	double turn_ns, ppm;
	int64_t first;
};

static int64_t shows(const struct clock *c, int64_t raw_ns)
{
	return c->first +
	       (int64_t)floor(((double)raw_ns - c->turn_ns) / (1e9 * (1 + c->ppm * 1e-6)));
}

static double begin_ns(const struct clock *c, int64_t second)
{
	return c->turn_ns + (double)(second - c->first) * 1e9 * (1 + c->ppm * 1e-6);
}

/* n readings where they are wished for; all must be true. The width at the end. */
static int64_t follow(
	struct rtc_turn *t, const struct clock *c, struct prng *rng, struct ts_raw *now, int n)
{
	for (int i = 0; i < n; i++) {
		struct ts_raw at = rtc_turn_next(t, *now), after;

		assert_true(at.ns - now->ns <= NS_PER_S + RTC_TURN_GAP_NS);
		after.ns = at.ns + READ_NS;
		/* it is looked at somewhere in between */
		assert_true(rtc_turn_add(t, at, after,
			shows(c, at.ns + (int64_t)(prng_uniform(rng) * (double)READ_NS))));
		assert_true((double)t->lo.ns <= begin_ns(c, t->second));
		assert_true((double)t->hi.ns >= begin_ns(c, t->second));
		*now = after;
	}
	return ts_raw_sub(t->hi, t->lo).ns;
}

static void the_turn_is_found_and_followed(void **state)
{
	struct prng rng;

	(void)state;
	prng_init(&rng, 1);
	for (int k = 0; k < 50; k++) {
		struct clock c = {1e9 * prng_uniform(&rng), 300 * prng_uniform(&rng) - 150, 1000};
		struct rtc_turn t = {0};
		struct ts_raw now = {5 * NS_PER_S + (int64_t)(1e9 * prng_uniform(&rng))};

		assert_true(follow(&t, &c, &rng, &now, 12) < 10 * NS_PER_MS);
		assert_true(now.ns < 18 * NS_PER_S);
		assert_true(follow(&t, &c, &rng, &now, 300) < 10 * NS_PER_MS);
		/* nobody looked for five minutes */
		now.ns += 300 * NS_PER_S;
		assert_true(follow(&t, &c, &rng, &now, 12) < 10 * NS_PER_MS);
	}
}

static void a_clock_that_was_set_is_begun_anew(void **state)
{
	static const double off_ns[] = {0.3e9, -0.3e9, 3600e9, -3600e9, 1e17, -1e17};
	struct prng rng;

	(void)state;
	prng_init(&rng, 2);
	for (size_t k = 0; k < sizeof(off_ns) / sizeof(off_ns[0]); k++) {
		struct clock c = {0.7e9, 20, 5};
		struct ts_raw now = {9 * NS_PER_S};
		struct rtc_turn t = {0};
		bool fits = true;

		follow(&t, &c, &rng, &now, 20);
		c.turn_ns += off_ns[k];
		for (int i = 0; i < 20 && fits; i++) {
			now = rtc_turn_next(&t, now);
			fits = rtc_turn_add(&t, now, now, shows(&c, now.ns));
		}
		assert_false(fits);
		assert_true(follow(&t, &c, &rng, &now, 14) < 10 * NS_PER_MS);
	}
}

static void nothing_known_is_read_at_once(void **state)
{
	struct rtc_turn t = {0};

	(void)state;
	assert_i64_equal(rtc_turn_next(&t, (struct ts_raw){77}).ns, 77);
	assert_true(rtc_turn_add(&t, (struct ts_raw){0}, (struct ts_raw){1}, INT64_MAX));
	(void)rtc_turn_add(&t, (struct ts_raw){5}, (struct ts_raw){6}, INT64_MIN);
	assert_true(t.valid && t.second == INT64_MIN);
}

/* The error that is told covers the lateness, but for that of the earliest. */
static void a_late_wake_up_is_told(void **state)
{
	struct rtc_late l = {0};
	struct prng rng;
	int64_t worst_ns = 0;

	(void)state;
	prng_init(&rng, 7);
	for (int64_t k = 0; k < 1000; k++) {
		/* 20 ppm, and an exponential delay of 3 ms */
		int64_t delay_ns = (int64_t)(3e6 * prng_exponential(&rng));
		struct ts_raw raw = {k * (NS_PER_S + 20000) + delay_ns};
		int64_t left_ns = delay_ns - rtc_late_add(&l, raw, 1700000000 + k);

		if (k >= 16 && llabs(left_ns) > worst_ns)
			worst_ns = llabs(left_ns);
	}
	/* a minute of drift, and what the earliest of 16 was late */
	assert_true(worst_ns < 2 * NS_PER_MS);
}

static void a_clock_that_was_set_is_measured_by_itself_soon(void **state)
{
	struct rtc_late l = {0};

	(void)state;
	for (int64_t k = 0; k < 100; k++)
		assert_i64_equal(rtc_late_add(&l, (struct ts_raw){k * NS_PER_S}, k), 0);
	/* half a second back: every reading seems late, for two halves at most */
	assert_i64_equal(rtc_late_add(&l, (struct ts_raw){100 * NS_PER_S + NS_PER_S / 2}, 100),
		NS_PER_S / 2);
	for (int64_t k = 101; k < 101 + 2 * RTC_LATE_READINGS; k++)
		(void)rtc_late_add(&l, (struct ts_raw){k * NS_PER_S + NS_PER_S / 2}, k);
	assert_i64_equal(rtc_late_add(&l, (struct ts_raw){300 * NS_PER_S + NS_PER_S / 2}, 300), 0);
	(void)rtc_late_add(&l, (struct ts_raw){5}, INT64_MIN);
	assert_true(rtc_late_add(&l, (struct ts_raw){5}, INT64_MAX) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_turn_is_found_and_followed),
		cmocka_unit_test(a_clock_that_was_set_is_begun_anew),
		cmocka_unit_test(nothing_known_is_read_at_once),
		cmocka_unit_test(a_late_wake_up_is_told),
		cmocka_unit_test(a_clock_that_was_set_is_measured_by_itself_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
