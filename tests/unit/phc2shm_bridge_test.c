/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <errno.h>
#include <string.h>

#include "phc2shm/core/bridge.h"

#define T0 INT64_C(1700000000000000000)

static struct bridge running(int offset_s, unsigned int summary)
{
	struct bridge_config c = {
		.source = "/dev/ptp0",
		.sink = "CLOCK_REALTIME",
		.scale = {.offset_s = offset_s, .fixed = true},
		.summary = summary,
	};
	struct bridge_out out;
	struct bridge b;

	bridge_init(&b, &c);
	assert_true(bridge_wants_open(&b, 0));
	bridge_on_opened(&b, &out);
	assert_false(bridge_wants_open(&b, INT64_MAX));
	assert_int_equal(out.level, BRIDGE_LOG_NONE);
	return b;
}

static struct bridge_out give(struct bridge *b, int64_t system_ns, int64_t phc_ns, int64_t width_ns)
{
	struct phc_best best = {.system_ns = system_ns, .phc_ns = phc_ns, .width_ns = width_ns};
	struct bridge_out out;

	bridge_on_reading(b, &best, &out);
	return out;
}

static void a_reading_is_given_on(void **state)
{
	struct bridge b = running(0, 0);
	struct bridge_out out = give(&b, T0, T0 + 311328, 0);

	(void)state;
	assert_true(out.publish);
	assert_false(out.clear);
	assert_i64_equal(out.reference.ns, T0 + 311328);
	assert_i64_equal(out.receive.ns, T0);
	assert_int_equal(out.level, BRIDGE_LOG_INFO);
	assert_string_equal(
		out.line, "CLOCK_REALTIME phc offset   -311328 s0 freq      +0 delay      0");
}

/* -O is sink minus source: a clock that keeps TAI needs -37. */
static void the_offset_is_that_of_phc2sys(void **state)
{
	struct bridge b = running(-37, 0);
	struct bridge_out out = give(&b, T0, T0 + 37 * NS_PER_S + 5, 100);

	(void)state;
	assert_i64_equal(out.reference.ns, T0 + 5);
	assert_string_equal(
		out.line, "CLOCK_REALTIME phc offset        -5 s0 freq      +0 delay    100");
}

static void a_summary_takes_the_place_of_lines(void **state)
{
	struct bridge b = running(0, 3);
	struct bridge_out out;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 2; i++) {
			out = give(&b, T0 + round * 9 + i, T0 + round * 9 + i + 4, 700);
			assert_true(out.publish);
			assert_int_equal(out.level, BRIDGE_LOG_NONE);
		}
		out = give(&b, T0 + round * 9 + 5, T0 + round * 9 + 9, 700);
		assert_int_equal(out.level, BRIDGE_LOG_INFO);
		assert_string_equal(out.line,
			"CLOCK_REALTIME rms    4 max    4 freq     +0 +/-   0 "
			"delay   700 +/-   0");
	}
}

static void a_clock_that_repeats_itself_is_not_given_on(void **state)
{
	struct bridge b = running(0, 0);
	struct bridge_out out;

	(void)state;
	assert_true(give(&b, T0, T0, 0).publish);
	out = give(&b, T0 + NS_PER_S, T0, 0);
	assert_false(out.publish);
	assert_true(out.clear);
	assert_int_equal(out.level, BRIDGE_LOG_ERR);
	assert_non_null(strstr(out.line, "repeats itself"));
	for (int i = 2; i < 10; i++) {
		out = give(&b, T0 + i * NS_PER_S, T0, 0);
		assert_false(out.publish);
		assert_int_equal(out.level, BRIDGE_LOG_NONE);
	}
	assert_false(give(&b, T0 + 10 * NS_PER_S, T0 + 10 * NS_PER_S, 0).publish);
	out = give(&b, T0 + 11 * NS_PER_S, T0 + 11 * NS_PER_S, 0);
	assert_true(out.publish);
	assert_int_equal(out.level, BRIDGE_LOG_NOTICE);
	assert_string_equal(out.line, "/dev/ptp0: the clock gives time");
}

static void a_missing_device_is_one_line_and_growing_pauses(void **state)
{
	static const int pause_s[] = {1, 2, 4, 8, 16, 16};
	struct bridge b = running(0, 0);
	struct bridge_out out;
	int64_t now_ns = 5 * NS_PER_S;

	(void)state;
	assert_true(give(&b, T0, T0, 0).publish);
	bridge_on_read_failed(&b, now_ns, -ENODEV, "the device is gone", &out);
	assert_true(out.clear);
	assert_true(out.close);
	assert_int_equal(out.level, BRIDGE_LOG_ERR);
	assert_string_equal(out.line, "/dev/ptp0: the device is gone");
	for (size_t i = 0; i < sizeof(pause_s) / sizeof(pause_s[0]); i++) {
		assert_false(bridge_wants_open(&b, now_ns + pause_s[i] * NS_PER_S - 1));
		now_ns += pause_s[i] * NS_PER_S;
		assert_true(bridge_wants_open(&b, now_ns));
		bridge_on_open_failed(&b, now_ns, "cannot open", &out);
		assert_int_equal(out.level, BRIDGE_LOG_NONE);
		assert_true(out.clear);
	}
	bridge_on_opened(&b, &out);
	out = give(&b, T0 + 1, T0, 0); /* where it was before: not a repetition */
	assert_true(out.publish);
	assert_int_equal(out.level, BRIDGE_LOG_NOTICE);
}

