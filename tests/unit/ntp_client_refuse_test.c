/* SPDX-License-Identifier: MIT */
/* What the association refuses: packets that fail a test, and what kisses do. */
#include "tests/unit/ntp_client_bench.h"

static void test_bogus_is_told_once_a_poll(void **state)
{
	struct ntp_client_config config = plain_config();
	struct ntp_packet p;
	struct bench b;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	clear(&b);
	p = good_answer(&b);
	p.origin++;
	for (int i = 0; i < 1000; i++)
		deliver(&b, &p);
	assert_int_equal(b.samples, 1);
	assert_int_equal(b.sample.reject, reject_bogus);
	assert_int_equal(b.events, 0);
	answer(&b);
	assert_int_equal(b.samples, 2);
	assert_int_equal(b.sample.reject, reject_ok);
	assert_i64_equal(b.source.received, 1001);
	assert_i64_equal(b.source.valid, 1);
}

static void test_duplicate_and_late_answers(void **state)
{
	struct ntp_client_config config = plain_config();
	struct ntp_packet first, p;
	struct bench b;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	first = good_answer(&b);
	b.now.ns += 1040 * US;
	deliver(&b, &first);
	deliver(&b, &first);
	assert_int_equal(b.sample.reject, reject_duplicate);
	/* of a former request */
	next_request(&b, 70 * S);
	p = good_answer(&b);
	next_request(&b, 70 * S);
	deliver(&b, &p);
	assert_int_equal(b.sample.reject, reject_bogus);
	assert_int_equal(b.c.counts.good, 1);
}

static void test_nothing_is_believed_before_the_request_is_out(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	begin(&b, &config);
	b.auto_sent = false;
	next_request(&b, S);
	answer(&b);
	assert_int_equal(b.sample.reject, reject_bogus);
}

struct mutation {
	enum reject expected;
	void (*change)(struct ntp_packet *p);
};

static void make_unsync(struct ntp_packet *p)
{
	p->leap = 3;
}

static void make_stratum_0(struct ntp_packet *p)
{
	p->stratum = 0;
	p->refid = NTP_REFID('I', 'N', 'I', 'T');
}

static void make_stratum_16(struct ntp_packet *p)
{
	p->stratum = 16;
}

static void make_no_receive(struct ntp_packet *p)
{
	p->receive = 0;
}

static void make_no_transmit(struct ntp_packet *p)
{
	p->transmit = 0;
}

static void make_far(struct ntp_packet *p)
{
	p->root_dispersion = 16 << 16;
}

static void make_future(struct ntp_packet *p)
{
	p->reference = p->transmit + 1000;
}

static void make_backwards(struct ntp_packet *p)
{
	p->transmit = p->receive - (UINT64_C(1) << 32);
}

static void make_slow(struct ntp_packet *p)
{
	p->transmit = p->receive + (UINT64_C(5) << 32);
}

static void make_client(struct ntp_packet *p)
{
	p->mode = NTP_MODE_CLIENT;
}

static void make_broadcast(struct ntp_packet *p)
{
	p->mode = NTP_MODE_BROADCAST;
}

static void make_loop(struct ntp_packet *p)
{
	p->refid = 0xc0000202;
}

static void test_packet_tests(void **state)
{
	static const struct mutation mutations[] = {{reject_unsync, make_unsync},
		{reject_unsync, make_stratum_0}, {reject_unsync, make_stratum_16},
		{reject_invalid, make_no_receive}, {reject_invalid, make_no_transmit},
		{reject_distance, make_far}, {reject_distance, make_future},
		{reject_invalid, make_backwards}, {reject_invalid, make_slow},
		{reject_bogus, make_client}, {reject_bogus, make_broadcast},
		{reject_loop, make_loop}};

	(void)state;
	for (size_t i = 0; i < sizeof mutations / sizeof *mutations; i++) {
		struct ntp_client_config config = plain_config();
		struct ntp_packet p;
		struct bench b;

		begin(&b, &config);
		ntp_client_own_refid(&b.c, 0xc0000202);
		next_request(&b, S);
		clear(&b);
		p = good_answer(&b);
		mutations[i].change(&p);
		b.now.ns += 1040 * US;
		deliver(&b, &p);
		assert_int_equal(b.samples, 1);
		if (b.sample.reject != mutations[i].expected)
			fail_msg("mutation %zu: reject %d, not %d", i, (int)b.sample.reject,
				(int)mutations[i].expected);
		assert_i64_equal(b.c.counts.good, 0);
	}
}

static void test_mac_is_refused_and_does_not_shut_out_the_answer(void **state)
{
	struct ntp_client_config config = plain_config();
	uint8_t bytes[NTP_HEADER_SIZE + 20] = {0};
	struct ntp_packet p;
	struct bench b;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	p = good_answer(&b);
	ntp_packet_build(&p, bytes);
	ntp_client_receive(&b.c, bytes, sizeof bytes, b.now, stamp_kernel, b.now);
	drain(&b);
	assert_int_equal(b.sample.reject, reject_auth);
	answer(&b);
	assert_int_equal(b.sample.reject, reject_ok);
}

