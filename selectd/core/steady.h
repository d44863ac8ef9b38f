/* SPDX-License-Identifier: MIT */
/*
 * steady.h - a raw clock that is steadied by a better oscillator beside it (option local of a
 * reference clock: a pulse or a PTP clock that nobody synchronises, but that wanders less). Pure.
 *
 * Whatever stands behind it sees an instant of the raw clock as
 *
 *     steady = raw + (phase of the local clock against raw) - (what that would be at a fixed rate)
 *
 * so that the raw clock's wander is gone, and the local clock's is left; the fixed rate is that of
 * the moment at which this began, so that no history is bent. Samples go in through it, and what
 * comes out goes back, with the doubt of the local clock's phase added. Of the local clock only the
 * fraction of the second counts. One that jumps, or is silent for long, is followed from there on,
 * without a jump; while it is gone the raw clock wanders by itself, which a bank of wanders
 * (bank.h) notices. Without such a clock steady is raw.
 */
#ifndef TB_STEADY_H
#define TB_STEADY_H

#include "common/bus/msg.h"
#include "selectd/core/track.h"

/* Samples before the local clock's rate is known well enough to go by. */
#define STEADY_SAMPLES_MIN 16
/* Silence after which the raw clock may have wandered unseen. */
#define STEADY_GAP_NS (64 * NS_PER_S)
/* A raw clock does not change its rate by more between two samples: the local clock jumped. */
#define STEADY_RATE_CHANGE_PPB 1000.0
#define STEADY_SIGMAS	       7.0
/* A phase that is suddenly so much less certain is not gone by. */
#define STEADY_DOUBT 10.0
/* Estimates are renewed by the local clock's samples no more often than this. */
#define STEADY_RENEW_NS NS_PER_S

/* All zero: there is no local clock. */
struct steady {
	bool has_local;
	char publisher[MSG_SENDER_SIZE], name[64]; /* of it */
	struct track track;			   /* local clock against raw */
	bool running, has_base;			   /* the map follows it; did before */
	struct ts_raw raw;			   /* the map, from here on: */
	double shift_ns, rate_ppb;		   /* steady minus raw */
	double sd_ns, rate_sd_ppb, wander_ppb;	   /* what is not known of them */
	struct ts_raw anchor;			   /* there the local clock showed anchor_utc ... */
	struct ts_utc anchor_utc;
	double anchor_shift_ns, base_rate_ppb; /* ... and since then it should have this rate */
	bool has_estimate;
	struct msg_estimate estimate; /* last that came out, in steady time */
	struct ts_raw renewed;
};

struct ts_raw steady_from_raw(const struct steady *s, struct ts_raw raw);
struct ts_raw steady_to_raw(const struct steady *s, struct ts_raw steady);

/* Learns from a message, and gives it in steady time. True if the map has changed. */
bool steady_in(struct steady *s, const struct msg *m, struct msg *ret);

/* A message that came out, back in raw time. */
void steady_out(struct steady *s, struct msg *m);

/* After the map has changed: the last estimate, as it looks now. False if there is nothing to
 * renew. */
bool steady_renew(struct steady *s, double maxclockerror_ppm, struct msg *ret);

#endif
