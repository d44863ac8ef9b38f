/* SPDX-License-Identifier: MIT */
/* The association against a server made of a struct: samples, kernel stamps, publication, a server
 * that goes and comes back. */
#include "tests/unit/ntp_client_bench.h"

static void test_request_tells_nothing(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	uint64_t first;

	(void)state;
	begin(&b, &config);
	assert_true(next_request(&b, S) >= 0);
	assert_int_equal(b.request.version, 4);
	assert_int_equal(b.request.mode, NTP_MODE_CLIENT);
	assert_int_equal(b.request.stratum, 0);
	assert_true(b.request.reference == 0 && b.request.origin == 0 && b.request.receive == 0);
	assert_true(b.request.root_delay == 0 && b.request.root_dispersion == 0 &&
		    b.request.refid == 0);
	assert_true(b.request.transmit != 0);
	first = b.request.transmit;
	assert_true(next_request(&b, 70 * S) >= 0);
	assert_true(b.request.transmit != first);
}

static void test_sample_of_an_exchange(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	struct ts_raw t1;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	t1 = b.now;
	clear(&b);
	answer(&b);
	assert_int_equal(b.samples, 1);
	assert_int_equal(b.sample.reject, reject_ok);
	assert_string_equal(b.sample.source, "srv");
	assert_i64_equal(b.sample.t1_raw_ns, t1.ns);
	assert_i64_equal(b.sample.t4_raw_ns, t1.ns + 1040 * US);
	assert_i64_equal(b.sample.raw_ns, t1.ns + 520 * US);
	assert_i64_equal(b.sample.utc_ns, utc_of(t1).ns + 520 * US);
	assert_i64_equal(b.sample.delay_ns, 1000 * US);
	assert_i64_equal(b.sample.dispersion_ns, 100 + 60 + 15);
	assert_i64_range(b.sample.root_delay_ns, 10 * NS_PER_MS, 10 * NS_PER_MS + 15300);
	assert_int_equal(b.sample.stratum, 2);
	assert_int_equal(b.sample.leap, leap_none);
	assert_int_equal(b.sample.poll, 6);
	assert_int_equal(b.sample.tx_stamp, stamp_daemon);
	assert_int_equal(b.sample.rx_stamp, stamp_kernel);
	assert_int_equal(b.source.state, source_state_reachable);
	assert_int_equal(b.source.reach, 1);
	assert_int_equal(b.event, EVENT_source_reachable);
}

static void test_kernel_stamp_before_the_answer(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	struct ts_raw t1;

	(void)state;
	begin(&b, &config);
	b.auto_sent = false;
	next_request(&b, S);
	ntp_client_sent(&b.c, b.id, b.now, true);
	t1 = (struct ts_raw){b.now.ns + 20 * US};
	ntp_client_stamp(&b.c, b.id, t1, stamp_kernel, (struct ts_raw){t1.ns + US});
	answer(&b);
	assert_int_equal(b.samples, 1);
	assert_i64_equal(b.sample.t1_raw_ns, t1.ns);
	assert_int_equal(b.sample.tx_stamp, stamp_kernel);
	assert_i64_equal(b.sample.delay_ns, 980 * US);
}

static void test_late_kernel_stamp_is_waited_for(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	struct ts_raw t1;

	(void)state;
	begin(&b, &config);
	b.auto_sent = false;
	next_request(&b, S);
	ntp_client_sent(&b.c, b.id, b.now, true);
	t1 = (struct ts_raw){b.now.ns + 20 * US};
	answer(&b);
	assert_int_equal(b.samples, 0);
	assert_i64_equal(ntp_client_deadline(&b.c).ns, b.now.ns + NTP_HOLD_NS);
	b.now.ns += 5 * NS_PER_MS;
	ntp_client_stamp(&b.c, b.id, t1, stamp_kernel, b.now);
	drain(&b);
	assert_int_equal(b.samples, 1);
	assert_i64_equal(b.sample.t1_raw_ns, t1.ns);
}

static void test_missing_kernel_stamp_is_not_waited_for_forever(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int held = 0;

	(void)state;
	begin(&b, &config);
	b.auto_sent = false;
	for (int i = 0; i < 10; i++) {
		next_request(&b, 2000 * S);
		ntp_client_sent(&b.c, b.id, b.now, true);
		clear(&b);
		answer(&b);
		held += b.samples == 0;
		b.now = ntp_client_deadline(&b.c);
		ntp_client_expire(&b.c, b.now);
		drain(&b);
		assert_int_equal(b.samples, 1);
		assert_int_equal(b.sample.tx_stamp, stamp_daemon);
		if (b.sends > 0)
			ntp_client_sent(&b.c, b.id, b.now, true);
	}
	assert_int_equal(held, 4);
}

