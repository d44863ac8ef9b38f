/* SPDX-License-Identifier: MIT */
/*
 * ntp_probe FILE - parses a packet given as hexadecimal text ('#' begins a comment) and prints
 * every field, or why it is refused; then what the server core makes of it. Always exits 0, or 3 if
 * FILE cannot be read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "ntpexchd/core/ntp_packet.h"
#include "ntpexchd/core/ntp_server.h"
#include "ntpexchd/core/ntp_tests.h"

static size_t read_hex(FILE *f, uint8_t *bytes, size_t size)
{
	size_t digits = 0;
	int c, value;

	while ((c = getc(f)) != EOF) {
		if (c == '#') {
			while (c != EOF && c != '\n')
				c = getc(f);
			continue;
		}
		if (c >= '0' && c <= '9')
			value = c - '0';
		else if (c >= 'a' && c <= 'f')
			value = c - 'a' + 10;
		else
			continue;
		if (digits / 2 == size)
			break;
		if (digits % 2 == 0)
			bytes[digits / 2] = 0;
		bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | value);
		digits++;
	}
	return digits / 2;
}

static void print_packet(const struct ntp_packet *p, const uint8_t *bytes)
{
	struct ntp_mono m;

	printf("leap %u version %u mode %u stratum %u poll %d precision %d\n", p->leap, p->version,
		p->mode, p->stratum, p->poll, p->precision);
	printf("root_delay %08" PRIx32 " root_dispersion %08" PRIx32 " refid %08" PRIx32 "\n",
		p->root_delay, p->root_dispersion, p->refid);
	printf("reference %016" PRIx64 "\norigin    %016" PRIx64 "\n", p->reference, p->origin);
	printf("receive   %016" PRIx64 "\ntransmit  %016" PRIx64 "\n", p->receive, p->transmit);
	for (int i = 0; i < p->extensions; i++)
		printf("extension %04x at %u, %u bytes\n", p->extension[i].type,
			p->extension[i].offset, p->extension[i].size);
	if (ntp_mono_find(bytes, p, &m))
		printf("monotonic %016" PRIx64 " epoch %08" PRIx32 " root delay %" PRId64
		       " ns dispersion %" PRId64 " ns\n",
			m.receive, m.epoch, ntp_mono_to_dur(m.root_delay).ns,
			ntp_mono_to_dur(m.root_dispersion).ns);
	if (p->mac == NTP_MAC_NAK)
		printf("crypto-NAK at %u, key %" PRIu32 "\n", p->mac_offset, p->key_id);
	else if (p->mac == NTP_MAC_DIGEST)
		printf("MAC at %u, %u bytes, key %" PRIu32 "\n", p->mac_offset, p->mac_size,
			p->key_id);
}

static void print_server(const uint8_t *bytes, size_t size)
{
	static const char *const words[NTP_SERVER_VERDICTS] = {[NTP_SERVER_ANSWER] = "answers",
		[NTP_SERVER_DENIED] = "denies",
		[NTP_SERVER_FORMAT] = "drops: malformed",
		[NTP_SERVER_MODE] = "drops: not a request",
		[NTP_SERVER_AUTH] = "drops: authenticated",
		[NTP_SERVER_PORT] = "drops: port 0"};
	struct ntp_server_request r = {.bytes = bytes,
		.size = size,
		.port = 40000,
		.allowed = true,
		.received = {INT64_C(1790000000000000000)}};
	struct ntp_served served = {.leap = leap_none,
		.stratum = 2,
		.refid = 0xc0000201,
		.root_delay_ns = NS_PER_MS,
		.root_dispersion_ns = NS_PER_MS,
		.precision = -24,
		.reference = {INT64_C(1789999990000000000)},
		.has_mono = true,
		.mono_epoch = 0xcafe1234,
		.mono_shift = {-250 * NS_PER_US}};
	uint8_t reply[NTP_SENT_MAX];
	size_t size_of_reply;
	enum ntp_server_verdict v = ntp_server_answer(&r, &served, reply, &size_of_reply);

	printf("server %s\n", words[v]);
	if (v != NTP_SERVER_ANSWER)
		return;
	ntp_server_stamp(reply, (struct ts_utc){INT64_C(1790000000000050000)});
	for (size_t i = 0; i < size_of_reply; i++)
		printf("%02x%s", reply[i],
			i % 16 == 15 || i + 1 == size_of_reply ? "\n"
			: i % 4 == 3			       ? " "
							       : "");
}

int main(int argc, char **argv)
{
	struct ntp_expected expected = {.pending = true, .cookie = UINT64_C(0x0123456789abcdef)};
	uint8_t bytes[4096];
	struct ntp_packet p;
	const char *why;
	size_t size;
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!f) {
		fprintf(stderr, "usage: ntp_probe FILE\n");
		return 3;
	}
	size = read_hex(f, bytes, sizeof bytes);
	fclose(f);
	if (ntp_packet_parse(bytes, size, &p, &why) == 0) {
		print_packet(&p, bytes);
		printf("as answer to 0123456789abcdef: %s\n",
			msg_word_reject(ntp_test(&p, &expected)));
	} else {
		printf("refused: %s\n", why);
	}
	print_server(bytes, size);
	return 0;
}
