/* SPDX-License-Identifier: MIT */
/* Reference clocks that read wrong, jump, stand still, are missing or vanish. */
#include <errno.h>
#include "tests/unit/refclock_bench.h"

static void each_bad_reading_has_its_reason(void **state)
{
	static const struct {
		double raw_s, utc_s, now_s;
		enum leap leap;
		enum reject driver, expected;
	} cases[] = {
		{1, 1, 1, leap_none, reject_ok, reject_ok},
		{2, 1, 2, leap_none, reject_ok, reject_duplicate},
		{2, 2, 1.9, leap_none, reject_ok, reject_future},
		{2, 2, 34.1, leap_none, reject_ok, reject_stale},
		{2, 2, 2, leap_unsync, reject_ok, reject_unsync},
		{2, 2, 2, leap_none, reject_format, reject_format},
		{2, -1700000001, 2, leap_none, reject_ok, reject_format},
		{2, 2.6, 2, leap_none, reject_ok, reject_jump},
		{2, 2.4, 2, leap_insert, reject_ok, reject_ok},
	};
	struct refclock_config c = config();
	struct refclock rc = opened(&c);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct refclock_reading r = reading(cases[i].raw_s);
		struct seen s;

		r.utc.ns = UTC + (int64_t)(cases[i].utc_s * 1e9);
		r.leap = cases[i].leap;
		r.reject = cases[i].driver;
		s = give(&rc, cases[i].now_s, r);
		assert_int_equal(s.samples, 1);
		if (s.sample.reject != cases[i].expected)
			print_error("case %zu\n", i);
		assert_int_equal(s.sample.reject, cases[i].expected);
	}
	assert_i64_equal(rc.good, 2);
	assert_i64_equal(rc.received, 9);
	assert_int_equal(rc.leap, leap_insert);
}

static void a_jump_that_stays_becomes_the_truth(void **state)
{
	struct refclock_config c = config();
	struct refclock rc = opened(&c);
	struct seen s;

	(void)state;
	assert_int_equal(give(&rc, 1, reading(1)).sample.reject, reject_ok);
	for (int i = 2; i <= 5; i++) {
		struct refclock_reading r = reading(i);

		r.utc.ns += 37 * NS_PER_S;
		s = give(&rc, i, r);
		assert_int_equal(s.sample.reject, i < 5 ? reject_jump : reject_ok);
		assert_int_equal(s.events, i == 5);
	}
	assert_int_equal(s.event.code, EVENT_source_changed);
	assert_i64_equal(s.event.value_ns, 37 * NS_PER_S);
}

static void a_jump_that_does_not_stay_is_never_believed(void **state)
{
	struct refclock_config c = config();
	struct refclock rc = opened(&c);

	(void)state;
	(void)give(&rc, 1, reading(1));
	for (int i = 2; i < 40; i++) {
		struct refclock_reading r = reading(i);

		/* another lie each time, and twice the truth in between */
		if (i % 3)
			r.utc.ns += i * NS_PER_S;
		assert_int_equal(give(&rc, i, r).sample.reject, i % 3 ? reject_jump : reject_ok);
	}
}

static void a_frozen_clock_ends_unreachable(void **state)
{
	struct refclock_config c = config();
	struct refclock rc = opened(&c);
	struct refclock_reading r = reading(1);
	struct seen s = {0};
	int events = 0;

	(void)state;
	s = give(&rc, 1, r);
	assert_int_equal(s.event.code, EVENT_source_reachable);
	assert_i64_equal(s.source.reach, 1);
	for (struct ts_raw t = refclock_deadline(&rc); ts_raw_before(t, at(200));
		t = refclock_deadline(&rc)) {
		refclock_on_deadline(&rc, t);
		s = drain(&rc);
		events += s.events;
		if (s.reads) {
			struct seen d;

			r.raw = t;
			refclock_on_reading(&rc, t, &r);
			d = drain(&rc);
			assert_int_equal(d.sample.reject, reject_duplicate);
		}
		if (s.events)
			break;
	}
	assert_int_equal(events, 1);
	assert_int_equal(s.event.code, EVENT_source_unreachable);
	assert_non_null(strstr(s.event.text, "duplicate"));
	assert_int_equal(s.source.state, source_state_unreachable);
	assert_i64_equal(s.source.reach, 0);
}

static void reach_counts_polls(void **state)
{
	struct refclock_config c = config();
	struct refclock rc = opened(&c);
	struct seen s = {0};
	int polls = 0;

	(void)state;
	c.poll = 1;
	rc = opened(&c);
	for (struct ts_raw t = at(0); polls < 8; t = refclock_deadline(&rc)) {
		refclock_on_deadline(&rc, t);
		s = drain(&rc);
		if (s.sources)
			polls++;
		if (s.reads && polls != 3)
			(void)give(
				&rc, (double)(t.ns - T0) / 1e9, reading((double)(t.ns - T0) / 1e9));
	}
	/* the first reading began the first interval; the fourth had none */
	assert_i64_equal(s.source.reach, 0xef);
	assert_i64_equal(s.source.poll, 1);
	assert_int_equal(s.source.state, source_state_reachable);
}

