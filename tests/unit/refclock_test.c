/* SPDX-License-Identifier: MIT */
#include "tcheck.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "refclockd/core/refclock.h"

#define T0  (100 * NS_PER_S)
#define UTC INT64_C(1700000000000000000)

static struct ts_raw at(double s)
{
	return (struct ts_raw){T0 + (int64_t)(s * 1e9)};
}

static struct refclock_config config(void)
{
	return (struct refclock_config){
		.name = "PHC0",
		.refid = 0x50484330,
		.kind = source_kind_phc,
		.configured = "PHC /dev/ptp0",
		.polled = true,
		.poll = 4,
		.dpoll = 0,
		.delay_ns = 1,
		.clock_precision_ns = 20,
	};
}

/* What came out since the last call. */
struct seen {
	int samples, sources, events, opens, reads, closes;
	struct msg_sample sample;
	struct msg_source source;
	struct refclock_event event;
};

static struct seen drain(struct refclock *rc)
{
	struct refclock_out out;
	struct seen s = {0};

	while (refclock_next_out(rc, &out)) {
		switch (out.type) {
		case REFCLOCK_OUT_SAMPLE:
			s.samples++;
			s.sample = out.u.sample;
			break;
		case REFCLOCK_OUT_SOURCE:
			s.sources++;
			s.source = out.u.source;
			break;
		case REFCLOCK_OUT_EVENT:
			s.events++;
			s.event = out.u.event;
			break;
		case REFCLOCK_OUT_OPEN:
			s.opens++;
			break;
		case REFCLOCK_OUT_READ:
			s.reads++;
			break;
		case REFCLOCK_OUT_CLOSE:
			s.closes++;
			break;
		case REFCLOCK_OUT_NONE:
			fail();
		}
	}
	return s;
}

static struct refclock_reading reading(double s)
{
	return (struct refclock_reading){.raw = at(s),
		.utc = {UTC + (int64_t)(s * 1e9)},
		.width_ns = 600,
		.stamp = stamp_kernel};
}

static struct refclock opened(const struct refclock_config *c)
{
	struct refclock rc;

	refclock_init(&rc, c, at(0));
	refclock_on_deadline(&rc, at(0));
	assert_int_equal(drain(&rc).opens, 1);
	refclock_on_opened(&rc, at(0), "/dev/ptp0");
	(void)drain(&rc);
	return rc;
}

/* A reading at s, read at once. */
static struct seen give(struct refclock *rc, double s, struct refclock_reading r)
{
	refclock_on_reading(rc, at(s), &r);
	return drain(rc);
}

static void a_reading_becomes_a_sample(void **state)
{
	struct refclock_config c = config();
	struct refclock rc = opened(&c);
	struct refclock_reading r = reading(0.5);
	struct seen s;

	(void)state;
	r.error_ns = 30;
	s = give(&rc, 0.5, r);
	assert_int_equal(s.samples, 1);
	assert_string_equal(s.sample.source, "PHC0");
	assert_i64_equal(s.sample.raw_ns, r.raw.ns);
	assert_i64_equal(s.sample.utc_ns, r.utc.ns);
	assert_i64_equal(s.sample.delay_ns, 600);
	assert_i64_equal(s.sample.dispersion_ns, 50);
	assert_i64_equal(s.sample.root_delay_ns, 1);
	assert_i64_equal(s.sample.root_dispersion_ns, 0);
	assert_i64_equal(s.sample.stratum, 0);
	assert_i64_equal(s.sample.refid, 0x50484330);
	assert_i64_equal(s.sample.poll, 0);
	assert_int_equal(s.sample.reject, reject_ok);
	assert_int_equal(s.sample.rx_stamp, stamp_kernel);
	assert_false(s.sample.pulse);
}

/* A writer that stamps at n + 0.9 s and has written write_s later; how old its readings are when
 * they come, at most, of the last minute of two. */
static double age_of_segment(double write_s, int *ret_samples, int *ret_reads)
{
	struct refclock_config c = config();
	struct refclock rc;
	double oldest = 0;
	int taken = -1;

	c.dpoll = 0;
	rc = opened(&c);
	*ret_samples = *ret_reads = 0;
	while (refclock_deadline(&rc).ns < at(120).ns) {
		struct ts_raw now = refclock_deadline(&rc);
		double t = ts_dur_to_s(ts_raw_sub(now, at(0)));
		int newest = (int)floor(t - 0.9 - write_s);

		refclock_on_deadline(&rc, now);
		if (drain(&rc).reads == 0)
			continue;
		*ret_reads += t > 60;
		if (newest <= taken) {
			refclock_on_read_failed(&rc, now, -EAGAIN, "");
			continue;
		}
		taken = newest;
		*ret_samples += t > 60;
		oldest = fmax(oldest, t > 60 ? t - 0.9 - newest : 0);
		(void)give(&rc, t, reading(newest + 0.9));
	}
	return oldest;
}

