/* SPDX-License-Identifier: MIT */
/*
 * ptp4l.h - what ptp4l says of its ports and its time scale: requests and answers of PTP management
 * (IEEE 1588-2008 chapter 15), over datagrams that somebody else carries. Pure.
 *
 * Two data sets are asked for: PORT_DATA_SET, which each port answers, and
 * TIME_PROPERTIES_DATA_SET. The clock is in sync while any port is master or slave, as phc2sys -w
 * sees it. Without answers for PTP4L_SILENCE_S it counts as gone.
 */
#ifndef TB_PHC2SHM_PTP4L_H
#define TB_PHC2SHM_PTP4L_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define PTP4L_REQUEST_SIZE 54 /* header 34, management 14, TLV without data 6 */
#define PTP4L_DATAGRAM_MAX 1500
#define PTP4L_WAITING_S	   1  /* between requests while it is not in sync */
#define PTP4L_ASK_S	   4  /* between requests else */
#define PTP4L_SILENCE_S	   14 /* three requests without an answer */

enum ptp4l_set { PTP4L_TIME_PROPERTIES = 0x2003, PTP4L_PORT = 0x2004 };

struct ptp4l {
	int domain, transport; /* of PTP; transport: upper half of the first byte */
	uint16_t sequence;
	int64_t next_ask_ns;   /* CLOCK_MONOTONIC */
	int64_t heard_ns;      /* last answer about ports */
	bool in_sync;	       /* as of the last round of answers */
	bool answered, active; /* by any port, any port, since the last request */
	bool has_scale;
	int utc_offset_s; /* TAI minus UTC; 0 if its time scale is not PTP's */
	int leap;	  /* 1, -1, 0 */
};

void ptp4l_init(struct ptp4l *p, int domain, int transport);

/* True if it is time to send both requests; the next time is set then. */
bool ptp4l_wants_ask(struct ptp4l *p, int64_t now_ns);

void ptp4l_request(struct ptp4l *p, enum ptp4l_set set, uint8_t ret[PTP4L_REQUEST_SIZE]);

/* Takes a datagram. False if it is no answer to us, of another domain, or malformed. */
bool ptp4l_take(struct ptp4l *p, const uint8_t *data, size_t size, int64_t now_ns);

/* Its socket refuses: it is gone, and asked again soon. */
void ptp4l_gone(struct ptp4l *p, int64_t now_ns);

/* In sync, not silent, and (if need_scale) its time scale known. */
bool ptp4l_ready(const struct ptp4l *p, bool need_scale, int64_t now_ns);

#endif
