/* SPDX-License-Identifier: MIT */
/* The filter of readings, and the bound that goes with them. */
#include "tcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/core/prng.h"
#include "common/core/stats.h"
#include "refclockd/bound.h"
#include "refclockd/core/filter.h"
#include "refclockd/core/refclock.h"

#define T0  (100 * NS_PER_S)
#define UTC INT64_C(1700000000000000000)

/* A clock that is fast by 50 ppm, and off by noise. */
static struct filter_point point(int i, double noise_ns)
{
	int64_t t = i * NS_PER_S;

	return (struct filter_point){
		{T0 + t}, {UTC + t + t / 20000 + (int64_t)noise_ns}, 600 + i, 40, 0};
}

static double error_of(const struct filter_point *p)
{
	int64_t t = p->raw.ns - T0;

	return (double)(p->utc.ns - UTC - t) - (double)t / 20000;
}

static double normal(struct prng *rng)
{
	double s = -6;

	for (int i = 0; i < 12; i++)
		s += prng_uniform(rng);
	return s;
}

static void few_points_give_their_median_or_mean(void **state)
{
	struct filter_point p = {.width_ns = -1};
	struct filter f;

	(void)state;
	filter_init(&f, 4);
	assert_int_equal(filter_take(&f, 0, false, &p), -EAGAIN);
	p = point(0, 100);
	filter_add(&f, &p);
	assert_int_equal(filter_take(&f, 2, false, &p), -EAGAIN);
	assert_int_equal(filter_take(&f, 1, false, &p), 0);
	assert_near_double(error_of(&p), 100, 1);
	assert_i64_equal(p.width_ns, 600);
	assert_i64_equal(p.error_ns, 40);
	assert_int_equal(filter_take(&f, 1, false, &p), -EAGAIN);
}

static void the_newest_stay(void **state)
{
	struct filter_point p;
	struct filter f;

	(void)state;
	filter_init(&f, 4);
	for (int i = 0; i < 11; i++) {
		p = point(i, 0);
		filter_add(&f, &p);
	}
	assert_int_equal(filter_take(&f, 4, false, &p), 0);
	assert_i64_equal(p.raw.ns, T0 + 8500 * NS_PER_MS); /* of 7..10 */
	assert_near_double(error_of(&p), 0, 1);
	filter_init(&f, 1000);
	assert_int_equal(f.length, FILTER_MAX);
	filter_init(&f, 0);
	assert_int_equal(f.length, 1);
}

static void outliers_do_no_harm(void **state)
{
	struct filter_point p;
	struct filter f;

	(void)state;
	filter_init(&f, 16);
	for (int i = 0; i < 16; i++) {
		p = point(i, i % 5 == 2 ? 1e6 * i : (i % 2 ? 100 : -100));
		p.bound_ns = i == 3 ? 900 : 10;
		filter_add(&f, &p);
	}
	assert_int_equal(filter_take(&f, 4, false, &p), 0);
	assert_near_double(error_of(&p), 0, 60);
	assert_i64_range(p.error_ns, 40, 120);
	assert_i64_equal(p.bound_ns, 900);
}

static void on_plain_noise_nothing_is_lost_against_the_average(void **state)
{
	double ours[2000], mean[2000];
	struct prng rng;
	struct filter f;

	(void)state;
	prng_init(&rng, 5);
	filter_init(&f, 4);
	for (int k = 0; k < 2000; k++) {
		struct filter_point p;

		mean[k] = 0;
		for (int i = 0; i < 4; i++) {
			double e = 200 * normal(&rng);

			mean[k] += e / 4;
			p = point(4 * k + i, e);
			filter_add(&f, &p);
		}
		assert_int_equal(filter_take(&f, 4, false, &p), 0);
		ours[k] = error_of(&p);
	}
	print_message("200 ns, 4 a sample: filter %.1f ns, average %.1f ns\n",
		stats_rms(ours, 2000), stats_rms(mean, 2000));
	assert_true(stats_rms(ours, 2000) < 1.05 * stats_rms(mean, 2000));
}

