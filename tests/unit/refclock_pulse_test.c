/* SPDX-License-Identifier: MIT */
/* Pulses: carried to the raw clock, numbered, told apart from their other edge, missed. */
#include <errno.h>
#include "tests/unit/refclock_bench.h"
#include "refclockd/core/clockline.h"

/* ---- clockline ---- */

static void a_stamp_is_carried_by_the_rate_of_two_pairs(void **state)
{
	struct clockline l = {0};
	struct ts_raw raw = {7};
	int64_t error = 7;

	(void)state;
	assert_int_equal(clockline_raw(&l, UTC, &raw, &error), -EAGAIN);
	assert_i64_equal(raw.ns, 7);
	/* a clock that is slewed by 1000 ppm */
	clockline_add(&l, UTC, at(0), 100);
	assert_int_equal(clockline_raw(&l, UTC - NS_PER_MS, &raw, &error), 0);
	assert_i64_equal(raw.ns, at(0).ns - NS_PER_MS);
	assert_i64_equal(error, 50 + 500); /* nothing is known of its rate */
	clockline_add(&l, UTC + 1001000000, at(1), 100);
	assert_int_equal(clockline_raw(&l, UTC + 1001000000 - 1001000, &raw, &error), 0);
	assert_i64_range(raw.ns - at(1).ns, -NS_PER_MS - 1, -NS_PER_MS + 1);
	clockline_add(&l, UTC + 2002000000, at(2), 100);
	assert_int_equal(clockline_raw(&l, UTC + 2002000000 - 1001000, &raw, &error), 0);
	assert_i64_range(error, 50, 53); /* the rate stayed */
	clockline_add(&l, UTC + 3002000000, at(3), 100);
	assert_int_equal(clockline_raw(&l, UTC + 3002000000 - 1000000, &raw, &error), 0);
	assert_i64_range(error, 1050, 1052); /* the slew ended: 1000 ppm of doubt */
}

static void stamps_from_before_a_step_are_not_carried(void **state)
{
	struct clockline l = {0};
	struct ts_raw raw;
	int64_t error;

	(void)state;
	clockline_add(&l, UTC, at(0), 0);
	clockline_add(&l, UTC + 5 * NS_PER_S, at(1), 0);
	assert_int_equal(clockline_raw(&l, UTC + 5 * NS_PER_S - 1000, &raw, &error), -ERANGE);
	clockline_add(&l, UTC + 6 * NS_PER_S, at(2), 0);
	assert_int_equal(clockline_raw(&l, UTC + 6 * NS_PER_S - 1000, &raw, &error), 0);
	assert_i64_equal(raw.ns, at(2).ns - 1000);
	assert_int_equal(clockline_raw(&l, 0, &raw, &error), -ERANGE);
	clockline_add(&l, UTC, at(1), 0); /* pairs in the wrong order: a new clock */
	assert_int_equal(l.pairs, 1);
}

static void pairs_close_together_keep_the_rate(void **state)
{
	struct clockline l = {0};

	(void)state;
	clockline_add(&l, UTC, at(0), 0);
	clockline_add(&l, UTC + NS_PER_S + 10000, at(1), 0);
	assert_near_double(l.rate, 10e-6, 1e-9);
	clockline_add(&l, UTC + NS_PER_S + 10000 + 1000900, at(1.001), 0); /* noise of 900 ns */
	assert_near_double(l.rate, 10e-6, 1e-9);
	assert_i64_equal(l.last.ns, at(1.001).ns);
}

/* ---- numbering ---- */

static struct lock_reference reference(double s, double off_s, int64_t error_ns)
{
	return (struct lock_reference){
		true, at(s), {UTC + (int64_t)((s + off_s) * 1e9)}, error_ns, leap_insert};
}

