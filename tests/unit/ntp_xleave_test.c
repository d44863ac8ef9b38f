/* SPDX-License-Identifier: MIT */
/* Interleaved mode: our association against our server core, with lost packets, a server that
 * restarts or does not know the mode, old answers again, and stamps of all kinds. The server's
 * clock is the truth; its answers leave later than their basic transmit stamp says. */
#include "tests/unit/tcheck.h"

#include <string.h>
#include "common/core/ntptime.h"
#include "common/core/prng.h"
#include "ntpexchd/core/ntp_client.h"
#include "ntpexchd/core/ntp_server.h"

#define S    NS_PER_S
#define US   NS_PER_US
#define UTC0 (INT64_C(1790000000) * S)
#define RAW0 (1000 * S)

#define WAY_NS	(500 * US)
#define TURN_NS (40 * US) /* from receipt to the basic transmit stamp */

struct bench {
	struct ntp_client c;
	struct xleave server;
	bool knows_xleave;
	int64_t late_ns;   /* from the basic transmit stamp to departure */
	int64_t jitter_ns; /* of late_ns */
	struct prng noise;
	struct ts_raw now;
	int sends, samples, rejects;
	uint64_t id;
	uint8_t request[NTP_SENT_MAX], reply[NTP_SENT_MAX];
	size_t request_size, reply_size;
	struct ntp_packet asked, answered;
	struct msg_sample sample;
	enum stamp tx;
};

static struct ts_utc utc_of(struct ts_raw raw)
{
	return (struct ts_utc){UTC0 + (raw.ns - RAW0)};
}

static void drain(struct bench *b)
{
	struct ntp_client_out out;

	while (ntp_client_next_out(&b->c, b->now, &out)) {
		if (out.kind == NTP_OUT_SEND) {
			b->sends++;
			b->id = out.u.send.id;
			b->request_size = out.u.send.size;
			memcpy(b->request, out.u.send.bytes, b->request_size);
			assert_int_equal(
				ntp_packet_parse(b->request, b->request_size, &b->asked, NULL), 0);
			ntp_client_sent(&b->c, b->id, b->now, b->tx != stamp_daemon);
			for (int s = stamp_kernel; s <= (int)b->tx; s++)
				ntp_client_stamp(&b->c, b->id, b->now, (enum stamp)s, b->now);
		} else if (out.kind == NTP_OUT_MESSAGE && out.u.message.kind == MSG_sample) {
			b->sample = out.u.message.u.sample;
			b->samples += b->sample.reject == reject_ok;
			b->rejects += b->sample.reject != reject_ok;
		}
	}
}

static void begin(struct bench *b, bool xleave)
{
	struct ntp_client_config config = {.source = "srv",
		.configured = "srv",
		.minpoll = 6,
		.maxpoll = 6,
		.version = 4,
		.xleave = xleave,
		.maxdelay_ns = 3 * S,
		.precision_ns = 100,
		.pivot = {UTC0}};

	memset(b, 0, sizeof *b);
	b->knows_xleave = true;
	b->late_ns = 20 * US;
	/* departures are less regular than the network: each has to be waited for */
	b->jitter_ns = 5 * US;
	prng_init(&b->noise, 7);
	b->now.ns = RAW0;
	b->tx = stamp_kernel;
	ntp_client_init(&b->c, &config, 42, b->now);
	ntp_client_address(&b->c, "192.0.2.1", 123, b->now);
	drain(b);
}

static void poll_server(struct bench *b)
{
	b->sends = 0;
	while (b->sends == 0) {
		struct ts_raw d = ntp_client_deadline(&b->c);

		assert_false(ts_raw_is_never(d));
		if (d.ns > b->now.ns)
			b->now = d;
		ntp_client_expire(&b->c, b->now);
		drain(b);
	}
	b->samples = b->rejects = 0;
}