static void a_segment_is_read_soon_after_it_is_written(void **state)
{
	int samples, reads;

	(void)state;
	assert_true(age_of_segment(0, &samples, &reads) < 0.25);
	assert_int_equal(samples, 60);
	assert_true(reads < 75);
	assert_true(age_of_segment(0.4, &samples, &reads) < 0.4 + 0.25);
	assert_int_equal(samples, 60);
	assert_true(reads < 75);
	/* hardly older than by chance, and none is lost */
	assert_true(age_of_segment(0.95, &samples, &reads) < 1.3);
	assert_true(samples >= 59);
}

static void options_go_into_the_sample(void **state)
{
	struct refclock_config c = config();
	struct refclock rc;
	struct seen s;

	(void)state;
	c.offset_ns = 120 * NS_PER_MS;
	c.tai = true;
	c.stratum = 3;
	c.precision_ns = 5000;
	c.delay_ns = 400000;
	c.pps = true;
	c.dpoll = -4;
	rc = opened(&c);
	s = give(&rc, 1, reading(1));
	assert_i64_equal(s.sample.utc_ns, UTC + NS_PER_S + 120 * NS_PER_MS - 37 * NS_PER_S);
	assert_i64_equal(s.sample.stratum, 3);
	assert_i64_equal(s.sample.dispersion_ns, 5000);
	assert_i64_equal(s.sample.root_delay_ns, 400000);
	assert_i64_equal(s.sample.poll, -4);
	assert_true(s.sample.pulse);
}

static void readings_are_asked_for_at_the_driver_rate(void **state)
{
	struct refclock_config c = config();
	struct refclock rc;
	int reads = 0;

	(void)state;
	c.dpoll = -3;
	rc = opened(&c);
	for (struct ts_raw t = at(0); ts_raw_before(t, at(2)); t = refclock_deadline(&rc)) {
		refclock_on_deadline(&rc, t);
		reads += drain(&rc).reads;
	}
	assert_int_equal(reads, 16);
	/* a pause does not call for what was missed in it */
	refclock_on_deadline(&rc, at(10.01));
	assert_int_equal(drain(&rc).reads, 1);
	assert_i64_equal(refclock_deadline(&rc).ns, at(10.125).ns);
}

static void a_clock_that_speaks_by_itself_is_not_asked(void **state)
{
	struct refclock_config c = config();
	struct refclock rc;

	(void)state;
	c.polled = false;
	rc = opened(&c);
	assert_i64_equal(refclock_deadline(&rc).ns, at(16).ns);
	refclock_on_deadline(&rc, at(16));
	assert_int_equal(drain(&rc).reads, 0);
}

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