static void pulses_take_the_nearest_mark(void **state)
{
	static const struct {
		int rate, max_age;
		double width, ref_s, ref_off, pulse_s;
		int64_t error_ns;
		enum reject why;
		int64_t mark_ns; /* after UTC */
	} cases[] = {
		{1, 2, 0, 0.4, 0.12, 1.0, 0, reject_ok, NS_PER_S},
		{1, 2, 0, 0.4, -0.39, 1.0, 0, reject_ok, NS_PER_S},
		{1, 2, 0, 0.4, 0.41, 1.0, 0, reject_edge, 0},
		{1, 2, 0, 0.4, 0.39, 1.0, 400000001, reject_unlocked, 0},
		{1, 2, 0, -1.1, 0, 1.0, 0, reject_unlocked, 0},
		{1, 3, 0, -1.1, 0, 1.0, 0, reject_ok, NS_PER_S},
		{1, 2, 0, 1.4, 0, 1.0, 0, reject_ok, NS_PER_S}, /* numbered from behind */
		{16, 32, 0, 0, 0.02, 0.0625, 0, reject_ok, 62500000},
		{16, 32, 0, 0, 0.026, 0.0625, 0, reject_edge, 0},
		{16, 32, 0.03125, 0, 0.015, 0.0625, 0, reject_ok, 62500000},
		{16, 32, 0.03125, 0, 0.016, 0.0625, 0, reject_edge, 0},
		{16, 32, 0.03125, 0, 0, 0.09375, 0, reject_edge, 0},
		{1, 2, 0.2, 0.4, 0.09, 1.0, 0, reject_ok, NS_PER_S},
		{1, 2, 0.2, 0.4, 0.09, 1.2, 0, reject_edge, 0},
		{1, 2, 0.8, 0.4, 0.09, 1.8, 0, reject_edge, 0},
		{3, 6, 0, 0, 0, 1.3333333333, 0, reject_ok, 1333333333},
		{3, 6, 0, 0, 0, 1.6666666667, 0, reject_ok, 1666666667},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lock_config c = {
			cases[i].rate, cases[i].max_age, (int64_t)(cases[i].width * 1e9)};
		struct lock_reference r =
			reference(cases[i].ref_s, cases[i].ref_off, cases[i].error_ns);
		int64_t shift = -5;
		enum reject why =
			lock_pulse(&c, &r, at(cases[i].pulse_s), (struct ts_utc){0}, 0, &shift);

		if (why != cases[i].why)
			print_error("case %zu: %s\n", i, msg_word_reject(why));
		assert_int_equal(why, cases[i].why);
		assert_i64_equal(shift, why == reject_ok ? UTC + cases[i].mark_ns : -5);
	}
}

/* ---- in the core ---- */

static struct refclock pulse_opened(bool locked, int rate, int64_t width_ns)
{
	struct refclock_config c = {.name = "PPS",
		.kind = source_kind_pps,
		.configured = "PPS /dev/pps0",
		.polled = true,
		.edges = true,
		.locked = locked,
		.lock = {rate, 2 * rate, width_ns},
		.poll = 4};
	struct refclock rc;

	refclock_init(&rc, &c, at(0));
	refclock_on_deadline(&rc, at(0));
	(void)drain(&rc);
	refclock_on_opened(&rc, at(0), "/dev/pps0");
	(void)drain(&rc);
	return rc;
}

static struct seen pulse(struct refclock *rc, double s)
{
	struct refclock_reading r = {.raw = at(s), .pulse = true, .stamp = stamp_kernel};

	refclock_on_reading(rc, at(s + 0.0003), &r);
	return drain(rc);
}

static void a_locked_pulse_gets_second_and_leap_of_its_source(void **state)
{
	struct refclock rc = pulse_opened(true, 1, 0);
	struct lock_reference r = reference(0.5, 0.13, NS_PER_MS);
	struct seen s;

	(void)state;
	s = pulse(&rc, 1);
	assert_int_equal(s.sample.reject, reject_unlocked);
	refclock_set_lock(&rc, &r);
	s = pulse(&rc, 2);
	assert_int_equal(s.sample.reject, reject_ok);
	assert_i64_equal(s.sample.utc_ns, UTC + 2 * NS_PER_S);
	assert_int_equal(s.sample.leap, leap_insert);
	assert_false(s.sample.pulse);
	/* again, and a bounce: by the instant, whatever the time */
	assert_int_equal(pulse(&rc, 2).sample.reject, reject_duplicate);
	assert_int_equal(pulse(&rc, 2.2).sample.reject, reject_duplicate);
	/* the source now is off by a second: the pulses go on as they did, three times */
	r = reference(2.9, 1.0, NS_PER_MS);
	refclock_set_lock(&rc, &r);
	assert_int_equal(pulse(&rc, 3).sample.reject, reject_second);
	r = reference(3.9, 0, NS_PER_MS);
	refclock_set_lock(&rc, &r);
	s = pulse(&rc, 4);
	assert_int_equal(s.sample.reject, reject_ok);
	assert_i64_equal(s.sample.utc_ns, UTC + 4 * NS_PER_S);
	/* the source is not synchronised any more */
	r.leap = leap_unsync;
	refclock_set_lock(&rc, &r);
	assert_int_equal(pulse(&rc, 5).sample.reject, reject_unlocked);
}

