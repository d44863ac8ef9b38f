/* SPDX-License-Identifier: MIT */
/* When the association asks: bursts, the opening, the interval that follows verdicts. */
#include "tests/unit/ntp_client_bench.h"
#include "ntpexchd/core/poll.h"

static void test_iburst_starts_with_four(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int64_t last, at;

	(void)state;
	config.iburst = true;
	begin(&b, &config);
	last = next_request(&b, S);
	assert_i64_range(last, RAW0, RAW0 + S / 10);
	for (int i = 1; i < 4; i++) {
		answer(&b);
		at = next_request(&b, 70 * S);
		assert_i64_equal(at - last, 2 * S);
		last = at;
	}
	assert_int_equal(b.c.burst_good, 1);
	answer(&b);
	assert_int_equal(b.c.burst_good, 0);
}

static void test_iburst_gives_up_after_eight(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int64_t last;

	(void)state;
	config.iburst = true;
	begin(&b, &config);
	last = next_request(&b, S);
	for (int i = 1; i < 8; i++) {
		int64_t at = next_request(&b, 70 * S);

		assert_i64_equal(at - last, 2 * S);
		last = at;
	}
	assert_i64_range(next_request(&b, 70 * S) - last, 63 * S, 65 * S);
}

static void test_below_a_second_only_when_near(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int64_t last;

	(void)state;
	config.minpoll = config.maxpoll = -4;
	begin(&b, &config);
	last = next_request(&b, S);
	answer(&b);
	assert_i64_range(next_request(&b, S) - last, 61 * NS_PER_MS, 64 * NS_PER_MS);
	/* no answer: not faster than a second until there is one */
	last = b.now.ns;
	next_request(&b, S);
	last = b.now.ns;
	assert_i64_range(next_request(&b, 2 * S) - last, 950 * NS_PER_MS, 1050 * NS_PER_MS);
}

static void judge(struct bench *b, double growth)
{
	struct msg_verdict v = {.growth = growth,
		.offset_sd_ns = growth > 2 ? 400 : 500,
		.jitter_ns = 1000,
		.base_delay_ns = 5000,
		.last_sample_raw_ns = b->sample.raw_ns};

	ntp_client_verdict(&b->c, &v);
}

static void test_poll_follows_growth(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	begin(&b, &config);
	for (int i = 0; i < 40; i++) {
		next_request(&b, 2000 * S);
		answer(&b);
		judge(&b, 1.01);
	}
	assert_int_equal(b.c.poll_parts, 40);
	assert_int_equal(b.sample.poll, 10);
	assert_i64_equal(b.sample.interval_ns, 1024 * S);
	next_request(&b, 2000 * S);
	answer(&b);
	judge(&b, 2.1);
	assert_int_equal(b.c.poll_parts, 39);
	judge(&b, 4); /* once a sample, however often it is told */
	assert_int_equal(b.c.poll_parts, 39);
}

static void test_verdict_counts_for_this_interval(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int64_t last;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	answer(&b);
	judge(&b, 1.01); /* one answer alone does not make it longer */
	last = next_request(&b, 200 * S);
	answer(&b);
	judge(&b, 1.01);
	assert_i64_range(next_request(&b, 200 * S) - last, 126 * S, 133 * S);
	/* one on an older sample does not */
	b.sample.raw_ns -= 1;
	judge(&b, 9);
	assert_int_equal(b.c.poll_parts, 28);
}

static void test_burst_does_not_count_for_the_interval(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	config.iburst = true;
	begin(&b, &config);
	for (int i = 0; i < 12; i++) {
		next_request(&b, 70 * S);
		answer(&b);
		judge(&b, 1.0);
		assert_int_equal(b.c.poll_parts, 24);
	}
	for (int i = 0; i < 12; i++) {
		next_request(&b, 100 * S);
		answer(&b);
		judge(&b, 1.0);
	}
	assert_true(b.c.poll_parts > 24);
}

static void test_opening_goes_over_into_minpoll(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int64_t first, last, at, gap = 0;
	int requests = 1;

	(void)state;
	config.iburst = true;
	config.maxpoll = 6;
	begin(&b, &config);
	first = last = next_request(&b, S);
	while (gap < 64 * S) {
		answer(&b);
		at = next_request(&b, 70 * S);
		assert_true(at - last >= gap || at - last >= 64 * S);
		gap = at - last;
		if (gap < 64 * S)
			assert_true(gap == 2 * S || gap == (last - first) / NTP_OPENING_SHARE);
		last = at;
		requests++;
	}
	assert_i64_range(requests, 18, 22);
	assert_i64_range(last - first, 256 * S, 400 * S);
	/* a poll that is missed ends it; the next begins after an outage only */
	assert_i64_range(next_request(&b, 70 * S) - last, 64 * S, 66 * S);
}

/* The interval is 1024 s when the machine sleeps. */
static void long_asleep(struct bench *b, bool iburst)
{
	struct ntp_client_config config = plain_config();

	config.iburst = iburst;
	begin(b, &config);
	for (int i = 0; i < 60; i++) {
		next_request(b, 2000 * S);
		answer(b);
		judge(b, 1.01);
	}
	assert_int_equal(b->c.poll_parts, 40);
	b->now.ns += 300 * S;
}

static void test_disruption_is_followed_at_once(void **state)
{
	struct bench b;
	int64_t at;

	(void)state;
	long_asleep(&b, false);
	at = b.now.ns;
	ntp_client_disruption(&b.c);
	assert_i64_equal(next_request(&b, S), at);
	/* told again and again: no faster than a burst */
	for (int i = 0; i < 5; i++)
		ntp_client_disruption(&b.c);
	assert_i64_equal(next_request(&b, 3 * S), at + NTP_BURST_NS);
	answer(&b);
	assert_i64_range(next_request(&b, 70 * S) - at, 64 * S, 69 * S);
}

static void test_disruption_with_iburst(void **state)
{
	struct bench b;
	int64_t at;

	(void)state;
	long_asleep(&b, true);
	at = b.now.ns;
	ntp_client_disruption(&b.c);
	for (int i = 0; i < NTP_IBURST_GOOD; i++) {
		assert_i64_equal(next_request(&b, 3 * S), at + i * NTP_BURST_NS);
		answer(&b);
	}
	assert_i64_range(next_request(&b, 80 * S) - at, 64 * S, 76 * S);
}

static void test_disruption_does_not_pester(void **state)
{
	struct bench b;

	(void)state;
	long_asleep(&b, false);
	b.c.rate_floor = 10;
	ntp_client_disruption(&b.c);
	assert_i64_equal(next_request(&b, 600 * S), -1);
	/* who is not asked at all is not asked now */
	ntp_client_online(&b.c, false, b.now);
	b.c.rate_floor = POLL_MIN;
	ntp_client_disruption(&b.c);
	assert_i64_equal(next_request(&b, 5000 * S), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iburst_starts_with_four),
		cmocka_unit_test(test_iburst_gives_up_after_eight),
		cmocka_unit_test(test_below_a_second_only_when_near),
		cmocka_unit_test(test_poll_follows_growth),
		cmocka_unit_test(test_verdict_counts_for_this_interval),
		cmocka_unit_test(test_opening_goes_over_into_minpoll),
		cmocka_unit_test(test_burst_does_not_count_for_the_interval),
		cmocka_unit_test(test_disruption_is_followed_at_once),
		cmocka_unit_test(test_disruption_with_iburst),
		cmocka_unit_test(test_disruption_does_not_pester),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