static void errors_withdraw_and_busy_does_not(void **state)
{
	struct bridge b = running(0, 0);
	struct bridge_out out;

	(void)state;
	bridge_on_read_failed(&b, 0, -EBUSY, "busy", &out);
	assert_false(out.clear || out.close || out.publish);
	for (int i = 0; i < BRIDGE_ERRORS_MAX; i++) {
		bridge_on_read_failed(&b, 0, -EIO, "Input/output error", &out);
		assert_true(out.clear);
		assert_int_equal(out.level, i == 0 ? BRIDGE_LOG_ERR : BRIDGE_LOG_NONE);
		assert_int_equal(out.close, i == BRIDGE_ERRORS_MAX - 1);
	}
	assert_true(bridge_wants_open(&b, NS_PER_S));
}

static void who_wants_no_lines_gets_none(void **state)
{
	struct bridge b = running(0, 0);
	struct bridge_out out;

	(void)state;
	b.config.silent = true;
	out = give(&b, T0, T0 + 5, 0);
	assert_true(out.publish);
	assert_int_equal(out.level, BRIDGE_LOG_NONE);
	out = give(&b, T0 + NS_PER_S, T0 + 5, 0);
	assert_int_equal(out.level, BRIDGE_LOG_ERR);
}

static void being_busy_counts_when_it_lasts(void **state)
{
	struct bridge b = running(0, 0);
	struct bridge_out out;

	(void)state;
	assert_true(give(&b, T0, T0, 0).publish);
	for (int i = 1; i < 6; i++) {
		bridge_on_read_failed(&b, 0, -EBUSY, "busy", &out);
		assert_int_equal(out.clear, i >= BRIDGE_ERRORS_MAX);
		assert_int_equal(
			out.level, i == BRIDGE_ERRORS_MAX ? BRIDGE_LOG_ERR : BRIDGE_LOG_NONE);
		assert_false(out.close);
	}
	assert_true(give(&b, T0 + NS_PER_S, T0 + NS_PER_S, 0).publish);
	bridge_on_read_failed(&b, 0, -EBUSY, "busy", &out);
	assert_false(out.clear);
}

static void a_clock_that_was_never_set_is_not_given_on(void **state)
{
	struct bridge b = running(0, 0);
	struct bridge_out out = give(&b, T0, 77 * NS_PER_S, 0);

	(void)state;
	assert_false(out.publish);
	assert_true(out.clear);
	assert_int_equal(out.level, BRIDGE_LOG_ERR);
	assert_non_null(strstr(out.line, "not set"));
	out = give(&b, T0 + NS_PER_S, 78 * NS_PER_S, 0);
	assert_true(out.clear);
	assert_int_equal(out.level, BRIDGE_LOG_NONE);
	assert_true(give(&b, T0 + 2 * NS_PER_S, T0, 0).publish);
}

static void ptp4l_is_waited_for_and_tells_the_scale(void **state)
{
	struct bridge b = running(0, 0);
	struct bridge_out out;

	(void)state;
	b.config.scale.fixed = false;
	for (int s = 0; s < 2 * BRIDGE_WAITING_S; s++) {
		bridge_on_waiting(&b, (1000 + s) * NS_PER_S, &out);
		assert_true(out.clear);
		assert_false(out.publish);
		assert_int_equal(
			out.level, s % BRIDGE_WAITING_S == 0 ? BRIDGE_LOG_NOTICE : BRIDGE_LOG_NONE);
		if (s == 0)
			assert_string_equal(out.line, "Waiting for ptp4l...");
	}
	bridge_set_scale(&b, -37, 1);
	out = give(&b, T0, T0 + 37 * NS_PER_S + 8, 0);
	assert_true(out.publish);
	assert_i64_equal(out.reference.ns, T0 + 8);
	assert_int_equal(out.leap, 1);
	b = running(-36, 0);
	bridge_set_scale(&b, -37, 0);
	assert_i64_equal(give(&b, T0, T0, 0).reference.ns, T0 - 36 * NS_PER_S);
}

/* The day's last second and the next one's first are passed over. */
static void nothing_is_given_on_around_a_leap_second(void **state)
{
	static const struct leaplist list = {.count = 2,
		.entry = {{INT64_C(1700000000), 36}, {INT64_C(1735689600), 37}},
		.expires_utc_s = INT64_C(2000000000)};
	const int64_t midnight = INT64_C(1735689600) * NS_PER_S;
	struct bridge b = running(0, 0);
	struct bridge_out out;

	(void)state;
	b.config.scale.list = &list;
	out = give(&b, T0, midnight - NS_PER_S - 1, 0);
	assert_true(out.publish);
	assert_int_equal(out.leap, 1);
	for (int64_t at = -NS_PER_S; at < NS_PER_S; at += NS_PER_S / 4) {
		out = give(&b, T0, midnight + at, 0);
		assert_false(out.publish);
		assert_true(out.clear);
		assert_int_equal(out.level, BRIDGE_LOG_INFO);
		assert_string_equal(out.line, "clock update suspended due to leap second");
	}
	out = give(&b, T0, midnight + NS_PER_S, 0);
	assert_true(out.publish);
	assert_int_equal(out.leap, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reading_is_given_on),
		cmocka_unit_test(the_offset_is_that_of_phc2sys),
		cmocka_unit_test(a_summary_takes_the_place_of_lines),
		cmocka_unit_test(a_clock_that_repeats_itself_is_not_given_on),
		cmocka_unit_test(a_missing_device_is_one_line_and_growing_pauses),
		cmocka_unit_test(errors_withdraw_and_busy_does_not),
		cmocka_unit_test(who_wants_no_lines_gets_none),
		cmocka_unit_test(being_busy_counts_when_it_lasts),
		cmocka_unit_test(a_clock_that_was_never_set_is_not_given_on),
		cmocka_unit_test(ptp4l_is_waited_for_and_tells_the_scale),
		cmocka_unit_test(nothing_is_given_on_around_a_leap_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
