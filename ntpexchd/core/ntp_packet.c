/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/ntp_packet.h"

#include <errno.h>
#include "common/core/wirebuf.h"

#define RECEIVE_AT	   32
#define TRANSMIT_AT	   40
#define EXTENSION_MIN	   16
#define EXTENSION_LAST_MIN 28
#define MAC_NAK_SIZE	   4
#define MAC_MD5_SIZE	   20
#define MAC_SHA1_SIZE	   24
#define MAC_V3_MAX	   68 /* key id and 512 bits */

static void parse_header(struct wire_reader *r, struct ntp_packet *p)
{
	uint8_t first = wire_get_u8(r);

	p->leap = first >> 6;
	p->version = first >> 3 & 7;
	p->mode = first & 7;
	p->stratum = wire_get_u8(r);
	p->poll = (int8_t)wire_get_u8(r);
	p->precision = (int8_t)wire_get_u8(r);
	p->root_delay = wire_get_u32(r);
	p->root_dispersion = wire_get_u32(r);
	p->refid = wire_get_u32(r);
	p->reference = wire_get_u64(r);
	p->origin = wire_get_u64(r);
	p->receive = wire_get_u64(r);
	p->transmit = wire_get_u64(r);
}

static const char *parse_mac(struct wire_reader *r, struct ntp_packet *p)
{
	p->mac_offset = (uint16_t)r->at;
	p->mac_size = (uint16_t)wire_left(r);
	p->mac = p->mac_size == MAC_NAK_SIZE ? NTP_MAC_NAK : NTP_MAC_DIGEST;
	p->key_id = wire_get_u32(r);
	wire_get_view(r, wire_left(r));
	return NULL;
}

static const char *parse_extension(struct wire_reader *r, struct ntp_packet *p)
{
	size_t left = wire_left(r);
	uint16_t type = wire_get_u16(r), length = wire_get_u16(r);

	if (length < EXTENSION_MIN || length % 4 != 0)
		return "wrong length of an extension field";
	if (length > left)
		return "extension field runs over the end";
	if (length == left && length < EXTENSION_LAST_MIN)
		return "last extension field too short";
	if (p->extensions == NTP_EXTENSION_MAX)
		return "too many extension fields";
	p->extension[p->extensions++] = (struct ntp_extension){
		.type = type, .offset = (uint16_t)r->at, .size = (uint16_t)(length - 4)};
	wire_get_view(r, (size_t)length - 4);
	return NULL;
}

/* Version 4: extension fields, then perhaps a MAC, told apart by what is left. */
static const char *parse_tail(struct wire_reader *r, struct ntp_packet *p)
{
	const char *why = NULL;

	while (!why && wire_left(r) > 0) {
		size_t left = wire_left(r);

		if (left == MAC_NAK_SIZE || left == MAC_MD5_SIZE || left == MAC_SHA1_SIZE)
			why = parse_mac(r, p);
		else if (left < EXTENSION_MIN)
			why = "odd bytes at the end";
		else
			why = parse_extension(r, p);
	}
	return why;
}

static const char *parse(const uint8_t *bytes, size_t size, struct ntp_packet *p)
{
	struct wire_reader r;

	if (size < NTP_HEADER_SIZE)
		return "shorter than a header";
	if (size > NTP_PACKET_MAX)
		return "too long";
	if (size % 4 != 0)
		return "length is not a multiple of 4";
	wire_reader_init(&r, bytes, size);
	parse_header(&r, p);
	if (p->version < 1 || p->version > 4)
		return "unknown version";
	/* Control messages carry data of their own behind the header. */
	if (wire_left(&r) == 0 || p->mode >= NTP_MODE_CONTROL)
		return NULL;
	if (p->version == 4)
		return parse_tail(&r, p);
	return wire_left(&r) > MAC_V3_MAX ? "too much behind the header" : parse_mac(&r, p);
}

int ntp_packet_parse(
	const uint8_t *bytes, size_t size, struct ntp_packet *ret, const char **ret_why)
{
	struct ntp_packet p = {0};
	const char *why = parse(bytes, size, &p);

	if (why) {
		if (ret_why)
			*ret_why = why;
		return -EBADMSG;
	}
	*ret = p;
	return 0;
}

void ntp_packet_build(const struct ntp_packet *p, uint8_t bytes[NTP_HEADER_SIZE])
{
	struct wire_writer w;

	wire_writer_init(&w, bytes, NTP_HEADER_SIZE);
	wire_put_u8(&w, (uint8_t)(p->leap << 6 | (p->version & 7) << 3 | (p->mode & 7)));
	wire_put_u8(&w, p->stratum);
	wire_put_u8(&w, (uint8_t)p->poll);
	wire_put_u8(&w, (uint8_t)p->precision);
	wire_put_u32(&w, p->root_delay);
	wire_put_u32(&w, p->root_dispersion);
	wire_put_u32(&w, p->refid);
	wire_put_u64(&w, p->reference);
	wire_put_u64(&w, p->origin);
	wire_put_u64(&w, p->receive);
	wire_put_u64(&w, p->transmit);
}

uint64_t ntp_packet_receive(const uint8_t bytes[NTP_HEADER_SIZE])
{
	uint64_t value = 0;

	for (int i = RECEIVE_AT; i < TRANSMIT_AT; i++)
		value = value << 8 | bytes[i];
	return value;
}

void ntp_packet_set_transmit(uint8_t bytes[NTP_HEADER_SIZE], uint64_t transmit)
{
	struct wire_writer w;

	wire_writer_init(&w, bytes + TRANSMIT_AT, NTP_HEADER_SIZE - TRANSMIT_AT);
	wire_put_u64(&w, transmit);
}

enum leap ntp_leap_from_wire(unsigned int leap)
{
	static const enum leap words[4] = {leap_none, leap_insert, leap_remove, leap_unsync};

	return words[leap & 3];
}

uint8_t ntp_leap_to_wire(enum leap leap)
{
	return leap == leap_insert ? 1 : leap == leap_remove ? 2 : leap == leap_unsync ? 3 : 0;
}

void ntp_kiss_text(uint32_t refid, char text[5])
{
	for (int i = 0; i < 4; i++) {
		uint8_t c = (uint8_t)(refid >> (24 - 8 * i));

		text[i] = '?';
		if (c > ' ' && c < 127)
			text[i] = (char)c;
	}
	text[4] = '\0';
}
