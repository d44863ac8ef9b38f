/* SPDX-License-Identifier: MIT */
/* The association with filter: which exchanges are published alone, and what a sample of several
 * tells. */
#include "tests/unit/ntp_client_bench.h"

#include "ntpexchd/core/poll.h"

#define FILTER 3

static void begin_filtering(struct bench *b)
{
	struct ntp_client_config config = plain_config();

	config.minpoll = config.maxpoll = 4;
	config.filter = FILTER;
	begin(b, &config);
}

static void show_clock(struct bench *b)
{
	struct ts_line line = {b->now, utc_of(b->now), 0};

	ntp_client_clock(&b->c, &line);
}

/* Samples that came of so many polls. */
static int samples_of(struct bench *b, int polls)
{
	clear(b);
	for (int i = 0; i < polls; i++) {
		assert_true(next_request(b, 20 * S) >= 0);
		answer(b);
	}
	return b->samples;
}

static void without_a_clock_each_counts(void **state)
{
	struct bench b;

	(void)state;
	begin_filtering(&b);
	assert_int_equal(samples_of(&b, 100), 100);
	assert_i64_equal(b.sample.interval_ns, 16 * S);
	assert_int_equal(b.sample.poll, 4);
}

static void each_counts_until_the_noise_is_known(void **state)
{
	int first = FILTER * (NTP_FILTER_KNOWN + 1);
	struct bench b;

	(void)state;
	begin_filtering(&b);
	samples_of(&b, 5);
	show_clock(&b);
	assert_int_equal(samples_of(&b, first), first);
	assert_int_equal(samples_of(&b, 10 * FILTER), 10);
	/* the clock is gone: nobody can tell what its line would be */
	ntp_client_clock(&b.c, NULL);
	assert_int_equal(samples_of(&b, 10), 10);
}

static void a_sample_tells_that_it_is_of_several(void **state)
{
	struct ts_raw first;
	struct bench b;

	(void)state;
	begin_filtering(&b);
	samples_of(&b, 5);
	show_clock(&b);
	samples_of(&b, FILTER * (NTP_FILTER_KNOWN + 1));
	assert_int_equal(samples_of(&b, FILTER - 1), 0);
	first = b.c.request.t1;
	assert_int_equal(samples_of(&b, 1), 1);
	assert_int_equal(b.sample.reject, reject_ok);
	assert_i64_equal(b.sample.interval_ns, FILTER * 16 * S);
	assert_int_equal(b.sample.poll, 5);
	assert_i64_equal(b.sample.delay_ns, 1000 * US);
	/* in the middle of the three: near the second */
	assert_i64_range(b.sample.raw_ns - first.ns, -S, S);
	assert_i64_range(b.sample.utc_ns - utc_of((struct ts_raw){b.sample.raw_ns}).ns, -2, 2);
	/* reach and counts are of polls */
	assert_i64_equal(b.c.counts.good, 5 + FILTER * (NTP_FILTER_KNOWN + 2));
	assert_int_equal(b.c.reach, 0xff);
}

static void another_address_has_other_noise(void **state)
{
	struct bench b;

	(void)state;
	begin_filtering(&b);
	samples_of(&b, 5);
	show_clock(&b);
	samples_of(&b, FILTER * (NTP_FILTER_KNOWN + 1));
	assert_int_equal(samples_of(&b, 10 * FILTER), 10);
	ntp_client_address(&b.c, "192.0.2.2", 123, b.now);
	assert_int_equal(samples_of(&b, 10), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_clock_each_counts),
		cmocka_unit_test(each_counts_until_the_noise_is_known),
		cmocka_unit_test(a_sample_tells_that_it_is_of_several),
		cmocka_unit_test(another_address_has_other_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
