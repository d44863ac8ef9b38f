/* SPDX-License-Identifier: MIT */
/* The extension field F323: its layout, the server's scale over slews and steps, and our client
 * against our server while that one's clock is corrected. */
#include "tests/unit/tcheck.h"

#include <math.h>
#include <string.h>
#include "common/core/ntptime.h"
#include "common/core/prng.h"
#include "ntpexchd/core/ntp_client.h"
#include "ntpexchd/core/ntp_server.h"

#define S    NS_PER_S
#define US   NS_PER_US
#define UTC0 (INT64_C(1790000000) * S)
#define RAW0 (1000 * S)

static void test_layout(void **state)
{
	static const uint8_t golden[NTP_MONO_SIZE] = {0xf3, 0x23, 0x00, 0x1c, 0xf5, 0xbe, 0xdd,
		0x9a, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x01, 0x02, 0x03, 0x04, 0x05,
		0x06, 0x07, 0x08, 0xca, 0xfe, 0x12, 0x34};
	struct ntp_mono m = {.root_delay = UINT32_C(1) << 28,
				.root_dispersion = 3,
				.receive = UINT64_C(0x0102030405060708),
				.epoch = UINT32_C(0xcafe1234)},
			found;
	uint8_t bytes[NTP_SENT_MAX] = {0x24};
	struct ntp_packet p;

	(void)state;
	ntp_mono_build(&m, bytes + NTP_HEADER_SIZE);
	assert_memory_equal(bytes + NTP_HEADER_SIZE, golden, sizeof golden);
	assert_int_equal(ntp_packet_parse(bytes, sizeof bytes, &p, NULL), 0);
	assert_true(ntp_mono_find(bytes, &p, &found));
	assert_true(found.root_delay == m.root_delay && found.receive == m.receive &&
		    found.root_dispersion == m.root_dispersion && found.epoch == m.epoch);
	bytes[NTP_HEADER_SIZE + 4] ^= 1; /* the magic */
	assert_false(ntp_mono_find(bytes, &p, &found));
}

static void test_root_format(void **state)
{
	struct prng g;

	(void)state;
	prng_init(&g, 3);
	assert_int_equal(ntp_mono_from_dur((struct ts_dur){-1}), 0);
	assert_int_equal(ntp_mono_from_dur((struct ts_dur){0}), 0);
	assert_int_equal(ntp_mono_from_dur((struct ts_dur){1}), 1);
	assert_int_equal(ntp_mono_from_dur((struct ts_dur){S}), UINT32_C(1) << 28);
	assert_true(ntp_mono_from_dur((struct ts_dur){16 * S}) == NTP_MONO_BEYOND);
	assert_true(ntp_mono_from_dur((struct ts_dur){INT64_MAX}) == NTP_MONO_BEYOND);
	assert_true(ntp_mono_to_dur(NTP_MONO_BEYOND).ns <= 16 * S);
	for (int i = 0; i < 10000; i++) {
		struct ts_dur d = {(int64_t)(prng_u64(&g) % (uint64_t)(16 * S - 8))};

		assert_i64_range(ntp_mono_to_dur(ntp_mono_from_dur(d)).ns, d.ns, d.ns + 4);
	}
}

/* Frames that a kernel sends back end with the packet; before it stand addresses and the like. */
static void test_start(void **state)
{
	uint8_t frame[42 + NTP_SENT_MAX] = {0};
	struct ntp_mono m = {.receive = 1};

	(void)state;
	assert_int_equal(ntp_mono_start(frame, NTP_HEADER_SIZE), 0);
	assert_int_equal(ntp_mono_start(frame, 42 + NTP_HEADER_SIZE), 42);
	assert_int_equal(ntp_mono_start(frame, sizeof frame), 42 + NTP_MONO_SIZE);
	ntp_mono_build(&m, frame + 42 + NTP_HEADER_SIZE);
	assert_int_equal(ntp_mono_start(frame, sizeof frame), 42);
}