/* The server takes the request and answers; its kernel stamps the departure. */
static enum ntp_server_verdict serve(struct bench *b)
{
	static const struct ntp_served served = {.leap = leap_none, .stratum = 2, .precision = -24};
	struct ntp_server_request r = {.bytes = b->request,
		.size = b->request_size,
		.port = 40000,
		.allowed = true,
		.received = {utc_of(b->now).ns + WAY_NS},
		.xleave = b->knows_xleave ? &b->server : NULL,
		.client = 77};
	struct ts_utc basic = {r.received.ns + TURN_NS};
	int64_t late = b->late_ns + (int64_t)(prng_uniform(&b->noise) * (double)b->jitter_ns);
	enum ntp_server_verdict v = ntp_server_answer(&r, &served, b->reply, &b->reply_size);

	if (v == NTP_SERVER_ANSWER)
		ntp_server_stamp(b->reply, basic);
	xleave_note(&b->server, 77, ntp_packet_receive(b->reply), ntp_from_utc(basic));
	xleave_stamp(&b->server, ntp_packet_receive(b->reply),
		ntp_from_utc((struct ts_utc){basic.ns + late}));
	b->now.ns += 2 * WAY_NS + TURN_NS + late;
	assert_int_equal(ntp_packet_parse(b->reply, b->reply_size, &b->answered, NULL), 0);
	return v;
}

static void deliver(struct bench *b)
{
	ntp_client_receive(&b->c, b->reply, b->reply_size, b->now, stamp_kernel, b->now);
	drain(b);
}

/* The sample is exact: the way there and back, whatever the server's program did. */
static void expect_precise(const struct bench *b)
{
	assert_int_equal(b->samples, 1);
	assert_true(b->sample.interleaved);
	assert_i64_range(b->sample.delay_ns, 2 * WAY_NS - 2, 2 * WAY_NS + 2);
	assert_i64_range(b->sample.utc_ns - utc_of((struct ts_raw){b->sample.raw_ns}).ns, -2, 2);
	assert_i64_equal(
		b->sample.t2_utc_ns - utc_of((struct ts_raw){b->sample.t1_raw_ns}).ns, WAY_NS);
}

static void warm_up(struct bench *b)
{
	begin(b, true);
	poll_server(b);
	assert_int_equal(serve(b), NTP_SERVER_ANSWER);
	deliver(b);
	/* basic mode is off by half of what the server does not know of itself */
	assert_int_equal(b->samples, 1);
	assert_false(b->sample.interleaved);
	assert_true(b->sample.delay_ns >= 2 * WAY_NS + b->late_ns);
	poll_server(b);
	assert_int_equal(serve(b), NTP_SERVER_INTERLEAVED);
	deliver(b);
	assert_int_equal(b->samples, 0); /* of an exchange that was published already */
}

static void test_samples_are_those_of_the_exchange_before(void **state)
{
	struct bench b;
	int64_t t1, last = 0;

	(void)state;
	warm_up(&b);
	for (int i = 0; i < 20; i++) {
		t1 = b.now.ns;
		poll_server(&b);
		assert_true(b.asked.origin == b.answered.receive);
		assert_true(b.asked.receive != 0 && b.asked.receive != b.asked.transmit);
		assert_int_equal(serve(&b), NTP_SERVER_INTERLEAVED);
		assert_true(b.answered.origin == b.asked.receive);
		deliver(&b);
		expect_precise(&b);
		assert_true(b.sample.t4_raw_ns <= t1 && b.sample.t1_raw_ns > last);
		assert_int_equal(b.sample.tx_stamp, stamp_kernel);
		last = b.sample.t1_raw_ns;
	}
}

static void test_basic_without_the_option(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, false);
	for (int i = 0; i < 3; i++) {
		poll_server(&b);
		assert_true(b.asked.origin == 0 && b.asked.receive == 0);
		assert_int_equal(serve(&b), NTP_SERVER_ANSWER);
		deliver(&b);
		assert_int_equal(b.samples, 1);
		assert_false(b.sample.interleaved);
	}
}

static void test_server_without_it(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, true);
	b.knows_xleave = false;
	for (int i = 0; i < 5; i++) {
		poll_server(&b);
		assert_int_equal(serve(&b), NTP_SERVER_ANSWER);
		deliver(&b);
		assert_int_equal(b.samples, 1);
		assert_false(b.sample.interleaved);
	}
}

