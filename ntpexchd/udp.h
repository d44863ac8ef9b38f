/* SPDX-License-Identifier: MIT */
/*
 * udp.h - UDP sockets with kernel timestamps, and their stamps on the raw clock.
 *
 * Works on real kernels and under a system-call simulator that knows neither the type bits of
 * socket() nor a read without something to read: one datagram or stamp a call, and only after
 * poll() has named the descriptor.
 */
#ifndef NTPEXCHD_UDP_H
#define NTPEXCHD_UDP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "common/bus/msg.h"
#include "common/io/door.h"
#include "ntpexchd/core/access.h"
#include "ntpexchd/core/ntp_packet.h"

union udp_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Address without port, and the port; family 0 if it is neither IPv4 nor IPv6. */
struct ntp_address udp_plain_address(const union udp_address *a);
uint16_t udp_port(const union udp_address *a);
void udp_set_port(union udp_address *a, uint16_t port);
socklen_t udp_address_size(const union udp_address *a);
/* From a literal ("192.0.2.1", "2001:db8::1", "fe80::1%eth0"). 0 or -EINVAL; no lookup. */
int udp_parse(const char *text, uint16_t port, union udp_address *ret);
/* As text, without port; "" for an unknown family. */
void udp_format(const union udp_address *a, char *text, size_t size);
bool udp_same_host(const union udp_address *a, const union udp_address *b);

/* A datagram that came. */
struct udp_packet {
	uint8_t bytes[NTP_PACKET_MAX + 4]; /* longer ones are cut, and so refused */
	size_t size;
	union udp_address from;
	struct ts_raw raw;  /* when it came */
	enum stamp stamp;   /* who says so */
	int64_t card_ns;    /* stamp of the network card on its own clock, start of frame; 0 none */
	int card_interface; /* whose it is; 0: not known */
	int frame_length;   /* without checksum; 0: not known */
	bool has_local;
	struct in_addr local_v4; /* where it was sent to */
	struct in6_addr local_v6;
	int local_interface;
};

/* What a socket is opened with. */
struct udp_options {
	int family;
	const union udp_address *bind; /* NULL: any address and port */
	bool packet_info;	       /* tell where datagrams were sent to */
	bool reuse;		       /* others may use the port too */
	bool transmit_stamps;
	bool hardware; /* stamps of the network card too */
};

/* A non-blocking socket with receive stamps. Descriptor or negative errno. ret_transmit_stamps (may
 * be NULL): whether the kernel will stamp what is sent. */
int udp_open(const struct udp_options *options, bool *ret_transmit_stamps);
/* The same options on a socket that was passed in. */
void udp_adopt(int fd, int family, bool hardware);
/* For ioctl() on interfaces. Descriptor or negative errno. */
int udp_plain_socket(int family);

/* One datagram. 0, -EAGAIN, or another negative errno (a refusal by the other host, for example).
 */
int udp_receive(int fd, struct door *door, struct udp_packet *ret);

/* What the error queue tells of a datagram that was sent. The kernel's and the card's stamp may
 * come in one or in two of these. */
struct udp_transmit {
	struct ts_raw raw;
	enum stamp stamp; /* stamp_none: the kernel has none, or it cannot be true */
	int64_t card_ns;  /* as in udp_packet */
	int card_interface;
	bool has_payload; /* where the kernel sends the frame back: the header */
	uint8_t payload[NTP_HEADER_SIZE];
};

/* The next one that waits, if any. Never blocks. */
bool udp_transmit_stamp(int fd, struct door *door, struct udp_transmit *ret);

/* Takes a pending error off the socket, so that poll() does not name it again. */
int udp_take_error(int fd);

/* Sends an answer to where the packet came from, from where it was sent to. stamped: its transmit
 * stamp is wanted, with the frame. 0 or negative errno. */
int udp_answer(int fd, const struct udp_packet *to, const uint8_t *bytes, size_t size, bool stamped,
	bool hardware);

#endif