/* A clock that is slewed, steps, and is slewed again: the scale takes no part. */
static void test_scale(void **state)
{
	struct msg_clock c = {.mode = clock_mode_shadow,
		.raw_ns = RAW0,
		.utc_ns = UTC0,
		.rate_ppb = 12000,
		.frequency_ppb = 12000};
	struct ntp_scale s = {0};
	uint32_t epoch;

	(void)state;
	ntp_scale_clock(&s, &c, 5);
	epoch = s.epoch;
	assert_int_equal(ntp_scale_shift(&s, (struct ts_raw){RAW0 + 100 * S}).ns, 0);
	/* from 100 s on 50 ppm faster, for ten seconds: the scale falls behind by 500 us */
	c = (struct msg_clock){.mode = clock_mode_shadow,
		.raw_ns = RAW0 + 100 * S,
		.utc_ns = UTC0 + 100 * S + 1200 * US,
		.rate_ppb = 62000,
		.frequency_ppb = 12000};
	ntp_scale_clock(&s, &c, 6);
	assert_int_equal(ntp_scale_shift(&s, (struct ts_raw){RAW0 + 104 * S}).ns, -200 * US);
	c = (struct msg_clock){.mode = clock_mode_shadow,
		.raw_ns = RAW0 + 110 * S,
		.utc_ns = UTC0 + 110 * S + 1200 * US + 620 * US,
		.rate_ppb = 12100,
		.frequency_ppb = 12100};
	ntp_scale_clock(&s, &c, 7);
	assert_int_equal(ntp_scale_shift(&s, (struct ts_raw){RAW0 + 500 * S}).ns, -500 * US);
	/* a message is lost: what the clock did meanwhile was a correction */
	c.raw_ns += 10 * S;
	c.utc_ns += 10 * S + 121 * US + 30 * US;
	ntp_scale_clock(&s, &c, 8);
	assert_int_equal(ntp_scale_shift(&s, (struct ts_raw){c.raw_ns}).ns, -530 * US);
	assert_true(s.epoch == epoch);
	/* steps and leap seconds begin anew */
	c.steps = 1;
	ntp_scale_clock(&s, &c, 5);
	assert_true(s.epoch != epoch);
	assert_int_equal(ntp_scale_shift(&s, (struct ts_raw){c.raw_ns}).ns, 0);
	epoch = s.epoch;
	c.raw_ns += 10 * S;
	c.utc_ns += 9 * S;
	ntp_scale_clock(&s, &c, 9);
	assert_true(s.epoch != epoch);
}

struct bench {
	struct ntp_client c;
	struct xleave server;
	struct ts_raw now;
	int64_t server_off_ns; /* its clock minus the truth */
	bool server_knows;
	struct msg_sample sample;
	int samples;
	size_t asked, answered;
};

/* One poll: the request arrives, and is answered, after 100 us each. */
static void answer(struct bench *b, const uint8_t *request, size_t size)
{
	struct ts_utc arrived = {UTC0 + b->now.ns - RAW0 + 100 * US + b->server_off_ns};
	struct ntp_server_request r = {.bytes = request,
		.size = size,
		.port = 123,
		.allowed = true,
		.received = arrived,
		.xleave = &b->server,
		.client = 1};
	struct ntp_served served = {.stratum = 1,
		.precision = -25,
		.root_delay_ns = 1234,
		.root_dispersion_ns = 5678,
		.has_mono = true,
		.mono_epoch = 99,
		.mono_shift = {-b->server_off_ns}};
	uint8_t reply[NTP_SENT_MAX];
	enum ntp_server_verdict v;

	b->asked = size;
	v = ntp_server_answer(&r, &served, reply, &b->answered);
	assert_true(v == NTP_SERVER_ANSWER || v == NTP_SERVER_INTERLEAVED);
	if (!b->server_knows)
		b->answered = NTP_HEADER_SIZE;
	if (v == NTP_SERVER_ANSWER)
		ntp_server_stamp(reply, arrived);
	xleave_note(&b->server, 1, ntp_packet_receive(reply), ntp_from_utc(arrived));
	b->now.ns += 200 * US;
	ntp_client_receive(&b->c, reply, b->answered, b->now, stamp_daemon, b->now);
}

