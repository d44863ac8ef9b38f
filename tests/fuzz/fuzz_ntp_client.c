/* SPDX-License-Identifier: MIT */
/*
 * Events from random bytes into the association: invariants hold after each of them.
 *
 * Each event is one byte that says what, and the bytes it wants. Answers are made from the pending
 * request and then bent by further bytes, since random ones would never get past the cookie.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/codec.h"
#include "common/core/ntptime.h"
#include "ntpexchd/core/ntp_client.h"
#include "ntpexchd/core/poll.h"
#include "tests/fuzz/input.h"

#define UTC0 INT64_C(1790000000000000000)

struct run {
	struct input in;
	struct ntp_client c;
	struct ts_raw now;
	uint8_t request[NTP_SENT_MAX];
	size_t request_size;
	uint64_t id;
	int64_t last_send_ns;
	int bogus_since_send, good;
	bool told_removed;
};

static void check_send(struct run *r, const struct ntp_client_out *out)
{
	/* Never faster than asked for, whatever comes in: 7.8 ms less the spread. */
	must(r->last_send_ns == 0 || r->now.ns > r->last_send_ns);
	must(ntp_client_state(&r->c) != source_state_denied);
	must(ntp_client_state(&r->c) != source_state_offline);
	must(ntp_client_state(&r->c) != source_state_failed);
	r->last_send_ns = r->now.ns;
	r->bogus_since_send = 0;
	r->id = out->u.send.id;
	r->request_size = out->u.send.size;
	must(r->request_size == (r->c.config.mono ? NTP_SENT_MAX : NTP_HEADER_SIZE));
	memcpy(r->request, out->u.send.bytes, r->request_size);
}

static void check_message(struct run *r, const struct msg *m)
{
	must(msg_check(m, NULL) == 0);
	if (m->kind == MSG_source) {
		must(m->u.source.good <= m->u.source.valid);
		must(m->u.source.valid <= m->u.source.received);
		must(m->u.source.poll >= r->c.config.minpoll);
		r->told_removed = m->u.source.removed;
		return;
	}
	must(m->kind == MSG_sample);
	if (m->u.sample.reject == reject_ok)
		r->good++;
	if (m->u.sample.reject == reject_bogus || m->u.sample.reject == reject_duplicate ||
		m->u.sample.reject == reject_format || m->u.sample.reject == reject_auth)
		must(++r->bogus_since_send <= 1);
}

static void drain(struct run *r, uint8_t how)
{
	struct ntp_client_out out;
	int outs = 0;

	while (ntp_client_next_out(&r->c, r->now, &out)) {
		must(++outs < 32);
		if (out.kind == NTP_OUT_MESSAGE)
			check_message(r, &out.u.message);
		if (out.kind != NTP_OUT_SEND)
			continue;
		check_send(r, &out);
		if (how & 1)
			ntp_client_send_failed(&r->c, r->id, "no way");
		else
			ntp_client_sent(&r->c, r->id, r->now, how & 2);
	}
	must(r->c.config.filter > 1 ? r->good <= r->c.counts.good : r->good == r->c.counts.good);
	must(r->c.poll_parts >= r->c.config.minpoll * POLL_PARTS &&
		r->c.poll_parts <= r->c.config.maxpoll * POLL_PARTS);
	/* Once drained, nothing is due that time alone would not bring. */
	must(r->c.samples == 0 && r->c.events == 0 && !r->c.out_send);
}

static void make_answer(struct run *r, struct ntp_packet *p)
{
	struct ntp_packet q;
	int64_t utc = UTC0 + r->now.ns;

	memset(p, 0, sizeof *p);
	if (ntp_packet_parse(r->request, r->request_size, &q, NULL) < 0)
		return;
	*p = (struct ntp_packet){.version = 4,
		.mode = NTP_MODE_SERVER,
		.stratum = 2,
		.poll = 6,
		.precision = -20,
		.refid = 0xc0000201,
		.origin = q.transmit,
		.reference = ntp_from_utc((struct ts_utc){utc - NS_PER_S}),
		.receive = ntp_from_utc((struct ts_utc){utc - 1000}),
		.transmit = ntp_from_utc((struct ts_utc){utc - 500})};
}

static void bend(struct run *r, uint8_t *bytes, size_t size)
{
	int changes = byte(&r->in) % 6;

	while (changes-- > 0) {
		uint8_t at = byte(&r->in);

		bytes[at % size] = byte(&r->in);
	}
}

static void kiss(struct run *r, struct ntp_packet *p)
{
	static const char codes[4][5] = {"RATE", "DENY", "RSTR", "INIT"};
	const char *code = codes[byte(&r->in) & 3];

	p->stratum = 0;
	p->leap = 3;
	p->poll = (int8_t)byte(&r->in);
	p->refid = NTP_REFID(code[0], code[1], code[2], code[3]);
}

