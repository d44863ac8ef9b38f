/* SPDX-License-Identifier: MIT */
/*
 * hardbound.h - the interval that holds the truth, from many samples. Pure.
 *
 * A two-way exchange cannot hide more than half its delay, whatever the asymmetry: at its instant
 * the truth lies within e = delay/2 + dispersion + root delay/2 + root dispersion of what it
 * measured (RFC 5905 section 11.2: root distance). A reading with a bound given by the device has
 * e = that bound + half its bracket + dispersion. Of each such interval the two edges are used for
 * themselves: an exchange that was delayed one way only still has a tight edge on the other side.
 * The latest edge of all on the low side and the earliest on the high side, carried to the instant
 * asked for, enclose the truth, much more narrowly than the latest interval when delays vary.
 *
 * Carrying needs the rate. An estimator that knows no wander gives a line of a rate known to a
 * standard deviation r (and a drift d beyond): over a time t an edge widens by five deviations of
 * sqrt((r t)^2 + w^2 t^3 / 3), and by d t.
 *
 * One that models the oscillator as a random walk of the rate by w is not asked for its rate:
 * what it is sure of came from the same readings and is least right when they deceive it. The
 * edges tell the rate themselves. With h the high edge t ago and l the low edge at T > t ago
 *
 *     x(0) <= h + (h - l) t / (T - t) + K w t sqrt(T/3),   the same mirrored for the low side.
 *
 * The deviation is that of the walk: from t ago to now it takes x off the tangent by w^2 t^3/3 of
 * variance, from T to t ago by w^2 (T - t)^3/3, which counts (t / (T - t))^2 times; what comes
 * after an instant is independent of what came before, and the sum is w^2 t^2 T/3. It is exact for
 * a Gaussian walk, and free of any law of the delays. The least round trip B does not count twice:
 * both edges contain the same unknown share of it (whatever the path's asymmetry takes from the one
 * it adds to the other), so that h - l exceeds what x really moved by B at least: it is h - l - B
 * that is carried, and an exchange still hides half its own delay. Less than 0 beside the line it
 * is taken for 0: that an edge moves inwards would rest on B alone, which is estimated. So there is
 * no statistical part beside half the least delay: a path as asymmetric as can be has its truth on
 * the edge, and noise, which only ever delays, moves edges away from it.
 *
 * K is 4. Outside the edges the truth is only if the walk exceeds that (3e-5 on one side) over just
 * the span of edges that met next to no queue; and by no more than queues and asymmetry leave, as
 * half the least delay is hidden by the most asymmetric path only. On such (all the time one way,
 * as drawn by hardbound_test.c, 300 paths each of exponential and Gaussian delays) 12 of 454800
 * looks were outside, by 5 % at most; none of as many with a tenth or half of it on the other way.
 * There is little to gain: a particle filter that is told the wander, B and that delays are
 * exponential has its 1e-5 quantiles 2 to 8 % nearer.
 *
 * A walk is not all that an oscillator does: its rate may jump, by no more than the configured
 * maxclockerror. That readings go on to come as foretold shows that it has not; while the source
 * was silent (silence.h) nothing did. So a rate that was told by an edge from before a silence is
 * taken for that much less certain. (An hour without network and a jump by 0.2 ppm put the truth 50
 * us outside of what the first answer left.)
 *
 * A reference clock whose root dispersion grows is off by as much more than it was: what it showed
 * before is carried along a rate that is its own, so its older intervals are widened by the growth.
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
	bool unseen;	  /* the source was silent for a while since */
};

/* Two edges, counted from the newest sample: one of a side, and whom its rate is taken from. */
struct hardbound_pair {
	int near, far;
};

/* Those that are the tightest at some instants. */
#define HARDBOUND_PAIRS 3
struct hardbound_pairs {
	struct hardbound_pair high[HARDBOUND_PAIRS], low[HARDBOUND_PAIRS];
	int count; /* 0: nobody has looked */
};

struct hardbound {
	struct hardbound_sample ring[HARDBOUND_SAMPLES];
	int count, next;
	int64_t root_dispersion_ns; /* of the newest */
	int64_t poll;		    /* of the newest */
	int64_t least_delay_ns;
	struct hardbound_pairs pairs;
};

/* A line to carry along, and how well its rate is known over the time of the samples. */
struct hardbound_line {
	struct ts_line line;
	double drift_ppb;      /* line.rate_ppb at line.raw is within this of the truth ... */
	double rate_sd_ppb;    /* ... and an error of this standard deviation */
	double wander_ppb;     /* random walk of the rate, ppb/sqrt(s) */
	bool walks;	       /* the rate does that: the edges tell it ... */
	double unseen_ppb;     /* ... and may have jumped by that where nobody looked */
	double least_delay_ns; /* if so: no two exchanges' ways there and back add up to less */
	double slack_ns;       /* the line may be so much beside the truth */
	struct ts_raw since;   /* older samples do not belong to the line */
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

/* What of the newest sample's own half width does not come from the delay; 0 without one. */
int64_t hardbound_newest_other(const struct hardbound *b);

/* Smallest delay of the samples, 0 without one. */
int64_t hardbound_least_delay(const struct hardbound *b);

/* Until the next sample hardbound_at() of a line that walks will ask those edges only that are the
 * tightest now (at line.raw), one interval between samples later or four of them: by then a source
 * that does not answer is about to be given up. Without this it asks all. */
void hardbound_choose(struct hardbound *b, const struct hardbound_line *line);

/* The interval at line.raw. -ENODATA without a sample at or after since. */
int hardbound_at(const struct hardbound *b, const struct hardbound_line *line,
	struct hardbound_interval *ret);

#endif