static void poll_once(struct bench *b)
{
	struct ts_raw d = ntp_client_deadline(&b->c);
	struct ntp_client_out out;

	b->samples = 0;
	b->now = d.ns > b->now.ns ? d : b->now;
	ntp_client_expire(&b->c, b->now);
	while (ntp_client_next_out(&b->c, b->now, &out)) {
		if (out.kind == NTP_OUT_SEND) {
			ntp_client_sent(&b->c, out.u.send.id, b->now, false);
			answer(b, out.u.send.bytes, out.u.send.size);
		} else if (out.kind == NTP_OUT_MESSAGE && out.u.message.kind == MSG_sample) {
			b->sample = out.u.message.u.sample;
			b->samples++;
		}
	}
}

static void begin(struct bench *b, bool mono, bool xleave, int version)
{
	struct ntp_client_config config = {.source = "srv",
		.configured = "srv",
		.minpoll = 6,
		.maxpoll = 6,
		.version = version,
		.mono = mono,
		.xleave = xleave,
		.maxdelay_ns = 3 * S,
		.precision_ns = 100,
		.pivot = {UTC0}};

	memset(b, 0, sizeof *b);
	b->server_knows = true;
	b->now.ns = RAW0;
	ntp_client_init(&b->c, &config, 7, b->now);
	ntp_client_address(&b->c, "192.0.2.1", 123, b->now);
}

/* Polls until the next sample. */
static void next_sample(struct bench *b)
{
	for (int i = 0; i < 8; i++) {
		poll_once(b);
		if (b->samples > 0)
			return;
	}
	fail_msg("no sample comes");
}

static void test_exchange(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, true, false, 4);
	next_sample(&b);
	assert_int_equal(b.asked, NTP_SENT_MAX);
	assert_int_equal(b.answered, NTP_SENT_MAX);
	assert_true(b.sample.mono);
	assert_int_equal(b.sample.mono_epoch, 99);
	assert_int_equal(b.sample.mono_shift_ns, 0);
	assert_i64_range(b.sample.mono_error_ns, 30, 100);
	/* finer than 15 us */
	assert_i64_range(b.sample.root_delay_ns, 1234, 1238);
	assert_i64_range(b.sample.root_dispersion_ns, 5678, 5682);
	b.server_off_ns = 750 * US;
	next_sample(&b);
	assert_i64_range(b.sample.mono_shift_ns, -750 * US - 1, -750 * US + 1);
}

static void test_not_asked_for(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, false, false, 4);
	next_sample(&b);
	assert_int_equal(b.asked, NTP_HEADER_SIZE);
	assert_int_equal(b.answered, NTP_HEADER_SIZE);
	assert_false(b.sample.mono);
	begin(&b, true, false, 3);
	next_sample(&b);
	assert_int_equal(b.asked, NTP_HEADER_SIZE);
}

static void test_server_does_not_know(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, true, false, 4);
	b.server_knows = false;
	next_sample(&b);
	assert_int_equal(b.sample.reject, reject_ok);
	assert_false(b.sample.mono);
	assert_true(b.sample.root_delay_ns > 10 * US); /* as the header rounds it */
}

/* A sample comes with the next answer but is of the exchange before: so is its shift. */
static void test_interleaved(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, true, true, 4);
	for (int i = 0; i < 3; i++)
		next_sample(&b);
	for (int i = 0; i < 6; i++) {
		b.server_off_ns += 40 * US;
		next_sample(&b);
		assert_true(b.sample.mono);
		/* t2 and the shift are of one instant: together they show the truth */
		assert_i64_range(b.sample.t2_utc_ns + b.sample.mono_shift_ns -
					 (UTC0 + b.sample.t1_raw_ns - RAW0),
			100 * US - 2, 100 * US + 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_root_format),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_not_asked_for),
		cmocka_unit_test(test_server_does_not_know),
		cmocka_unit_test(test_interleaved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