static void receive(struct run *r, uint8_t how)
{
	uint8_t bytes[NTP_HEADER_SIZE + 32] = {0};
	size_t size = NTP_HEADER_SIZE;
	struct ntp_packet p, q = {0};

	(void)ntp_packet_parse(r->request, r->request_size, &q, NULL);
	make_answer(r, &p);
	if (how & 0x40)
		kiss(r, &p);
	/* A server in interleaved mode, where the request is. */
	if ((how & 0x80) && q.receive != 0)
		p.origin = q.receive;
	ntp_packet_build(&p, bytes);
	if (r->c.config.mono && (how & 8)) {
		struct ntp_mono m = {.root_delay = byte(&r->in),
			.root_dispersion = byte(&r->in) == 0 ? NTP_MONO_BEYOND : 1,
			.receive = byte(&r->in) == 0 ? 0 : p.receive + byte(&r->in),
			.epoch = byte(&r->in) & 1};

		ntp_mono_build(&m, bytes + NTP_HEADER_SIZE);
		size = NTP_SENT_MAX;
	}
	if (how & 0x20)
		bend(r, bytes, sizeof bytes);
	if (how & 0x10)
		size = byte(&r->in) % (sizeof bytes + 1);
	ntp_client_receive(&r->c, bytes, size, (struct ts_raw){r->now.ns - byte(&r->in)},
		how & 8 ? stamp_kernel : stamp_daemon, r->now);
}

static void pass_time(struct run *r, uint8_t how)
{
	struct ts_raw d = ntp_client_deadline(&r->c);

	if ((how & 8) && !ts_raw_is_never(d) && d.ns > r->now.ns)
		r->now = d;
	else
		r->now.ns += (int64_t)byte(&r->in) << (byte(&r->in) % 36);
	ntp_client_expire(&r->c, r->now);
}

static void verdict(struct run *r)
{
	struct msg_verdict v = {.growth = byte(&r->in) / 64.0};

	if (byte(&r->in) & 1) {
		v.last_sample_raw_ns = r->c.unjudged_raw_ns;
		v.rate_sd_ppb = exp2(byte(&r->in) / 8.0 - 2);
	}

	ntp_client_verdict(&r->c, &v);
}

static void clock_line(struct run *r)
{
	struct ts_line line = {{r->now.ns}, {UTC0 + r->now.ns}, (byte(&r->in) - 128) * 1e4};

	ntp_client_clock(&r->c, byte(&r->in) & 1 ? &line : NULL);
	/* else hundreds of exchanges would have to go before it */
	r->c.filter.judged = NTP_FILTER_KNOWN;
}

static void event(struct run *r, uint8_t what)
{
	switch (what & 7) {
	case 0:
	case 1:
		pass_time(r, what);
		break;
	case 2:
	case 3:
		receive(r, what);
		break;
	case 4:
		ntp_client_stamp(&r->c, r->id - (what >> 7),
			(struct ts_raw){r->now.ns - byte(&r->in)}, stamp_kernel, r->now);
		break;
	case 5:
		verdict(r);
		clock_line(r);
		break;
	case 6:
		if (what & 8)
			ntp_client_address(
				&r->c, what & 0x40 ? "192.0.2.1" : "2001:db8::1", 123, r->now);
		else
			ntp_client_online(&r->c, what & 0x10, r->now);
		break;
	default:
		if (what & 8)
			ntp_client_burst(&r->c, what >> 5, what >> 4);
		else if (what & 0x10)
			ntp_client_disruption(&r->c);
		else
			ntp_client_note(&r->c, "what stands in the way");
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run r;
	struct ntp_client_config config = {.source = "s",
		.configured = "s.example.net",
		.version = 4,
		.maxdelay_ns = 3 * NS_PER_S,
		.precision_ns = 50,
		.pivot = {UTC0}};
	uint8_t flags;

	memset(&r, 0, sizeof r);
	r.in = (struct input){data, size};
	r.now.ns = 1000 * NS_PER_S;
	flags = byte(&r.in);
	config.iburst = flags & 1;
	config.burst = flags & 2;
	config.xleave = flags & 1;
	config.mono = flags & 4;
	config.filter = flags & 0x80 ? 3 : 0;
	config.minpoll = POLL_MIN + (flags >> 2) % 20;
	config.maxpoll = config.minpoll + byte(&r.in) % (POLL_MAX - config.minpoll + 1);
	ntp_client_init(&r.c, &config, byte(&r.in), r.now);
	ntp_client_address(&r.c, "192.0.2.1", 123, r.now);
	drain(&r, 0);
	while (r.in.left > 0) {
		uint8_t what = byte(&r.in);

		event(&r, what);
		drain(&r, byte(&r.in));
	}
	ntp_client_remove(&r.c);
	drain(&r, 0);
	must(r.told_removed);
	return 0;
}
