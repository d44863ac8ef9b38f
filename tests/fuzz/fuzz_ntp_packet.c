/* SPDX-License-Identifier: MIT */
/* A datagram through parser, packet tests, sample and server: no crash, and what must always hold.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/codec.h"
#include "common/core/ntptime.h"
#include "ntpexchd/core/ntp_sample.h"
#include "ntpexchd/core/ntp_server.h"
#include "ntpexchd/core/ntp_tests.h"
#include "tests/fuzz/input.h"

#define UTC0 INT64_C(1790000000000000000)

/* Every part lies in the packet, in order. */
static void check_layout(const struct ntp_packet *p, size_t size)
{
	size_t at = NTP_HEADER_SIZE;

	for (int i = 0; i < p->extensions; i++) {
		must(p->extension[i].offset == at + 4);
		at = (size_t)p->extension[i].offset + p->extension[i].size;
		must(at <= size);
	}
	must(p->mac == NTP_MAC_NONE || (p->mac_offset == at && at + p->mac_size == size));
}

/* Whatever the packet says, the sample it makes may go over the bus. */
static void check_sample(const struct ntp_packet *p, const struct ntp_mono *mono)
{
	struct ntp_exchange x = {.t1 = {1000 * NS_PER_S},
		.t4 = {1000 * NS_PER_S + 1000000},
		.t2 = ntp_to_utc(p->receive, (struct ts_utc){UTC0}),
		.t3 = ntp_to_utc(p->transmit, (struct ts_utc){UTC0}),
		.tx_stamp = stamp_kernel,
		.rx_stamp = stamp_kernel,
		.answer = *p};
	struct ntp_sample_config config = {.precision_ns = 100, .maxdelay_ns = 3 * NS_PER_S};
	struct msg m = {.kind = MSG_sample};
	enum reject r;

	ntp_exchange_roots(&x, mono);
	ntp_exchange_shift(&x, mono);
	r = ntp_sample_make(&x, &config, &m.u.sample);
	memcpy(m.u.sample.source, "x", 2);
	must(msg_check(&m, NULL) == 0);
	must(r == m.u.sample.reject);
	must(r != reject_ok ||
		(m.u.sample.delay_ns <= config.maxdelay_ns && m.u.sample.utc_ns > 0));
}

static void check_mono(
	const struct ntp_packet *p, const struct ntp_mono *mono, const uint8_t *data, size_t size)
{
	uint8_t bytes[NTP_MONO_SIZE];
	bool found = false;

	must(p->version == 4 && size >= NTP_SENT_MAX);
	ntp_mono_build(mono, bytes);
	for (size_t at = NTP_HEADER_SIZE; at + sizeof bytes <= size; at += 4)
		found |= memcmp(data + at, bytes, sizeof bytes) == 0;
	must(found);
	check_sample(p, mono);
}

static void check_server(const uint8_t *data, size_t size)
{
	struct ntp_server_request r = {
		.bytes = data, .size = size, .port = 123, .allowed = true, .received = {UTC0}};
	struct ntp_served served = {.leap = leap_none,
		.stratum = 2,
		.precision = -24,
		.has_mono = true,
		.mono_epoch = 7,
		.mono_shift = {(int64_t)size * 1000}};
	uint8_t answer[NTP_SENT_MAX];
	struct ntp_packet p;
	size_t answered;

	if (ntp_server_answer(&r, &served, answer, &answered) != NTP_SERVER_ANSWER)
		return;
	must(size >= answered && answered >= NTP_HEADER_SIZE);
	must(ntp_mono_start(answer, answered) == 0);
	ntp_server_stamp(answer, (struct ts_utc){UTC0 + 1});
	must(ntp_packet_parse(answer, answered, &p, NULL) == 0);
	must(memcmp(answer + 24, data + 40, 8) == 0);
	/* An answer to an answer would be the start of a loop. */
	r.bytes = answer;
	r.size = answered;
	must(ntp_server_answer(&r, &served, answer, &answered) == NTP_SERVER_MODE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ntp_expected expected = {.pending = true};
	uint8_t again[NTP_HEADER_SIZE];
	struct ntp_packet p;
	struct ntp_mono mono;
	const char *why = NULL;

	check_server(data, size);
	if (ntp_packet_parse(data, size, &p, &why) < 0) {
		must(why != NULL);
		return 0;
	}
	check_layout(&p, size);
	ntp_packet_build(&p, again);
	must(memcmp(again, data, sizeof again) == 0);
	expected.cookie = p.origin;
	must(ntp_test(&p, &expected) != reject_bogus || p.mode != NTP_MODE_SERVER);
	expected.cookie = p.origin + 1;
	must(ntp_test(&p, &expected) == reject_bogus);
	check_sample(&p, NULL);
	if (ntp_mono_find(data, &p, &mono))
		check_mono(&p, &mono, data, size);
	return 0;
}