static void a_lone_pulse_is_left_to_selectd(void **state)
{
	struct refclock rc = pulse_opened(false, 1, 0);
	struct seen s = pulse(&rc, 1);

	(void)state;
	assert_int_equal(s.sample.reject, reject_ok);
	assert_true(s.sample.pulse);
	assert_int_equal(pulse(&rc, 1.2).sample.reject, reject_duplicate);
	assert_int_equal(pulse(&rc, 2).sample.reject, reject_ok);
}

static void parts_of_seconds_come_from_the_estimate(void **state)
{
	struct refclock rc = pulse_opened(false, 16, 31250000);
	struct refclock_estimate e = {.valid = true,
		.line = {at(0), {UTC}, 0},
		.bound_ns = NS_PER_MS,
		.drift_ppb = 1000,
		.leap = leap_none};
	struct seen s = pulse(&rc, 1.0625);

	(void)state;
	assert_int_equal(s.sample.reject, reject_unlocked);
	refclock_set_estimate(&rc, &e);
	s = pulse(&rc, 1.125);
	assert_int_equal(s.sample.reject, reject_ok);
	assert_i64_equal(s.sample.utc_ns, UTC + 1125 * NS_PER_MS);
	assert_true(s.sample.pulse);
	assert_int_equal(pulse(&rc, 1.15625).sample.reject, reject_edge);
	e.bound_ns = 20 * NS_PER_MS;
	refclock_set_estimate(&rc, &e);
	assert_int_equal(pulse(&rc, 1.1875).sample.reject, reject_unlocked);
}

static void a_source_gives_its_time_to_pulses(void **state)
{
	struct refclock_config c = {.name = "NMEA",
		.poll = 4,
		.polled = true,
		.offset_ns = 120 * NS_PER_MS,
		.clock_precision_ns = 20};
	struct refclock_reading r = {.raw = at(1), .utc = {UTC}, .error_ns = 80, .width_ns = 10};
	struct lock_reference ref;
	struct refclock rc;

	(void)state;
	refclock_init(&rc, &c, at(0));
	refclock_on_opened(&rc, at(0), "");
	refclock_reference(&rc, &ref);
	assert_false(ref.valid);
	refclock_on_reading(&rc, at(1), &r);
	refclock_reference(&rc, &ref);
	assert_true(ref.valid);
	assert_i64_equal(ref.raw.ns, at(1).ns);
	assert_i64_equal(ref.utc.ns, UTC + 120 * NS_PER_MS);
	assert_i64_equal(ref.error_ns, 105);
	refclock_on_read_failed(&rc, at(2), -ENODEV, "gone");
	refclock_reference(&rc, &ref);
	assert_false(ref.valid);
}

static void the_next_pulse_is_read_right_after_its_edge(void **state)
{
	struct refclock rc = pulse_opened(false, 1, 0);

	(void)state;
	(void)pulse(&rc, 1.25);
	assert_i64_equal(refclock_deadline(&rc).ns, at(2.25).ns + REFCLOCK_EDGE_LAG_NS);
	refclock_on_deadline(&rc, at(2.2502));
	(void)drain(&rc);
	/* not yet there: soon again, twice; then the old rhythm */
	refclock_on_read_failed(&rc, at(2.2502), -EAGAIN, "");
	assert_i64_equal(refclock_deadline(&rc).ns, at(2.2502).ns + REFCLOCK_EDGE_RETRY_1_NS);
	refclock_on_deadline(&rc, at(2.2522));
	refclock_on_read_failed(&rc, at(2.2522), -EAGAIN, "");
	assert_i64_equal(refclock_deadline(&rc).ns, at(2.2522).ns + REFCLOCK_EDGE_RETRY_2_NS);
	refclock_on_deadline(&rc, at(2.2722));
	refclock_on_read_failed(&rc, at(2.2722), -EAGAIN, "");
	assert_i64_equal(refclock_deadline(&rc).ns, at(3.2722).ns);
	/* a pulse from long ago does not make it read without end */
	(void)pulse(&rc, 3.25);
	refclock_on_deadline(&rc, at(9));
	(void)pulse(&rc, 3.25);
	assert_true(ts_raw_before(at(3.2503), refclock_deadline(&rc)));
}

