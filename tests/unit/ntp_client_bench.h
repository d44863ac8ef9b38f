/* SPDX-License-Identifier: MIT */
/*
 * ntp_client_bench.h - the association against a server made of a struct, in virtual time.
 */
#ifndef TB_NTP_CLIENT_BENCH_H
#define TB_NTP_CLIENT_BENCH_H

#include "tests/unit/tcheck.h"

#include <string.h>
#include "common/core/ntptime.h"
#include "ntpexchd/core/ntp_client.h"

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

static inline struct ntp_client_config plain_config(void)
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

static inline void take(struct bench *b, const struct ntp_client_out *out)
{
	switch (out->kind) {
	case NTP_OUT_SEND:
		b->sends++;
		b->id = out->u.send.id;
		assert_int_equal(
			ntp_packet_parse(out->u.send.bytes, out->u.send.size, &b->request, NULL),
			0);
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

static inline void drain(struct bench *b)
{
	struct ntp_client_out out;

	while (ntp_client_next_out(&b->c, b->now, &out))
		take(b, &out);
}

static inline void clear(struct bench *b)
{
	b->sends = b->samples = b->sources = b->resolves = b->events = 0;
}

static inline void begin(struct bench *b, const struct ntp_client_config *config)
{
	memset(b, 0, sizeof *b);
	b->auto_sent = true;
	b->now.ns = RAW0;
	ntp_client_init(&b->c, config, 42, b->now);
	ntp_client_address(&b->c, "192.0.2.1", 123, b->now);
	drain(b);
}

/* Lets time pass to the next request. The instant, or -1 if none comes within limit. */
static inline int64_t next_request(struct bench *b, int64_t limit_ns)
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

static inline struct ts_utc utc_of(struct ts_raw raw)
{
	return (struct ts_utc){UTC0 + (raw.ns - RAW0)};
}

/* A good answer of a server 1 ms away that takes 40 us. */
static inline struct ntp_packet good_answer(const struct bench *b)
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

static inline void deliver(struct bench *b, const struct ntp_packet *p)
{
	uint8_t bytes[NTP_HEADER_SIZE];

	ntp_packet_build(p, bytes);
	ntp_client_receive(&b->c, bytes, sizeof bytes, b->now, stamp_kernel, b->now);
	drain(b);
}

static inline void answer(struct bench *b)
{
	struct ntp_packet p = good_answer(b);

	b->now.ns += 1040 * US;
	deliver(b, &p);
}

#endif
