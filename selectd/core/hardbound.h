/* SPDX-License-Identifier: MIT */
/*
 * hardbound.h - the interval that holds the truth, from many samples. Pure.
 *
 * A two-way exchange cannot hide more than half its delay, whatever the asymmetry: at its instant
 * the truth lies within e = delay/2 + dispersion + root delay/2 + root dispersion of what it
 * measured (RFC 5905 section 11.2: root distance). A reading with a bound given by the device has
 * e = that bound + half its bracket + dispersion. Carried to another instant along a line whose
 * rate is known to +-r the interval widens by r times the time between; all the intervals of the
 * last samples, so carried, hold the truth, hence so does their intersection, which is much
 * narrower than the latest alone when delays vary.
 *
 * Where two intervals contradict each other the newer is believed and the older left out.
 */
#ifndef TB_HARDBOUND_H
#define TB_HARDBOUND_H

#include <stdbool.h>
#include <stdint.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

#define HARDBOUND_SAMPLES 64

struct hardbound_sample {
	struct ts_raw raw;
	struct ts_utc utc;
	int64_t error_ns; /* half width at raw */
};

struct hardbound {
	struct hardbound_sample ring[HARDBOUND_SAMPLES];
	int count, next;
};

/* The truth lies in low..high (ns) relative to line.utc at line.raw. */
struct hardbound_interval {
	int64_t low_ns, high_ns;
	int used;	    /* samples that went into it */
	int contradictions; /* samples left out because newer ones exclude them */
};

void hardbound_reset(struct hardbound *b);

/* Half width of one sample's own interval. */
int64_t hardbound_error(const struct msg_sample *sample);

/* Samples must come in order. */
void hardbound_add(struct hardbound *b, const struct msg_sample *sample);

void hardbound_shift(struct hardbound *b, struct ts_dur shift);

/* The interval at line.raw; rate_error_ppb: how far the true rate may have been from
 * line.rate_ppb over the time of the samples. -ENODATA without samples. */
int hardbound_at(const struct hardbound *b, const struct ts_line *line, double rate_error_ppb,
	struct hardbound_interval *ret);

#endif