static void missing_pulses_are_told_once(void **state)
{
	struct refclock rc = pulse_opened(false, 1, 0);
	int told = 0;
	struct seen s;

	(void)state;
	s = pulse(&rc, 1);
	assert_int_equal(s.source.state, source_state_reachable);
	for (int i = 0; i < 30; i++) {
		refclock_on_read_failed(&rc, at(2 + 0.1 * i), -EAGAIN, "");
		s = drain(&rc);
		told += s.events;
		if (s.events) {
			assert_int_equal(s.event.code, EVENT_source_unreachable);
			assert_int_equal(s.source.state, source_state_unreachable);
			assert_string_equal(s.source.error, "no pulses");
		}
	}
	assert_int_equal(told, 1);
	s = pulse(&rc, 6);
	assert_int_equal(s.events, 1);
	assert_int_equal(s.event.code, EVENT_source_reachable);
}

/* ---- whole seconds ---- */

static void whole_seconds_are_named_and_rejected_by_a_majority(void **state)
{
	static const struct {
		double off_s;
		bool tai;
		int sources;
		int64_t bound_ns;
		bool own;
		enum reject why;
		const char *text; /* NULL: no event */
	} cases[] = {
		{37, false, 2, NS_PER_MS, false, reject_tai, "off by 37 s"},
		{37, false, 1, NS_PER_MS, false, reject_ok, "it shows TAI"},
		{37, false, 3, NS_PER_MS, true, reject_ok, NULL},
		{37.04, false, 2, NS_PER_MS, false, reject_tai, "it shows TAI"},
		{37.2, false, 2, NS_PER_MS, false, reject_ok, NULL},
		{37, false, 2, 200 * NS_PER_MS, false, reject_ok, NULL},
		{0, true, 2, NS_PER_MS, false, reject_tai, "leave out option tai"},
		{37, true, 2, NS_PER_MS, false, reject_ok, NULL},
		{-37, false, 2, NS_PER_MS, false, reject_tai, "once too often"},
		{-3.01, false, 2, NS_PER_MS, false, reject_second, "off by -3 s"},
		{1, false, 5, NS_PER_MS, false, reject_ok, "off by 1 s"},
		{0.01, false, 5, NS_PER_MS, false, reject_ok, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct refclock_config c = {
			.name = "PHC0", .poll = 4, .polled = true, .tai = cases[i].tai};
		struct refclock_estimate e = {true, {at(0), {UTC}, 0}, cases[i].bound_ns, 1000,
			cases[i].sources, leap_none, cases[i].own};
		struct refclock rc;
		int named = 0;

		refclock_init(&rc, &c, at(0));
		refclock_on_opened(&rc, at(0), "");
		refclock_set_estimate(&rc, &e);
		(void)drain(&rc);
		for (int k = 1; k < 4; k++) {
			struct refclock_reading r = {.raw = at(k),
				.utc = {UTC + k * NS_PER_S + (int64_t)(cases[i].off_s * 1e9)}};
			struct refclock_out out;

			refclock_on_reading(&rc, at(k), &r);
			while (refclock_next_out(&rc, &out)) {
				if (out.type == REFCLOCK_OUT_SAMPLE)
					assert_int_equal(out.u.sample.reject, cases[i].why);
				if (out.type != REFCLOCK_OUT_EVENT ||
					out.u.event.code != EVENT_falseticker)
					continue;
				named++;
				assert_non_null(cases[i].text);
				assert_non_null(strstr(out.u.event.text, cases[i].text));
			}
		}
		if (named != (cases[i].text != NULL))
			fail_msg("case %zu: named %d times", i, named);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamp_is_carried_by_the_rate_of_two_pairs),
		cmocka_unit_test(stamps_from_before_a_step_are_not_carried),
		cmocka_unit_test(pairs_close_together_keep_the_rate),
		cmocka_unit_test(pulses_take_the_nearest_mark),
		cmocka_unit_test(a_locked_pulse_gets_second_and_leap_of_its_source),
		cmocka_unit_test(a_lone_pulse_is_left_to_selectd),
		cmocka_unit_test(parts_of_seconds_come_from_the_estimate),
		cmocka_unit_test(a_source_gives_its_time_to_pulses),
		cmocka_unit_test(the_next_pulse_is_read_right_after_its_edge),
		cmocka_unit_test(missing_pulses_are_told_once),
		cmocka_unit_test(whole_seconds_are_named_and_rejected_by_a_majority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