static void test_lost_answers(void **state)
{
	struct bench b;

	(void)state;
	warm_up(&b);
	/* the answer is lost: the next request names the one before it, which is still known */
	for (int lost = 1; lost < NTP_XLEAVE_MISSED; lost++) {
		uint64_t known = b.answered.receive;

		for (int i = 0; i < lost; i++) {
			poll_server(&b);
			assert_true(b.asked.origin == known);
			serve(&b);
		}
		poll_server(&b);
		assert_true(b.asked.origin == known);
		serve(&b);
		deliver(&b);
		/* XLEAVE_WAYS answers are kept of a client */
		if (lost < XLEAVE_WAYS)
			expect_precise(&b);
	}
}

static void test_many_lost_answers_end_it_for_a_while(void **state)
{
	struct bench b;

	(void)state;
	warm_up(&b);
	for (int i = 0; i <= NTP_XLEAVE_MISSED; i++)
		poll_server(&b);
	assert_true(b.asked.origin == 0 && b.asked.receive == 0);
	assert_int_equal(serve(&b), NTP_SERVER_ANSWER);
	deliver(&b);
	assert_int_equal(b.samples, 1);
	assert_false(b.sample.interleaved);
	poll_server(&b);
	assert_int_equal(serve(&b), NTP_SERVER_INTERLEAVED);
	deliver(&b);
	poll_server(&b);
	serve(&b);
	deliver(&b);
	expect_precise(&b);
}

static void test_server_restarts(void **state)
{
	struct bench b;

	(void)state;
	warm_up(&b);
	memset(&b.server, 0, sizeof b.server);
	poll_server(&b);
	assert_int_equal(serve(&b), NTP_SERVER_ANSWER);
	deliver(&b);
	assert_int_equal(b.samples, 1);
	assert_false(b.sample.interleaved);
	poll_server(&b);
	assert_int_equal(serve(&b), NTP_SERVER_INTERLEAVED);
	deliver(&b);
	assert_int_equal(b.samples, 0);
	poll_server(&b);
	serve(&b);
	deliver(&b);
	expect_precise(&b);
}

static void test_old_and_repeated_answers(void **state)
{
	uint8_t old[NTP_HEADER_SIZE];
	struct bench b;

	(void)state;
	warm_up(&b);
	memcpy(old, b.reply, sizeof old);
	poll_server(&b);
	ntp_client_receive(&b.c, old, sizeof old, b.now, stamp_kernel, b.now);
	drain(&b);
	assert_int_equal(b.samples, 0);
	assert_int_equal(b.rejects, 1);
	serve(&b);
	deliver(&b);
	expect_precise(&b);
	b.samples = 0;
	deliver(&b);
	assert_int_equal(b.samples, 0);
}

/* Thirty polls over a path that scatters, the offset known to sd_ns: samples of the poll itself. */
static int polls_used_at_once(struct bench *b, double sd_ns)
{
	struct prng path;
	int fresh = 0;

	warm_up(b);
	b->jitter_ns = 100;
	prng_init(&path, 9);
	for (int i = 0; i < 30; i++) {
		struct msg_verdict v = {.offset_sd_ns = sd_ns};
		int64_t t1;

		poll_server(b);
		t1 = b->now.ns;
		serve(b);
		b->now.ns += (int64_t)(prng_uniform(&path) * 20e3); /* the way back */
		deliver(b);
		assert_true(b->samples >= 1 && b->samples <= 2);
		assert_true(b->sample.interleaved);
		fresh += b->sample.t1_raw_ns == t1;
		/* the guess is good to its jitter, not to what basic mode is off by */
		assert_i64_range(b->sample.utc_ns - utc_of((struct ts_raw){b->sample.raw_ns}).ns,
			-10 * US - 100, 100);
		v.last_sample_raw_ns = b->sample.raw_ns;
		ntp_client_verdict(&b->c, &v);
		drain(b);
	}
	return fresh;
}

