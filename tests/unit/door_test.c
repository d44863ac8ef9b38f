/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/door.h"

static int64_t kernel(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static struct door *opened(void)
{
	char error[300];
	struct door *door = door_new(error, sizeof(error));

	assert_non_null(door);
	return door;
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static void raw_is_the_kernels_raw_clock(void **state)
{
	struct door *door = opened();
	int64_t before = kernel(CLOCK_MONOTONIC_RAW);
	int64_t now = door_raw(door).ns;
	int64_t after = kernel(CLOCK_MONOTONIC_RAW);

	(void)state;
	assert_true(before <= now && now <= after);
	assert_int_equal(door_raw_from_kernel(door, 12345).ns, 12345);
	assert_true(door_precision_ns(door) >= 1 && door_precision_ns(door) < 100000);
	door_destroy(&door);
	assert_null(door);
}

static void a_pair_is_true_to_its_width(void **state)
{
	struct door *door = opened();
	struct door_pair a = door_pair(door), b = door_pair(door);
	int64_t real = kernel(CLOCK_REALTIME), raw = kernel(CLOCK_MONOTONIC_RAW);

	(void)state;
	assert_true(a.width.ns >= 1 && a.width.ns < NS_PER_MS);
	/* Both differences are between the same two clocks, microseconds apart. */
	assert_true(distance(a.real.ns - a.raw.ns, b.real.ns - b.raw.ns) <=
		    a.width.ns + b.width.ns + 1000);
	assert_true(distance(a.real.ns - a.raw.ns, real - raw) < NS_PER_MS);
	assert_true(distance(door_wall(door).ns, real) < NS_PER_S);
	door_destroy(&door);
}

static void stamps_are_carried_over(void **state)
{
	struct door *door = opened();
	struct door_pair p = door_pair(door);
	int64_t width = 0, raw, mono, best = INT64_MAX;

	(void)state;
	/* Stamps up to 1 s old, and some from the future: the rate differs by 500 ppm at most. */
	for (int64_t age = -NS_PER_MS; age <= NS_PER_S; age += 100 * NS_PER_MS) {
		struct ts_utc stamp = {p.real.ns - age};
		struct ts_raw got = door_raw_from_real(door, stamp, &width);

		assert_true(width >= 1);
		assert_true(distance(got.ns, p.raw.ns - age) <= 1000 + width + p.width.ns + 600000);
	}
	assert_true(distance(door_raw_from_real(door, p.real, NULL).ns, p.raw.ns) < 200000);
	/* The plain readings are not bracketed: the best of some, the machine may be busy. */
	for (int i = 0; i < 20; i++) {
		int64_t error;

		raw = kernel(CLOCK_MONOTONIC_RAW);
		mono = kernel(CLOCK_MONOTONIC);
		error = distance(door_raw_from_monotonic(door, mono).ns, raw);
		best = error < best ? error : best;
	}
	assert_true(best < 20000);
	assert_true(distance(door_monotonic_ns(door), mono) < NS_PER_S);
	door_destroy(&door);
}

/* With two pairs a second apart the rate is known, and old stamps come out to well below a ppm. */
static void the_rate_carries_old_stamps(void **state)
{
	struct door *door = opened();
	struct door_pair first, last;
	int64_t width, worst = INT64_MAX;

	(void)state;
	first = door_pair(door);
	usleep(1100000);
	last = door_pair(door);
	for (int i = 0; i < 5; i++) {
		struct ts_raw got = door_raw_from_real(door, first.real, &width);
		int64_t error = distance(got.ns, first.raw.ns);

		if (error < worst)
			worst = error;
	}
	assert_true(worst <= first.width.ns + last.width.ns + width + 1000);
	door_destroy(&door);
}

static void a_bent_door_bends_everything_alike(void **state)
{
	struct door *plain = opened(), *bent;
	char text[100];
	int64_t epoch = door_raw(plain).ns - 1000 * NS_PER_S, raw, expected;
	struct door_pair p, q;

	(void)state;
	(void)snprintf(text, sizeof(text), "epoch=%lld,freq=20000", (long long)epoch);
	setenv("TIMEBUS_TEST_OSCILLATOR", text, 1);
	bent = opened();
	raw = door_raw(plain).ns;
	expected = raw + (raw - epoch) / 50000;
	assert_true(distance(door_raw(bent).ns, expected) < 50 * NS_PER_MS);
	assert_true(distance(door_raw(bent).ns, raw) > 19 * NS_PER_MS);
	assert_int_equal(door_raw_from_kernel(bent, raw).ns, expected);
	p = door_pair(plain);
	q = door_pair(bent);
	/* 20 ms of bend at 1000 s, the same in every way to ask. */
	assert_true(distance(q.raw.ns - q.real.ns - (p.raw.ns - p.real.ns), 20 * NS_PER_MS) <
		    NS_PER_MS);
	assert_true(distance(door_raw_from_real(bent, p.real, NULL).ns - p.raw.ns, 20 * NS_PER_MS) <
		    NS_PER_MS);
	door_destroy(&plain);
	door_destroy(&bent);
	unsetenv("TIMEBUS_TEST_OSCILLATOR");
}

static void a_wrong_bend_is_fatal_and_says_why(void **state)
{
	char error[300] = "";

	(void)state;
	setenv("TIMEBUS_TEST_OSCILLATOR", "freq=20", 1);
	assert_null(door_new(error, sizeof(error)));
	assert_non_null(strstr(error, "epoch=NS"));
	unsetenv("TIMEBUS_TEST_OSCILLATOR");
}

static void the_raw_clock_does_not_go_back(void **state)
{
	struct door *door = opened();
	int64_t last = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t now = door_raw(door).ns;

		assert_true(now >= last);
		last = now;
	}
	assert_true(door_suspended(door).ns > -NS_PER_MS);
	door_destroy(&door);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_is_the_kernels_raw_clock),
		cmocka_unit_test(a_pair_is_true_to_its_width),
		cmocka_unit_test(stamps_are_carried_over),
		cmocka_unit_test(the_rate_carries_old_stamps),
		cmocka_unit_test(a_bent_door_bends_everything_alike),
		cmocka_unit_test(a_wrong_bend_is_fatal_and_says_why),
		cmocka_unit_test(the_raw_clock_does_not_go_back),
	};

	unsetenv("TIMEBUS_TEST_OSCILLATOR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