static void a_missing_device_is_tried_again_with_growing_pauses(void **state)
{
	static const int pause_s[] = {1, 2, 4, 8, 16, 16};
	struct refclock_config c = config();
	struct ts_raw t = at(0);
	struct refclock rc;
	struct seen s;

	(void)state;
	c.poll = 20; /* out of the way */
	refclock_init(&rc, &c, t);
	for (size_t i = 0; i < sizeof(pause_s) / sizeof(pause_s[0]); i++) {
		refclock_on_deadline(&rc, t);
		assert_int_equal(drain(&rc).opens, 1);
		refclock_on_open_failed(&rc, t, -ENODEV, "cannot open /dev/ptp0: No such device");
		s = drain(&rc);
		assert_int_equal(s.events, i == 0);
		if (i == 0) {
			assert_int_equal(s.event.code, EVENT_source_missing);
			assert_int_equal(s.source.state, source_state_missing);
		}
		assert_i64_equal(refclock_deadline(&rc).ns, t.ns + pause_s[i] * NS_PER_S);
		t = refclock_deadline(&rc);
	}
	refclock_on_open_failed(&rc, t, -EACCES, "cannot open /dev/ptp0: Permission denied");
	s = drain(&rc);
	assert_int_equal(s.event.code, EVENT_source_failed);
	assert_int_equal(s.source.state, source_state_failed);
	assert_string_equal(s.source.error, "cannot open /dev/ptp0: Permission denied");
	refclock_on_opened(&rc, t, "/dev/ptp0");
	s = drain(&rc);
	assert_int_equal(s.event.code, EVENT_source_found);
	assert_int_equal(s.source.state, source_state_waiting);
	assert_string_equal(s.source.error, "");
	assert_string_equal(s.source.address, "/dev/ptp0");
}

static void a_device_that_vanishes_is_closed_and_missing(void **state)
{
	struct refclock_config c = config();
	struct refclock rc = opened(&c);
	struct seen s;

	(void)state;
	(void)give(&rc, 1, reading(1));
	refclock_on_read_failed(&rc, at(2), -ENODEV, "/dev/ptp0: the device is gone");
	s = drain(&rc);
	assert_int_equal(s.closes, 1);
	assert_int_equal(s.event.code, EVENT_source_missing);
	assert_int_equal(s.source.state, source_state_missing);
	assert_string_equal(s.source.address, "");
	refclock_on_deadline(&rc, at(3));
	assert_int_equal(drain(&rc).opens, 1);
	refclock_on_opened(&rc, at(3), "/dev/ptp1");
	s = drain(&rc);
	assert_int_equal(s.event.code, EVENT_source_found);
	/* another clock: its time owes nothing to the one before */
	s = give(&rc, 4, reading(4000));
	assert_int_equal(s.sample.reject, reject_future);
	{
		struct refclock_reading r = reading(4);

		r.utc.ns += 5000 * NS_PER_S;
		s = give(&rc, 4, r);
	}
	assert_int_equal(s.sample.reject, reject_ok);
	assert_int_equal(s.source.state, source_state_reachable);
}

static void single_errors_are_borne_many_are_not(void **state)
{
	struct refclock_config c = config();
	struct refclock rc = opened(&c);
	struct seen s;

	(void)state;
	for (int i = 0; i < 100; i++) {
		refclock_on_read_failed(&rc, at(i), -EBUSY, "");
		s = drain(&rc);
		assert_int_equal(s.closes + s.events, 0);
	}
	for (int i = 0; i < REFCLOCK_ERRORS_MAX; i++) {
		refclock_on_read_failed(&rc, at(i), -EIO, "/dev/ptp0: Input/output error");
		s = drain(&rc);
		assert_int_equal(s.closes, i == REFCLOCK_ERRORS_MAX - 1);
	}
	assert_int_equal(s.event.code, EVENT_source_failed);
	assert_int_equal(s.source.state, source_state_failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bad_reading_has_its_reason),
		cmocka_unit_test(a_jump_that_stays_becomes_the_truth),
		cmocka_unit_test(a_jump_that_does_not_stay_is_never_believed),
		cmocka_unit_test(a_frozen_clock_ends_unreachable),
		cmocka_unit_test(reach_counts_polls),
		cmocka_unit_test(a_missing_device_is_tried_again_with_growing_pauses),
		cmocka_unit_test(a_device_that_vanishes_is_closed_and_missing),
		cmocka_unit_test(single_errors_are_borne_many_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
