/* SPDX-License-Identifier: MIT */
/*
 * ntp_client.h - one NTP association: when to ask, what to believe, what to tell. Pure.
 *
 * Events go in (a deadline, a packet, a transmit stamp, an address, a verdict of selectd), answers
 * come out of ntp_client_next_out() until it returns false; the caller drains them after each
 * event and then asks for the deadline.
 *
 *           address                       first answer           8 polls missed
 *   resolving ------> waiting ---------------------> reachable ----------------> unreachable
 *                        |   any answer to a poll  ^      <----------------------     |
 *                        +-- DENY, RSTR --> denied (until another address comes)      +-> resolve
 *   offline: by the operator, from any state; failed: by ntp_client_fail()
 *
 * One request is under way at a time (struct ntp_request); its answer becomes an exchange, which
 * waits up to NTP_HOLD_NS for the kernel's transmit stamp and then becomes a sample. Other modes
 * (symmetric, broadcast, authenticated) differ in how a request is built and how an exchange is
 * completed, not in schedule, reachability and publication.
 *
 * Interleaved mode (RFC 9769 section 2): a server knows only after an answer when that really left.
 * A request therefore names the last answer that we have (origin: its receive timestamp) and
 * carries a second cookie as receive timestamp. A server that still knows the answer gives its
 * transmit stamp and sends the second cookie back; that completes the *earlier* exchange, which is
 * published now with its own instants, while this one waits for the next answer, unless the stamp
 * that it lacks can be foretold (turnaround.h). One that does not know it answers to the first
 * cookie, as in basic mode, and that exchange is published at once. After NTP_XLEAVE_MISSED polls
 * without answer the next request is a basic one.
 *
 * With iburst the requests at 2 s go over into the interval in force gradually: the next one comes
 * after a NTP_OPENING_SHAREth of the time since the first answer, if that is sooner. The rate's
 * error falls with the time that the samples span; so what it makes of each interval stays about
 * the same, with some twenty packets in the first five minutes.
 *
 * With filter the polls of a bundle become one sample, once the time just after the first answer is
 * over, a clock is published and the filter knows its noise: until then each exchange counts.
 *
 * Data minimisation (draft-ietf-ntp-data-minimization): a request tells our poll interval and
 * nothing else; the transmit timestamp is a cookie. An extension field (ntp_mono.h) stands in it
 * only where it was configured, since some servers drop what they do not know.
 */
#ifndef NTPEXCHD_NTP_CLIENT_H
#define NTPEXCHD_NTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/core/learned.h"
#include "common/core/tstime.h"
#include "ntpexchd/core/cookie.h"
#include "ntpexchd/core/ntp_filter.h"
#include "ntpexchd/core/ntp_mono.h"
#include "ntpexchd/core/ntp_packet.h"
#include "ntpexchd/core/ntp_sample.h"
#include "ntpexchd/core/poll.h"
#include "ntpexchd/core/turnaround.h"

#define NTP_HOLD_NS	   (10 * NS_PER_MS) /* wait for a transmit stamp that is late */
#define NTP_BURST_NS	   (2 * NS_PER_S)   /* between the requests of a burst */
#define NTP_IBURST_GOOD	   4		    /* ends a burst at the start */
#define NTP_IBURST_TOTAL   8		    /* so does this many requests */
#define NTP_BURST_TOTAL	   4
#define NTP_LAN_DELAY_NS   (10 * NS_PER_MS) /* only servers this near are asked below 1 s */
#define NTP_RATE_POLL_MAX  17		    /* a kiss code RATE raises the interval up to this */
#define NTP_SOURCE_NS	   (500 * NS_PER_MS) /* between source messages that tell no change of state */
#define NTP_OPENING_SHARE  4		     /* of the time since the first answer; see below */
#define NTP_XLEAVE_MISSED  4		     /* a server may mind requests in interleaved mode */
#define NTP_HARDWARE_TRUST 4 /* exchanges after a hardware stamp that wait for another */

struct ntp_client_config {
	char source[64];      /* name on the bus */
	char configured[128]; /* as in the configuration */
	int minpoll, maxpoll; /* log2 s */
	int version;	      /* of requests, 1..4 */
	bool iburst, burst;
	bool xleave;
	bool mono; /* ask for the extension field of ntp_mono.h */
	bool noselect, prefer, trust, require;
	int minsamples, maxsamples, maxunreach; /* for selectd; 0 its default */
	double asymmetry;			/* for selectd */
	int filter; /* polls that make one sample (ntp_filter.h); 0 and 1: each does */
	int minstratum;
	int64_t maxdelay_ns;  /* test A */
	int64_t offset_ns;    /* correction */
	int64_t precision_ns; /* of our clock */
	struct ts_utc pivot;  /* NTP eras are those nearest to this */
};

struct ntp_request {
	bool pending;	     /* waits for its answer */
	bool stamp_expected; /* of the kernel */
	uint64_t id;
	uint64_t cookie;
	uint64_t second_cookie; /* of interleaved mode; 0: basic mode */
	struct ts_raw sent;	/* when the request was made */
	struct ts_raw t1;
	enum stamp tx_stamp; /* stamp_none: not sent yet */
};

/* An exchange that was answered, whose precise transmit stamp the next answer may bring. */
struct ntp_kept {
	bool valid;
	bool published; /* already: in basic mode, or with a guess */
	struct ntp_exchange exchange;
};

enum ntp_out_kind {
	NTP_OUT_MESSAGE, /* to publish: a sample or a source */
	NTP_OUT_EVENT,
	NTP_OUT_SEND,	/* then ntp_client_sent() or ntp_client_send_failed() */
	NTP_OUT_RESOLVE /* look the name up again; another address would be welcome */
};

