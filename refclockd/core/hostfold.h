/* SPDX-License-Identifier: MIT */
/*
 * hostfold.h - the error of the host whose clock a guest reads, folded into the guest's samples.
 * Pure.
 *
 * The PTP clock of a KVM guest is the host's kernel clock, handed over without its error. What the
 * host's disciplined says of that clock (message `clock`) makes the sample whole, as an NTP
 * server's header does (RFC 5905 section 11.2, figure 25): with the age t of what was said,
 *
 *   root delay       the line's own + the host's
 *   root dispersion  the line's own + the host's + growth
 *   bound            the reading's own + the host's + growth
 *   stratum          the host's, or the line's own if that is higher; selectd adds one
 *   leap             the host's
 *   growth           t times what the host's clock drifts by, says the host; from the moment that
 * it counts as silent on, by drift_ppb if that is more
 *
 * Raw clocks of two machines have nothing in common. Age is what the message had when it was sent
 * (host's clock), what it was on its way longer than the fastest one, and what has passed since it
 * came (guest's clock).
 *
 * A host that was never heard is taken to be off by error_ns at the start, and to drift. One that
 * says it is not synchronised, or an error that does not fit into a sample, makes samples with leap
 * unsync and stratum 16, which nobody selects. So does a host that steers another clock than its
 * kernel's: what it says is not about what its guests read.
 */
#ifndef TB_HOSTFOLD_H
#define TB_HOSTFOLD_H

#include <stdbool.h>
#include <stdint.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

/* Without a word for three of the host's repetitions (8 s each, remote.h) it is silent; ... */
#define HOSTFOLD_SILENT_NS (24 * NS_PER_S)
/* ... if the connection was lost, after this: its monitord is started again by then. */
#define HOSTFOLD_GRACE_NS (3 * NS_PER_S)
/* A leap second that a silent host announced is over by then. */
#define HOSTFOLD_LEAP_NS (86400 * NS_PER_S)
/* Two raw clocks run apart by less than twice what crystals are off by. */
#define HOSTFOLD_RATE_PPM 200

#define HOSTFOLD_TEXT_SIZE    160
#define HOSTFOLD_ERROR_MAX_NS (64 * NS_PER_S) /* TB_ERR_MAX of schema.def: what a sample holds */

struct hostfold_config {
	double drift_ppb; /* of a host that is silent */
	int64_t error_ns; /* of one that was never heard; 0: not selected before */
	bool any_clock;	  /* for tests: the host may steer a shadow clock */
};

enum hostfold_link {
	HOSTFOLD_DOWN,
	HOSTFOLD_UP,
	HOSTFOLD_STRANGE,
	HOSTFOLD_DENIED,
	HOSTFOLD_FAILED
};

struct hostfold_event {
	enum event_code code;
	char text[HOSTFOLD_TEXT_SIZE];
};

struct hostfold {
	struct hostfold_config config;
	struct ts_raw started;
	enum host_state state;
	enum hostfold_link link;
	struct ts_raw lost_at;		  /* when it was last up, unless it is */
	char failure[HOSTFOLD_TEXT_SIZE]; /* of HOSTFOLD_FAILED */
	bool heard;
	struct msg_clock clock; /* the last one */
	uint64_t boot;		/* of its sender */
	struct ts_raw clock_at; /* clock.raw_ns, on the guest's raw clock */
	struct ts_raw heard_at;
	struct ts_raw silent_since; /* NEVER while it is not silent */
	bool has_base;
	int64_t base_ns; /* smallest arrival minus sending, in two clocks */
	bool out_event;
	struct hostfold_event event;
};

void hostfold_init(struct hostfold *f, const struct hostfold_config *config, struct ts_raw now);

/* A clock message that the codec has checked. */
void hostfold_on_clock(struct hostfold *f, struct ts_raw now, const struct msg *m);

/* why: for HOSTFOLD_FAILED, else NULL. */
void hostfold_on_link(
	struct hostfold *f, struct ts_raw now, enum hostfold_link link, const char *why);

/* Call when the deadline has passed. */
void hostfold_on_deadline(struct hostfold *f, struct ts_raw now);
struct ts_raw hostfold_deadline(const struct hostfold *f);

/* The change of state that people must hear of; false when there is none. The source's message
 * changes with it. */
bool hostfold_next_event(struct hostfold *f, struct hostfold_event *ret);

/* Into a sample of the clock that is not rejected. */
void hostfold_sample(const struct hostfold *f, struct msg_sample *sample);

/* Into the message of its source. */
void hostfold_source(const struct hostfold *f, struct ts_raw now, struct msg_source *source);

#endif