static void pulses_count_by_their_fraction(void **state)
{
	struct filter_point p;
	struct filter f;

	(void)state;
	filter_init(&f, 8);
	for (int i = 0; i < 8; i++) {
		p = (struct filter_point){{T0 + i * NS_PER_S + (i % 2 ? 50 : -50)}, {0}, 0, 30, 0};
		filter_add(&f, &p);
	}
	assert_int_equal(filter_take(&f, 4, true, &p), 0);
	assert_near_double(remainder((double)(p.utc.ns - (p.raw.ns - T0)), 1e9), 0, 20);
}

static void a_poll_becomes_one_sample(void **state)
{
	struct refclock_config c = {
		.name = "SHM0", .polled = true, .poll = 2, .filter = 8, .dpoll = 1, .dispersion_ns = 77};
	struct refclock_out out;
	struct refclock rc;
	int samples = 0, rejected = 0;

	(void)state;
	refclock_init(&rc, &c, (struct ts_raw){T0});
	refclock_on_opened(&rc, (struct ts_raw){T0}, "");
	for (int i = 1; i < 40; i++) {
		struct refclock_reading r = {.raw = {T0 + i * NS_PER_S},
			.utc = {UTC + i * NS_PER_S},
			.bound_ns = 1234,
			.leap = i == 9 ? leap_unsync : leap_insert};

		if (i % 2)
			refclock_on_reading(&rc, r.raw, &r);
		else
			refclock_on_deadline(&rc, r.raw);
		while (refclock_next_out(&rc, &out)) {
			if (out.type != REFCLOCK_OUT_SAMPLE)
				continue;
			samples += out.u.sample.reject == reject_ok;
			rejected += out.u.sample.reject != reject_ok;
			if (out.u.sample.reject != reject_ok)
				continue;
			assert_i64_equal(out.u.sample.utc_ns - out.u.sample.raw_ns, UTC - T0);
			assert_i64_equal(out.u.sample.bound_ns, 1234);
			assert_i64_equal(out.u.sample.root_dispersion_ns, 77);
			assert_i64_equal(out.u.sample.poll, 2);
			assert_int_equal(out.u.sample.leap, leap_insert);
		}
	}
	assert_int_equal(rejected, 1);
	assert_in_range(samples, 7, 9);
}

static void a_bound_is_a_number_or_a_file(void **state)
{
	static const char *const good[] = {"auto", "/x", "0", "1e-6", "64"};
	static const char *const bad[] = {
		"", "x", "-1", "65", "1x", "nan", "inf", "0x1", "rel/path"};
	static const struct {
		const char *text;
		int64_t ns;
	} files[] = {{"1234\n", 1234}, {"0", 0}, {"64000000000", 64 * NS_PER_S}, {"", -1},
		{"-1", -1}, {"12 13", -1}, {"99999999999", -1}, {"1234567890123", -1}, {"x", -1}};
	char path[] = "/tmp/tbbound.XXXXXX", error[160];
	int64_t ns = 5;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(bound_check(good[i], error, sizeof(error)), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bound_check(bad[i], error, sizeof(error)), -EINVAL);
	assert_int_equal(bound_now("2.5e-6", "", &ns), 0);
	assert_i64_equal(ns, 2500);
	assert_int_equal(bound_now("auto", "", &ns), -ENODATA);
	assert_int_equal(bound_now("/nowhere", "", &ns), -ENODATA);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(
			pwrite(fd, files[i].text, strlen(files[i].text), 0), strlen(files[i].text));
		ns = -1;
		assert_int_equal(bound_now("auto", path, &ns), files[i].ns < 0 ? -ENODATA : 0);
		assert_i64_equal(ns, files[i].ns);
	}
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_points_give_their_median_or_mean),
		cmocka_unit_test(the_newest_stay),
		cmocka_unit_test(outliers_do_no_harm),
		cmocka_unit_test(on_plain_noise_nothing_is_lost_against_the_average),
		cmocka_unit_test(pulses_count_by_their_fraction),
		cmocka_unit_test(a_poll_becomes_one_sample),
		cmocka_unit_test(a_bound_is_a_number_or_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
