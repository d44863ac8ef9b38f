/* SPDX-License-Identifier: MIT */
/*
 * xleave.h - when the server's last answers really left, for clients in interleaved mode. Pure.
 *
 * RFC 9769 section 2: a client names an earlier answer by its receive timestamp and wants to know
 * its transmit stamp. Kept are the last XLEAVE_WAYS answers of some thousand clients: a set of
 * places a client (hash of its address without port: clients change their port, and several may
 * stand behind one address), the oldest is replaced. So a client that asks often takes places only
 * from those few that share its set, and one that was forgotten gets a basic answer.
 */
#ifndef NTPEXCHD_XLEAVE_H
#define NTPEXCHD_XLEAVE_H

#include <stdbool.h>
#include <stdint.h>

#define XLEAVE_SETS    1024 /* a power of two */
#define XLEAVE_WAYS    4
#define XLEAVE_PENDING 64 /* stamps that may be under way, a power of two */

struct xleave_answer {
	uint64_t client;	    /* hash of the address */
	uint64_t receive, transmit; /* NTP timestamps; transmit 0: free place */
	uint64_t order;
};

struct xleave {
	uint64_t order; /* counts answers */
	struct xleave_answer place[XLEAVE_SETS][XLEAVE_WAYS];
	struct {
		uint64_t receive;
		uint32_t set, way;
	} pending[XLEAVE_PENDING];
	uint32_t pendings;
};

/* An answer that is about to leave: its receive timestamp, and when it leaves as far as known. */
void xleave_note(struct xleave *x, uint64_t client, uint64_t receive, uint64_t transmit);
/* The stamp of an answer came: replaces what was noted, if it is still there. */
void xleave_stamp(struct xleave *x, uint64_t receive, uint64_t transmit);
/* The transmit stamp of the answer to that client with that receive timestamp, or 0. */
uint64_t xleave_find(const struct xleave *x, uint64_t client, uint64_t receive);

#endif
