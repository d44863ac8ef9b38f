/* SPDX-License-Identifier: MIT */
/*
 * ntp_packet.h - NTP packets of versions 1 to 4 as structs and back. Pure.
 *
 * Header: RFC 5905 section 7.3. What follows it: RFC 7822 (extension fields: type, length, both 16
 * bits; length a multiple of 4, at least 16; the last one at least 28 where no MAC follows) and a
 * MAC of a key id and a digest of 16 or 20 bytes, or a crypto-NAK of 4 zero bytes. Versions 1 to 3
 * know no extension fields: all that follows is a MAC.
 */
#ifndef NTPEXCHD_NTP_PACKET_H
#define NTPEXCHD_NTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/bus/msg.h"

#define NTP_PORT	  123
#define NTP_HEADER_SIZE	  48
#define NTP_PACKET_MAX	  1500 /* longer datagrams are refused unread */
#define NTP_EXTENSION_MAX 16   /* fields a packet */

enum ntp_mode {
	NTP_MODE_UNSPECIFIED, /* NTPv1 (RFC 1059) has no modes */
	NTP_MODE_ACTIVE,
	NTP_MODE_PASSIVE,
	NTP_MODE_CLIENT,
	NTP_MODE_SERVER,
	NTP_MODE_BROADCAST,
	NTP_MODE_CONTROL,
	NTP_MODE_PRIVATE
};

enum ntp_mac {
	NTP_MAC_NONE,
	NTP_MAC_NAK, /* crypto-NAK: the other side could not verify our MAC */
	NTP_MAC_DIGEST
};

struct ntp_extension {
	uint16_t type;
	uint16_t offset; /* of its body in the packet */
	uint16_t size;	 /* of its body */
};

struct ntp_packet {
	uint8_t leap;			      /* as on the wire, 0..3 */
	uint8_t version;		      /* 1..4 */
	uint8_t mode;			      /* enum ntp_mode */
	uint8_t stratum;		      /* as on the wire: 0 unspecified or kiss code */
	int8_t poll;			      /* log2 s */
	int8_t precision;		      /* log2 s */
	uint32_t root_delay, root_dispersion; /* NTP short format (ntptime.h) */
	uint32_t refid;
	uint64_t reference, origin, receive, transmit; /* NTP timestamps */
	enum ntp_mac mac;
	uint32_t key_id;
	uint16_t mac_offset, mac_size; /* of key id and digest */
	uint16_t extensions;
	struct ntp_extension extension[NTP_EXTENSION_MAX];
};

/* 0, or -EBADMSG with a reason in *ret_why (a constant text; may be NULL). *ret is untouched on
 * failure. */
int ntp_packet_parse(
	const uint8_t *bytes, size_t size, struct ntp_packet *ret, const char **ret_why);

/* The header; MAC and extension fields are the caller's. */
void ntp_packet_build(const struct ntp_packet *p, uint8_t bytes[NTP_HEADER_SIZE]);

/* The receive timestamp of a packet that was built before. */
uint64_t ntp_packet_receive(const uint8_t bytes[NTP_HEADER_SIZE]);
/* The transmit timestamp in a packet that was built before. */
void ntp_packet_set_transmit(uint8_t bytes[NTP_HEADER_SIZE], uint64_t transmit);

enum leap ntp_leap_from_wire(unsigned int leap);
uint8_t ntp_leap_to_wire(enum leap leap);

/* A kiss code as text: four printable characters, or "?" in place of others. */
void ntp_kiss_text(uint32_t refid, char text[5]);

/* Four ASCII characters as a reference id. */
#define NTP_REFID(a, b, c, d)                                                                      \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define NTP_REFID_LOCAL UINT32_C(0x7f7f0101) /* 127.127.1.1: the local clock */

#endif