static void test_foretold_departures_are_not_waited_for(void **state)
{
	struct bench b;

	(void)state;
	assert_true(polls_used_at_once(&b, 1000) >= 30 - TURNAROUND_KEPT - 1);
}

/* A guess would blur what is known better than that. */
static void test_departures_are_waited_for_where_more_is_known(void **state)
{
	struct bench b;

	(void)state;
	assert_int_equal(polls_used_at_once(&b, 30), 0);
	assert_int_equal(polls_used_at_once(&b, 0), 0);
}

static void test_hardware_stamp_is_waited_for_once_seen(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, false);
	b.tx = stamp_hardware;
	poll_server(&b);
	serve(&b);
	deliver(&b);
	assert_int_equal(b.sample.tx_stamp, stamp_hardware);
	b.tx = stamp_kernel;
	for (int i = 0; i < NTP_HARDWARE_TRUST + 1; i++) {
		poll_server(&b);
		serve(&b);
		deliver(&b);
		assert_int_equal(b.samples, i == NTP_HARDWARE_TRUST);
		if (i == 0) /* it comes after the answer */
			ntp_client_stamp(&b.c, b.id, (struct ts_raw){b.c.request.sent.ns + 1},
				stamp_hardware, b.now);
		else
			b.now.ns += NTP_HOLD_NS;
		ntp_client_expire(&b.c, b.now);
		drain(&b);
		assert_int_equal(b.samples, 1);
		assert_int_equal(b.sample.tx_stamp, i == 0 ? stamp_hardware : stamp_kernel);
		if (i == 0)
			b.c.hardware_trust = NTP_HARDWARE_TRUST - 1;
	}
}

/* ---- the server's table ---- */

static void test_table_keeps_clients_apart(void **state)
{
	static struct xleave x;

	(void)state;
	memset(&x, 0, sizeof x);
	for (uint64_t client = 1; client <= 100; client++)
		for (uint64_t i = 1; i <= 6; i++)
			xleave_note(&x, client, client * 1000 + i, client * 1000 + i + 500);
	for (uint64_t client = 1; client <= 100; client++) {
		for (uint64_t i = 3; i <= 6; i++)
			assert_true(xleave_find(&x, client, client * 1000 + i) ==
				    client * 1000 + i + 500);
		assert_true(xleave_find(&x, client, client * 1000 + 2) == 0);
		/* what another was told is none of its business */
		assert_true(xleave_find(&x, client + XLEAVE_SETS, client * 1000 + 6) == 0);
	}
	xleave_stamp(&x, 100006, 42);
	assert_true(xleave_find(&x, 100, 100006) == 42);
	xleave_stamp(&x, 100002, 43); /* forgotten meanwhile */
	assert_true(xleave_find(&x, 100, 100002) == 0);
}

static void test_request_with_equal_stamps_is_basic(void **state)
{
	struct bench b;
	struct ntp_packet p;

	(void)state;
	warm_up(&b);
	poll_server(&b);
	p = b.asked;
	p.receive = p.transmit;
	ntp_packet_build(&p, b.request);
	assert_int_equal(serve(&b), NTP_SERVER_ANSWER);
	assert_true(b.answered.origin == p.transmit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_are_those_of_the_exchange_before),
		cmocka_unit_test(test_basic_without_the_option),
		cmocka_unit_test(test_server_without_it),
		cmocka_unit_test(test_lost_answers),
		cmocka_unit_test(test_many_lost_answers_end_it_for_a_while),
		cmocka_unit_test(test_server_restarts),
		cmocka_unit_test(test_old_and_repeated_answers),
		cmocka_unit_test(test_foretold_departures_are_not_waited_for),
		cmocka_unit_test(test_departures_are_waited_for_where_more_is_known),
		cmocka_unit_test(test_hardware_stamp_is_waited_for_once_seen),
		cmocka_unit_test(test_table_keeps_clients_apart),
		cmocka_unit_test(test_request_with_equal_stamps_is_basic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