static void test_impossible_kernel_stamp_is_ignored(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	struct ts_raw t1;

	(void)state;
	begin(&b, &config);
	b.auto_sent = false;
	next_request(&b, S);
	t1 = b.now;
	ntp_client_sent(&b.c, b.id, t1, true);
	/* CLOCK_REALTIME was stepped between stamp and conversion */
	ntp_client_stamp(&b.c, b.id, (struct ts_raw){t1.ns - S}, stamp_kernel, t1);
	ntp_client_stamp(&b.c, b.id, (struct ts_raw){t1.ns + S}, stamp_kernel, t1);
	/* of another request */
	ntp_client_stamp(&b.c, b.id + 1, t1, stamp_kernel, t1);
	assert_int_equal(b.c.request.tx_stamp, stamp_daemon);
	assert_i64_equal(b.c.request.t1.ns, t1.ns);
}

static void test_unreachable_and_back(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int64_t last;

	(void)state;
	config.iburst = true;
	begin(&b, &config);
	for (int i = 0; i < 4; i++) {
		next_request(&b, 70 * S);
		answer(&b);
	}
	clear(&b);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(b.events, 0);
		assert_true(next_request(&b, 70 * S) >= 0);
	}
	assert_int_equal(b.events, 1);
	assert_int_equal(b.event, EVENT_source_unreachable);
	assert_int_equal(b.source.state, source_state_unreachable);
	assert_int_equal(b.resolves, 1);
	last = b.now.ns;
	answer(&b);
	assert_int_equal(b.event, EVENT_source_reachable);
	for (int i = 0; i < 3; i++) {
		assert_i64_equal(next_request(&b, 70 * S) - last, 2 * S);
		last = b.now.ns;
		answer(&b);
	}
}

static void test_another_address_starts_over(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	answer(&b);
	clear(&b);
	ntp_client_address(&b.c, "192.0.2.1", 123, b.now);
	drain(&b);
	assert_int_equal(b.events, 0);
	assert_int_equal(ntp_client_state(&b.c), source_state_reachable);
	ntp_client_address(&b.c, "2001:db8::1", 123, b.now);
	drain(&b);
	assert_int_equal(b.event, EVENT_source_changed);
	assert_int_equal(b.source.state, source_state_waiting);
	assert_int_equal(b.source.reach, 0);
	assert_string_equal(b.source.address, "2001:db8::1");
	assert_true(next_request(&b, S) >= 0);
}

static void test_offline_online_remove(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	ntp_client_online(&b.c, false, b.now);
	drain(&b);
	assert_int_equal(b.source.state, source_state_offline);
	assert_i64_equal(next_request(&b, 1000 * S), -1);
	answer(&b);
	assert_int_equal(b.samples, 0);
	ntp_client_online(&b.c, true, b.now);
	drain(&b);
	assert_true(next_request(&b, S) >= 0);
	assert_false(b.source.removed);
	ntp_client_remove(&b.c);
	drain(&b);
	assert_true(b.source.removed);
}

static void test_send_failure_is_tried_again_soon(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int64_t last, at;

	(void)state;
	begin(&b, &config);
	b.auto_sent = false;
	last = next_request(&b, S);
	for (int i = 0; i < 5; i++) {
		ntp_client_send_failed(&b.c, b.id, "Network is unreachable");
		drain(&b);
		at = next_request(&b, 70 * S);
		assert_i64_equal(at - last, (2 * S) << i);
		last = at;
	}
	assert_int_equal(b.resolves, 1);
	assert_i64_equal(b.c.counts.sent, 0);
	ntp_client_sent(&b.c, b.id, b.now, false);
	answer(&b);
	assert_string_equal(b.source.error, "");
	assert_i64_range(next_request(&b, 70 * S) - last, 63 * S, 65 * S);
}

static void test_source_messages_are_few(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	config.minpoll = config.maxpoll = -7;
	begin(&b, &config);
	clear(&b);
	for (int i = 0; i < 1280; i++) {
		next_request(&b, S);
		answer(&b);
	}
	assert_int_equal(b.samples, 1280);
	assert_i64_range(b.sources, 10, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_tells_nothing),
		cmocka_unit_test(test_sample_of_an_exchange),
		cmocka_unit_test(test_kernel_stamp_before_the_answer),
		cmocka_unit_test(test_late_kernel_stamp_is_waited_for),
		cmocka_unit_test(test_missing_kernel_stamp_is_not_waited_for_forever),
		cmocka_unit_test(test_impossible_kernel_stamp_is_ignored),
		cmocka_unit_test(test_unreachable_and_back),
		cmocka_unit_test(test_another_address_starts_over),
		cmocka_unit_test(test_offline_online_remove),
		cmocka_unit_test(test_send_failure_is_tried_again_soon),
		cmocka_unit_test(test_source_messages_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
