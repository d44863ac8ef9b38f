/* SPDX-License-Identifier: MIT */
/* Readings of a reference clock become samples: when they are asked for, and what they carry. */
#include <errno.h>
#include <math.h>
#include "tests/unit/refclock_bench.h"

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
		cmocka_unit_test(maxdispersion_makes_wide_brackets_noisy),
		cmocka_unit_test(random_inputs_keep_the_invariants),
		cmocka_unit_test(leap_seconds_change_tai),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
