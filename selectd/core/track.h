/* SPDX-License-Identifier: MIT */
/*
 * track.h - one source's line from the raw clock to UTC, estimated from its samples. Pure.
 *
 * One interface, several estimators behind it (track_private.h): which one is a directive
 * (`estimator`). Storage is the caller's, of fixed size; nothing is allocated. A track knows only
 * samples: never what any clock was made to do, never what other sources say, never "now" but by
 * the instants it is asked about.
 *
 * Apart from the estimator's line and its standard deviations every track keeps the hard interval
 * of the truth (hardbound.h), which holds whatever the estimator thinks.
 *
 * Sign: an offset is reference minus something; a rate is dUTC/draw - 1 (tstime.h, ts_line).
 */
#ifndef TB_TRACK_H
#define TB_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"
#include "selectd/core/hardbound.h"

/* Estimators, in the order of TRACK_CHOICES (the words of the directive `estimator`). */
enum track_kind { TRACK_REGRESSION, TRACK_BANK, TRACK_CLASSIC, TRACK_KINDS };
#define TRACK_CHOICES "regression|bank|classic"

/* Room for the largest estimator's state; with hardbound below 64 KiB a source. */
#define TRACK_STORAGE_SIZE 49152

struct track_config {
	enum source_kind kind; /* ntp: two-way with a hard interval each; else one-way */
	/* for estimators that keep a window of samples: at least and at most so many; 0: their own
	 */
	int64_t minsamples;
	int64_t maxsamples;
	double asymmetry; /* configured share of the jitter that is asymmetric, -0.5 .. 0.5; 0 none
			   */
	double rate_ppb;  /* prior of the rate, and its standard deviation */
	double rate_sd_ppb;
	double drift_ppb; /* rate change the oscillator is allowed beyond rate_sd (maxclockerror) */
};

/* What a track says about an instant. */
struct track_state {
	struct ts_line line;	/* at the instant asked for, with the rate there */
	double offset_sd_ns;	/* standard deviation of line.utc, wander since the newest sample
				   included */
	double doubt_ns;	/* in offset_sd_ns: what the newest sample is off by, if it may be
				   the first of a step or a stray one; 0: none is in doubt */
	double rate_sd_ppb;	/* of line.rate_ppb */
	double wander_ppb;	/* random walk of the rate, ppb/sqrt(s); 0 unknown */
	double jitter_ns;	/* standard deviation of a single sample */
	double wander_tail_ppb; /* the largest that four deviations of have to be reckoned with */
	int64_t base_delay_ns;	/* smallest delay of the path */
	double apart_ns;       /* the way there minus the way back, as taken from before a change of
				  one of them; 0 both are taken for equal */
	double least_delay_ns; /* surely no more than any way there and any back together; 0 unknown
				*/
	int samples, runs;     /* samples in use; runs of residuals of one sign, 0 unknown */
	int64_t span_ns;       /* from the oldest sample in use to the newest */
	struct ts_raw oldest, newest;
	int64_t low_ns, high_ns; /* the truth minus line.utc lies in low..high; low <= 0 <= high */
	double drift_ppb;	 /* low and high move apart by so much each from here on */
};

struct track_ops;
struct track {
	const struct track_ops *ops;
	struct track_config config;
	struct hardbound bound;
	union {
		double align;
		unsigned char bytes[TRACK_STORAGE_SIZE];
	} storage;
};

/* Empty, with that estimator. An unknown kind is taken as TRACK_REGRESSION. */
void track_init(struct track *t, enum track_kind kind, const struct track_config *config);

/* Another configuration (a source message may come after the first samples); history stays. */
void track_configure(struct track *t, const struct track_config *config);

/*
 * One sample that passed msg_check(), was not rejected and has its second resolved. 0, or -EINVAL
 * if it is not newer than the newest: the track is unchanged then.
 */
int track_sample(struct track *t, const struct msg_sample *sample);

/* The estimate at an instant, before or after the newest sample. 0, -ENODATA without a sample. */
int track_at(const struct track *t, struct ts_raw raw, struct track_state *ret);

/* Growth of the error by waiting: offset_sd interval_s after the newest sample over that at it.
 * At least 1; 0 without a sample. */
double track_growth(const struct track *t, double interval_s);

/* A leap second: all times of the reference so far are moved by shift (insert: -1 s). */
void track_shift(struct track *t, struct ts_dur shift);

/* The source has set its own clock by that (correction.h): what it showed before would have been so
 * much more. What was certain about those instants stays. */
void track_correct(struct track *t, struct ts_dur by);

/* Disruption: everything but the configuration is forgotten. */
void track_reset(struct track *t);

/* The state in some lines of text for people. Length as snprintf(). */
int track_dump(const struct track *t, char *text, size_t size);

#endif