struct ntp_client_event {
	enum event_code code;
	int64_t value_ns;
	char text[160];
};

struct ntp_client_out {
	enum ntp_out_kind kind;
	union {
		struct msg message;
		struct ntp_client_event event;
		struct {
			uint64_t id;
			size_t size;
			uint8_t bytes[NTP_SENT_MAX];
		} send;
	} u;
};

#define NTP_CLIENT_SAMPLES 4 /* none is left over when the caller drains */
#define NTP_CLIENT_EVENTS  4

struct ntp_client_counts {
	int64_t sent, received, valid, good;
};

struct ntp_client {
	struct ntp_client_config config;
	struct cookie random;
	/* the other end */
	bool online, has_address, denied, failed;
	char address[64];
	uint16_t port;
	uint32_t own_refid;
	char error[160];
	/* schedule */
	struct ts_raw last_send, next_send;
	int poll_parts, rate_floor; /* poll.h */
	unsigned int poll_samples;  /* good ones, those of bursts left out */
	struct poll_memory poll_memory;
	int burst_good, burst_total;
	bool soon; /* a disruption: the next request waits for a burst's 2 s only */
	int spread;		 /* of this interval, 0..127 parts in 4096 */
	int send_failures;	 /* in a row */
	struct ts_raw opened;	 /* first answer */
	int64_t unjudged_raw_ns; /* sample that waits for its verdict; 0 none */
	/* reachability */
	bool heard, was_reachable;
	uint8_t reach;
	int missed, resolve_at;
	/* exchange under way */
	struct ntp_request request;
	bool holding;
	struct ts_raw hold_until;
	struct ntp_exchange exchange;
	bool answered, published; /* the exchange: of this request; as a sample */
	struct ntp_kept kept;
	struct turnaround turnaround;
	struct ntp_filter filter;
	double offset_sd_ns, rate_sd_ppb; /* of the server, by the last verdict; 0 none */
	int stamps_missing;
	int hardware_trust; /* exchanges that will wait for a hardware stamp of the request */
	uint64_t done_cookie, done_transmit;
	bool reject_told; /* one that anybody can provoke, since the last request */
	/* what was last heard */
	struct ntp_client_counts counts;
	int stratum;
	enum leap leap;
	uint32_t refid;
	struct ts_raw last_raw;
	int64_t last_offset_ns, last_delay_ns;
	bool has_clock;
	struct ts_line clock;
	struct learned learned; /* what selectd told of this server, for the next selectd */
	/* answers */
	bool out_send, out_resolve, out_source, removed;
	bool told; /* a source message went out */
	enum source_state told_state;
	struct ts_raw told_at;
	size_t send_size;
	uint8_t send_bytes[NTP_SENT_MAX];
	int samples, events;
	struct msg_sample sample[NTP_CLIENT_SAMPLES];
	struct ntp_client_event event[NTP_CLIENT_EVENTS];
};

/* Starts online and without an address. seed: unguessable; equal seeds give equal requests. */
void ntp_client_init(struct ntp_client *c, const struct ntp_client_config *config, uint64_t seed,
	struct ts_raw now);

/* An address to ask. The one in use changes nothing unless it is out of favour (denied, failed);
 * another one starts the association over. */
void ntp_client_address(
	struct ntp_client *c, const char *address, uint16_t port, struct ts_raw now);
/* What stands in the way, in words: the name has no address, the port is closed. Told until the
 * next answer; changes nothing else. */
void ntp_client_note(struct ntp_client *c, const char *why);
/* It cannot work as configured: why. Ends with the next address. */
void ntp_client_fail(struct ntp_client *c, const char *why);
/* Our reference id as the other end would have it (ntp_refid.h); 0 unknown. */
void ntp_client_own_refid(struct ntp_client *c, uint32_t refid);

/* The request was sent: raw clock read just before, and whether the kernel will stamp it. */
void ntp_client_sent(struct ntp_client *c, uint64_t id, struct ts_raw t1, bool stamp_expected);
void ntp_client_send_failed(struct ntp_client *c, uint64_t id, const char *why);
/* A stamp of a request came. Ignored if it cannot be true, or if a better one came before. */
void ntp_client_stamp(
	struct ntp_client *c, uint64_t id, struct ts_raw t1, enum stamp stamp, struct ts_raw now);
/* A datagram of the address in use came; t4: when, and who stamped it. */
void ntp_client_receive(struct ntp_client *c, const uint8_t *bytes, size_t size, struct ts_raw t4,
	enum stamp stamp, struct ts_raw now);

/* selectd's judgement of this source: what it says of the newest sample sets the interval. */
void ntp_client_verdict(struct ntp_client *c, const struct msg_verdict *v);
/* The published clock, for the offset in source messages. NULL: none. */
void ntp_client_clock(struct ntp_client *c, const struct ts_line *clock);
/* The machine slept or was moved: what the sources showed is void, and there is no time until they
 * are heard. The next request goes out at once (a burst's 2 s after the last at the soonest),
 * with iburst as many as at the start, and the interval begins at minpoll again. Not where the
 * server has asked for longer ones. */
void ntp_client_disruption(struct ntp_client *c);
void ntp_client_online(struct ntp_client *c, bool online, struct ts_raw now);
/* Up to total requests at short intervals until good of them were answered well. */
void ntp_client_burst(struct ntp_client *c, int good, int total);
/* The source is gone from the configuration; the last source message says so. */
void ntp_client_remove(struct ntp_client *c);

struct ts_raw ntp_client_deadline(const struct ntp_client *c);
void ntp_client_expire(struct ntp_client *c, struct ts_raw now);
bool ntp_client_next_out(struct ntp_client *c, struct ts_raw now, struct ntp_client_out *ret);

enum source_state ntp_client_state(const struct ntp_client *c);

#endif