static void maxdispersion_makes_wide_brackets_noisy(void **state)
{
	struct refclock_config c = config();
	struct refclock rc;
	struct refclock_reading r = reading(1);

	(void)state;
	c.max_dispersion_ns = 320;
	rc = opened(&c);
	assert_int_equal(give(&rc, 1, r).sample.reject, reject_ok);
	r = reading(2);
	r.width_ns = 602;
	assert_int_equal(give(&rc, 2, r).sample.reject, reject_noisy);
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

/* Whatever comes: messages stay in range, deadlines in the future, states in order. */
static void random_inputs_keep_the_invariants(void **state)
{
	uint64_t seed = 12345;
	struct refclock_config c = config();
	struct refclock rc;
	struct ts_raw now = at(0);

	(void)state;
	c.poll = 2;
	c.max_dispersion_ns = 1000;
	refclock_init(&rc, &c, now);
	for (int i = 0; i < 200000; i++) {
		struct refclock_reading r;
		struct seen s;
		uint64_t what;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		what = seed >> 33;
		r = (struct refclock_reading){
			.raw = {what % 5 ? now.ns - (int64_t)(what % 100000) : (int64_t)seed},
			.utc = {what % 7 ? UTC + now.ns : (int64_t)(seed << 1)},
			.width_ns = what % 11 ? (int64_t)(what % 3000) : (int64_t)seed,
			.error_ns = what % 13 ? 10 : (int64_t)seed,
			.leap = (enum leap)(what % 4),
			.pulse = what % 17 == 0,
			.reject = what % 19 ? reject_ok : reject_format,
		};
		now.ns += (int64_t)(what % 1000) * NS_PER_MS;
		switch (what % 6) {
		case 0:
			refclock_on_open_failed(&rc, now, what % 2 ? -ENODEV : -EACCES, "no");
			break;
		case 1:
			refclock_on_opened(&rc, now, "dev");
			break;
		case 2:
			refclock_on_read_failed(&rc, now, what % 4 ? -EIO : -ENODEV, "bad");
			break;
		case 3:
			refclock_on_deadline(&rc, now);
			assert_true(ts_raw_before(now, refclock_deadline(&rc)));
			break;
		default:
			refclock_on_reading(&rc, now, &r);
			break;
		}
		s = drain(&rc);
		assert_i64_range(s.sample.delay_ns, 0, REFCLOCK_ERROR_MAX_NS);
		assert_i64_range(s.sample.dispersion_ns, 0, REFCLOCK_ERROR_MAX_NS);
		assert_i64_range(s.sample.raw_ns, 0, INT64_MAX);
		assert_i64_range(s.sample.utc_ns, 0, INT64_MAX);
		assert_i64_range(s.source.reach, 0, 255);
		assert_i64_range(s.source.good, 0, s.source.received);
		assert_false(s.reads && !rc.open);
		assert_false(rc.state == source_state_reachable && !rc.open);
	}
	assert_true(rc.good > 1000);
}

/* TAI goes on evenly; UTC repeats a second, and nothing has to be restarted. */
static void leap_seconds_change_tai(void **state)
{
	static const struct leaplist list = {.count = 2,
		.entry = {{1483228800, 37}, {1798761600, 38}},
		.expires_utc_s = 1900000000};
	struct leaplist none = {0};
	struct refclock_config c = config();
	int64_t midnight = INT64_C(1798761600) * NS_PER_S;
	struct refclock rc;

	(void)state;
	c.tai = true;
	refclock_init(&rc, &c, at(0));
	refclock_set_leaps(&rc, &list);
	refclock_on_opened(&rc, at(0), "/dev/ptp0");
	for (int i = -20; i <= 20; i++) {
		struct refclock_reading r = {
			.raw = at(30 + i), .utc = {midnight + (37 + i) * NS_PER_S}};
		struct seen s;

		refclock_on_reading(&rc, r.raw, &r);
		s = drain(&rc);
		assert_int_equal(s.sample.reject, reject_ok);
		assert_i64_equal(s.sample.utc_ns, midnight + (i < 0 ? i : i - 1) * NS_PER_S);
		/* 23:59:59 comes twice, and both belong to the day that announces */
		assert_int_equal(s.sample.leap, i <= 0 ? leap_insert : leap_none);
	}
	refclock_set_leaps(&rc, &none);
	refclock_on_reading(&rc, at(51),
		&(struct refclock_reading){.raw = at(51), .utc = {midnight + 58 * NS_PER_S}});
	assert_i64_equal(drain(&rc).sample.utc_ns, midnight + 21 * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reading_becomes_a_sample),
		cmocka_unit_test(options_go_into_the_sample),
		cmocka_unit_test(a_segment_is_read_soon_after_it_is_written),
		cmocka_unit_test(readings_are_asked_for_at_the_driver_rate),
		cmocka_unit_test(a_clock_that_speaks_by_itself_is_not_asked),
		cmocka_unit_test(each_bad_reading_has_its_reason),
		cmocka_unit_test(maxdispersion_makes_wide_brackets_noisy),
		cmocka_unit_test(a_jump_that_stays_becomes_the_truth),
		cmocka_unit_test(a_jump_that_does_not_stay_is_never_believed),
		cmocka_unit_test(a_frozen_clock_ends_unreachable),
		cmocka_unit_test(reach_counts_polls),
		cmocka_unit_test(a_missing_device_is_tried_again_with_growing_pauses),
		cmocka_unit_test(a_device_that_vanishes_is_closed_and_missing),
		cmocka_unit_test(single_errors_are_borne_many_are_not),
		cmocka_unit_test(random_inputs_keep_the_invariants),
		cmocka_unit_test(leap_seconds_change_tai),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
