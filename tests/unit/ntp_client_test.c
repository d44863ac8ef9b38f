/* SPDX-License-Identifier: MIT */
/* The association against a server made of a struct: schedule, tests, kisses, publication. */
#include "tests/unit/tcheck.h"

#include <string.h>
#include "common/core/ntptime.h"
#include "ntpexchd/core/ntp_client.h"
#include "ntpexchd/core/poll.h"

#define S    NS_PER_S
#define US   NS_PER_US
#define UTC0 (INT64_C(1790000000) * S)
#define RAW0 (1000 * S)

struct bench {
	struct ntp_client c;
	struct ts_raw now;
	/* what came out since the last clear */
	int sends, samples, sources, resolves, events;
	uint64_t id;
	struct ntp_packet request;
	struct msg_sample sample;
	struct msg_source source;
	enum event_code event;
	char text[160];
	bool auto_sent;
};

static struct ntp_client_config plain_config(void)
{
	return (struct ntp_client_config){.source = "srv",
		.configured = "ntp.example.net",
		.minpoll = 6,
		.maxpoll = 10,
		.version = 4,
		.maxdelay_ns = 3 * S,
		.precision_ns = 100,
		.pivot = {UTC0}};
}

static void take(struct bench *b, const struct ntp_client_out *out)
{
	switch (out->kind) {
	case NTP_OUT_SEND:
		b->sends++;
		b->id = out->u.send.id;
		assert_int_equal(
			ntp_packet_parse(out->u.send.bytes, out->u.send.size, &b->request, NULL), 0);
		if (b->auto_sent)
			ntp_client_sent(&b->c, b->id, b->now, false);
		break;
	case NTP_OUT_EVENT:
		b->events++;
		b->event = out->u.event.code;
		memcpy(b->text, out->u.event.text, sizeof b->text);
		break;
	case NTP_OUT_RESOLVE:
		b->resolves++;
		break;
	case NTP_OUT_MESSAGE:
		if (out->u.message.kind == MSG_sample) {
			b->samples++;
			b->sample = out->u.message.u.sample;
		} else {
			b->sources++;
			b->source = out->u.message.u.source;
		}
	}
}

static void drain(struct bench *b)
{
	struct ntp_client_out out;

	while (ntp_client_next_out(&b->c, b->now, &out))
		take(b, &out);
}

static void clear(struct bench *b)
{
	b->sends = b->samples = b->sources = b->resolves = b->events = 0;
}

static void begin(struct bench *b, const struct ntp_client_config *config)
{
	memset(b, 0, sizeof *b);
	b->auto_sent = true;
	b->now.ns = RAW0;
	ntp_client_init(&b->c, config, 42, b->now);
	ntp_client_address(&b->c, "192.0.2.1", 123, b->now);
	drain(b);
}

/* Lets time pass to the next request. The instant, or -1 if none comes within limit. */
static int64_t next_request(struct bench *b, int64_t limit_ns)
{
	int64_t end = b->now.ns + limit_ns;

	b->sends = 0;
	while (b->sends == 0) {
		struct ts_raw d = ntp_client_deadline(&b->c);

		if (d.ns > end)
			return -1;
		if (d.ns > b->now.ns)
			b->now = d;
		ntp_client_expire(&b->c, b->now);
		drain(b);
	}
	return b->now.ns;
}

static struct ts_utc utc_of(struct ts_raw raw)
{
	return (struct ts_utc){UTC0 + (raw.ns - RAW0)};
}

/* A good answer of a server 1 ms away that takes 40 us. */
static struct ntp_packet good_answer(const struct bench *b)
{
	struct ts_utc t2 = utc_of((struct ts_raw){b->now.ns + 500 * US});

	return (struct ntp_packet){.version = 4,
		.mode = NTP_MODE_SERVER,
		.stratum = 2,
		.poll = 6,
		.precision = -24,
		.root_delay = ntp_short_from_dur((struct ts_dur){10 * NS_PER_MS}),
		.root_dispersion = ntp_short_from_dur((struct ts_dur){2 * NS_PER_MS}),
		.refid = 0x0a000001,
		.reference = ntp_from_utc((struct ts_utc){t2.ns - 30 * S}),
		.origin = b->request.transmit,
		.receive = ntp_from_utc(t2),
		.transmit = ntp_from_utc((struct ts_utc){t2.ns + 40 * US})};
}

static void deliver(struct bench *b, const struct ntp_packet *p)
{
	uint8_t bytes[NTP_HEADER_SIZE];

	ntp_packet_build(p, bytes);
	ntp_client_receive(&b->c, bytes, sizeof bytes, b->now, stamp_kernel, b->now);
	drain(b);
}

static void answer(struct bench *b)
{
	struct ntp_packet p = good_answer(b);

	b->now.ns += 1040 * US;
	deliver(b, &p);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_tells_nothing),
		cmocka_unit_test(test_sample_of_an_exchange),
		cmocka_unit_test(test_iburst_starts_with_four),
		cmocka_unit_test(test_iburst_gives_up_after_eight),
		cmocka_unit_test(test_kernel_stamp_before_the_answer),
		cmocka_unit_test(test_late_kernel_stamp_is_waited_for),
		cmocka_unit_test(test_missing_kernel_stamp_is_not_waited_for_forever),
		cmocka_unit_test(test_impossible_kernel_stamp_is_ignored),
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
		cmocka_unit_test(test_unreachable_and_back),
		cmocka_unit_test(test_another_address_starts_over),
		cmocka_unit_test(test_offline_online_remove),
		cmocka_unit_test(test_send_failure_is_tried_again_soon),
		cmocka_unit_test(test_below_a_second_only_when_near),
		cmocka_unit_test(test_source_messages_are_few),
		cmocka_unit_test(test_poll_follows_growth),
		cmocka_unit_test(test_verdict_counts_for_this_interval),
		cmocka_unit_test(test_opening_goes_over_into_minpoll),
		cmocka_unit_test(test_burst_does_not_count_for_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
