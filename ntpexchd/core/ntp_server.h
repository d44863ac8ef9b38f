/* SPDX-License-Identifier: MIT */
/*
 * ntp_server.h - what to answer to a request, if anything. Pure.
 *
 *   mode 3            answered in mode 4
 *   mode 1            answered in mode 2, though we never lock to who sent it (as chronyd)
 *   version 1, mode 0 answered in mode 4 (RFC 1059 has no modes)
 *
 * in the version that was asked. Everything else is dropped: answers above all, so that two servers
 * never talk each other to death. An answer is never longer than its request. The extension field
 * of ntp_mono.h is answered by one; others are skipped; a request with a MAC is dropped, since
 * there are no keys.
 *
 * A request in interleaved mode (RFC 9769: origin and receive timestamps that differ from its
 * transmit timestamp, the origin being the receive timestamp of an answer that is remembered) gets
 * that answer's transmit stamp.
 *
 * Not synchronised: leap 3, stratum 0, reference id 0, root delay and dispersion 1 s (as chronyd),
 * unless a `local` stratum is configured.
 */
#ifndef NTPEXCHD_NTP_SERVER_H
#define NTPEXCHD_NTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/core/tstime.h"
#include "ntpexchd/core/ntp_mono.h"
#include "ntpexchd/core/ntp_packet.h"
#include "ntpexchd/core/xleave.h"

/* What is told about our clock. */
struct ntp_served {
	enum leap leap;
	int stratum; /* 1..15; 16 not synchronised */
	uint32_t refid;
	int64_t root_delay_ns, root_dispersion_ns; /* now */
	int8_t precision;			   /* log2 s */
	struct ts_utc reference;		   /* when it was last set right; 0 never */
	bool has_mono;				   /* for those who ask (ntp_mono.h) */
	uint32_t mono_epoch;
	struct ts_dur mono_shift; /* at the instant of receipt */
};

struct ntp_local {
	bool enabled;
	int stratum;	     /* 1..15 */
	int64_t distance_ns; /* takes over when the root distance is above this */
	int64_t activate_ns; /* only after the root distance was below this once; 0: at once */
};

/* Does `local` apply? activated: the root distance was within activate_ns once. */
bool ntp_local_applies(
	const struct ntp_local *local, const struct ntp_served *served, bool activated);
/* What a `local` clock tells: now is its own time. */
struct ntp_served ntp_local_served(
	const struct ntp_local *local, int8_t precision, struct ts_utc now);

/* Of a clock message, with its age. precision_ns: of our readings. */
struct ntp_served ntp_served_from_clock(
	const struct msg_clock *clock, int64_t precision_ns, struct ts_raw now);

enum ntp_server_verdict {
	NTP_SERVER_ANSWER,
	NTP_SERVER_INTERLEAVED, /* an answer that has its transmit timestamp already */
	NTP_SERVER_DENIED,	/* access list */
	NTP_SERVER_FORMAT,	/* not a packet */
	NTP_SERVER_MODE,	/* not a request */
	NTP_SERVER_AUTH,	/* MAC */
	NTP_SERVER_PORT,	/* source port 0 */
	NTP_SERVER_VERDICTS
};

struct ntp_server_request {
	const uint8_t *bytes;
	size_t size;
	uint16_t port; /* of the sender */
	bool allowed;  /* access list */
	struct ts_utc received;
	const struct xleave *xleave; /* what was answered; NULL: basic mode only */
	uint64_t client;	     /* hash of its address, for that */
};

/*
 * The answer; in basic mode but for its transmit timestamp, which ntp_server_stamp() adds just
 * before it is sent. answer and its size are touched only on NTP_SERVER_ANSWER and
 * NTP_SERVER_INTERLEAVED.
 */
enum ntp_server_verdict ntp_server_answer(const struct ntp_server_request *request,
	const struct ntp_served *served, uint8_t answer[NTP_SENT_MAX], size_t *ret_size);
void ntp_server_stamp(uint8_t answer[NTP_HEADER_SIZE], struct ts_utc transmit);

#endif