static void test_garbage(void **state)
{
	struct ntp_client_config config = plain_config();
	uint8_t bytes[47] = {0x24};
	struct bench b;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	clear(&b);
	ntp_client_receive(&b.c, bytes, sizeof bytes, b.now, stamp_daemon, b.now);
	drain(&b);
	assert_int_equal(b.samples, 1);
	assert_int_equal(b.sample.reject, reject_format);
	answer(&b);
	assert_int_equal(b.sample.reject, reject_ok);
}

static void test_maxdelay_minstratum_offset(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	config.maxdelay_ns = 1000 * US;
	config.minstratum = 7;
	config.offset_ns = -250 * US;
	begin(&b, &config);
	next_request(&b, S);
	answer(&b);
	assert_int_equal(b.sample.reject, reject_ok);
	assert_int_equal(b.sample.stratum, 7);
	assert_i64_equal(b.sample.utc_ns - utc_of((struct ts_raw){b.sample.raw_ns}).ns, -250 * US);
	b.c.config.maxdelay_ns--;
	next_request(&b, 70 * S);
	answer(&b);
	assert_int_equal(b.sample.reject, reject_delay);
}

static void kiss(struct bench *b, uint32_t code, int8_t poll)
{
	struct ntp_packet p = good_answer(b);

	p.leap = 3;
	p.stratum = 0;
	p.refid = code;
	p.poll = poll;
	b->now.ns += 1040 * US;
	deliver(b, &p);
}

static void test_rate_backs_off(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;
	int64_t last, at;

	(void)state;
	config.minpoll = config.maxpoll = 3;
	config.iburst = true;
	begin(&b, &config);
	last = next_request(&b, S);
	clear(&b);
	kiss(&b, NTP_REFID('R', 'A', 'T', 'E'), 0);
	assert_int_equal(b.sample.reject, reject_kiss);
	assert_int_equal(b.events, 1);
	assert_int_equal(b.event, EVENT_kiss);
	at = next_request(&b, 70 * S);
	assert_i64_range(at - last, 15 * S, 17 * S);
	last = at;
	kiss(&b, NTP_REFID('R', 'A', 'T', 'E'), 9);
	at = next_request(&b, 600 * S);
	assert_i64_range(at - last, 512 * S, 528 * S);
	/* good answers do not bring the old interval back */
	answer(&b);
	last = at;
	assert_i64_range(next_request(&b, 600 * S) - last, 512 * S, 528 * S);
}

static void test_rate_with_a_mad_poll(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	kiss(&b, NTP_REFID('R', 'A', 'T', 'E'), 127);
	assert_true(next_request(&b, 140 * S) >= 0);
	for (int i = 0; i < 20; i++) {
		kiss(&b, NTP_REFID('R', 'A', 'T', 'E'), -128);
		assert_true(next_request(&b, 1100 * S) >= 0);
	}
}

static void test_deny_ends_it(void **state)
{
	static const uint32_t codes[2] = {
		NTP_REFID('D', 'E', 'N', 'Y'), NTP_REFID('R', 'S', 'T', 'R')};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct ntp_client_config config = plain_config();
		struct bench b;

		begin(&b, &config);
		next_request(&b, S);
		clear(&b);
		kiss(&b, codes[i], 0);
		assert_int_equal(b.source.state, source_state_denied);
		assert_int_equal(b.resolves, 1);
		assert_i64_equal(next_request(&b, 100000 * S), -1);
		/* another address is another server */
		ntp_client_address(&b.c, "192.0.2.9", 123, b.now);
		drain(&b);
		assert_true(next_request(&b, S) >= 0);
	}
}

static void test_forged_kiss_does_nothing(void **state)
{
	struct ntp_client_config config = plain_config();
	struct bench b;

	(void)state;
	begin(&b, &config);
	next_request(&b, S);
	b.request.transmit ^= 1;
	kiss(&b, NTP_REFID('D', 'E', 'N', 'Y'), 0);
	assert_int_equal(b.sample.reject, reject_bogus);
	assert_true(next_request(&b, 70 * S) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bogus_is_told_once_a_poll),
		cmocka_unit_test(test_duplicate_and_late_answers),
		cmocka_unit_test(test_nothing_is_believed_before_the_request_is_out),
		cmocka_unit_test(test_packet_tests),
		cmocka_unit_test(test_mac_is_refused_and_does_not_shut_out_the_answer),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_maxdelay_minstratum_offset),
		cmocka_unit_test(test_rate_backs_off),
		cmocka_unit_test(test_rate_with_a_mad_poll),
		cmocka_unit_test(test_deny_ends_it),
		cmocka_unit_test(test_forged_kiss_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
