/* SPDX-License-Identifier: MIT */
/*
 * hardbound.h - the interval that holds the truth, from many samples. Pure.
 *
 * A two-way exchange cannot hide more than half its delay, whatever the asymmetry: at its instant
 * the truth lies within e = delay/2 + dispersion + root delay/2 + root dispersion of what it
 * measured (RFC 5905 section 11.2: root distance). A reading with a bound given by the device has
 * e = that bound + half its bracket + dispersion. Carried over a time t along a line whose rate is
 * known to a standard deviation of r and wanders by w the interval widens by five standard
 * deviations of what it was carried over, sqrt((r t)^2 + w^2 t^3 / 3), and by d t if the rate may
 * be off by d beyond what the estimator says. All the intervals of the last samples, so carried,
 * hold the truth, hence so does their intersection, which is much narrower than the latest alone
 * when delays vary.
 *
 * Where intervals contradict each other the rate was less certain than told, or the source was
 * wrong once. First the rate's uncertainty is doubled until they agree, up to 64 times; if that
 * does not help, those that hold the line are believed (the estimator has to decide what an outlier
 * is and what a step); if none does, the newest.
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
	int64_t other_ns; /* of that what does not come from the delay */
};

struct hardbound {
	struct hardbound_sample ring[HARDBOUND_SAMPLES];
	int count, next;
};

/* A line to carry along, and how well its rate is known over the time of the samples. */
struct hardbound_line {
	struct ts_line line;
	double drift_ppb;    /* line.rate_ppb at line.raw is within this of the truth ... */
	double rate_sd_ppb;  /* ... and an error of this standard deviation */
	double wander_ppb;   /* random walk of the rate, ppb/sqrt(s) */
	double slack_ns;     /* the line may be so much beside the truth */
	struct ts_raw since; /* older samples do not belong to the line */
};

/* The truth lies in low..high (ns) relative to line.utc at line.raw. */
struct hardbound_interval {
	int64_t low_ns, high_ns;
	int used;	    /* samples that went into it */
	int contradictions; /* samples left out because others exclude them */
};

void hardbound_reset(struct hardbound *b);

/* Half width of one sample's own interval. */
int64_t hardbound_error(const struct msg_sample *sample);

/* Samples must come in order. */
void hardbound_add(struct hardbound *b, const struct msg_sample *sample);

void hardbound_shift(struct hardbound *b, struct ts_dur shift);

/* Half width of the newest sample's own interval, and what of it does not come from the delay; 0
 * without one. */
int64_t hardbound_newest_error(const struct hardbound *b);
int64_t hardbound_newest_other(const struct hardbound *b);

/* The interval at line.raw. -ENODATA without a sample at or after since. */
int hardbound_at(const struct hardbound *b, const struct hardbound_line *line,
	struct hardbound_interval *ret);

#endif
