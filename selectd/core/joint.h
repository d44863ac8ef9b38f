/* SPDX-License-Identifier: MIT */
/*
 * joint.h - one phase out of the lines of several sources, each with a bias of its own. Pure.
 *
 * What source i says of the time is z_i = x + a_i + e_i: the truth, the asymmetry of its path and
 * the error of its server, which last, and the noise of its line, which does not. Of the a_i only
 * the differences can be seen. Were x a mean of the z_i alone, it would jump by parts of a
 * millisecond whenever a source comes, goes or changes its weight. So the a_i are state, as the
 * times of clocks are in a time scale (Tavella and Thomas 1991), and x is what has
 *
 *     x = predicted + sum w_i (z_i - a_i - predicted),   w_i ~ 1 / (s_i^2 + v_i)
 *     sum p_i (a_i - moved_i) = 0,                        p_i = 1 / (A_i + v_i)
 *
 * s_i is the standard deviation of the line's noise, v_i the variance of what is known of a_i, A_i
 * the variance of a_i itself, from the length of the path (select_rank.c). The first line makes x
 * follow the best lines without a jump, the second puts it where the mean over all that is known of
 * the constant part lies, which no time makes any better.
 *
 * Fed are the lines of the sources and not their exchanges: a line has dealt with routes, bursts
 * and outliers by itself and may take back what it said, which a filter over exchanges could not.
 * Three quarters of the variance of a line's phase are its own noise, and independent of the
 * others' (steady filter of a random walk in frequency, critically damped): a mean of four lines
 * has 0.66 of the error of one, where a filter over all their exchanges would have 0.59.
 *
 *   learning   a_i takes part of z_i - a_i - x, as a Kalman filter of a constant that creeps. The
 *              noise of a line is remembered for t = s_i / (standard deviation of its rate), so
 *              that dt of it counts as dt/2t measurements, at most one.
 *   creep      a hundredth of sqrt(A_i) a day (variance grows with time). Routes last days; of
 *              their changes nine in ten are seen as jumps, and the rest amounts to about that.
 *   absence    a source that does not take part keeps a_i and its share p_i; v_i grows by its own
 *              creep and that of the mean of the others. So the scale passes slowly from the
 *              sources that are gone to those that are there.
 *   fading     the line of a source that took part and fell silent goes on as foretold, with the
 *              deviation that wander gives it, until it is worth nothing beside the others: a pulse
 *              that is away for a minute leaves the clock where it was, and not at once with the
 *              phase and rate of servers. If it departs from the others by five deviations, it is
 *              not what became of the oscillator, and is dropped.
 *   jump       z_i departs from a_i + predicted by five deviations, and more sources contradict
 *              that than have made the same jump: its bias has changed. a_i follows at once, its
 *              share in x stays as it was (moved_i). If none contradicts, it is our oscillator.
 *   shift      if the second line does not hold (a source came, is a falseticker, has another A),
 *              x moves towards it no faster than the rate is known, which nobody can tell from the
 *              oscillator. But a distance of more than two deviations of the constant part is wrong
 *              enough to be gone at once: a pulse joins servers that are a millisecond off.
 *
 *   correction  a source says that it has set its own clock (correction.h): its bias has changed by
 *              just that, as its clock is meant to be nearer to the truth now. x goes along with
 *              the mean at once, by its share p_i: this is not our oscillator for certain.
 *
 * What is told follows x at once: how fast a clock does is for who steers it, by the deviations.
 * A single source has a_i = 0, and x = z_i.
 */
#ifndef TB_JOINT_H
#define TB_JOINT_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define JOINT_MAX 64

/* What is known of a source's bias; zeroed: nothing. */
struct joint_bias {
	bool known;
	double ns;	  /* a_i: its line minus ours */
	double moved_ns;  /* sum of its jumps, not part of the mean */
	double set_ns;	  /* by so much it has set its clock since the last turn */
	double var_ns2;	  /* v_i */
	double prior_ns2; /* A_i, when it last took part */
	double weight;	  /* w_i in the last turn; 0 if it took no part */
	bool fades;	  /* took part when it was heard last, and is worth something yet */
};

enum joint_role {
	JOINT_TAKES_PART,
	JOINT_LISTENS,	/* right, but not wanted now: learns its bias, for the time when it is */
	JOINT_AWAY,	/* silent: what was learned stays, and keeps its share in the mean */
	JOINT_FADES,	/* as that, but its line is foretold from what it was */
	JOINT_SHUT_OUT, /* falseticker: no part in anything */
};

struct joint_reading {
	struct joint_bias *bias;
	enum joint_role role;
	/* of one that takes part, listens or fades: */
	int64_t offset_ns;	   /* z_i minus the base, at the instant */
	double sd_ns, rate_sd_ppb; /* s_i and that of its rate */
	double prior_ns2;	   /* A_i > 0 */
};

struct joint {
	bool started;
	struct ts_line line; /* x */
	double noise_ns;     /* its standard deviation without the constant part */
	double rate_sd_ppb, wander_ppb;
};

/* The instant, and the line's rate from here on with its standard deviation and wander. The phase
 * lies in low..high (against the base) for certain. */
struct joint_occasion {
	struct ts_raw at;
	struct ts_utc base;
	double rate_ppb, rate_sd_ppb, wander_ppb;
	int64_t low_ns, high_ns;
};

struct joint_phase {
	int64_t offset_ns; /* the line's phase minus the base */
	double sd_ns;	   /* noise, and what the sources differ by for long */
};

/* At least one of n <= JOINT_MAX takes part. Time that went back counts as none. */
void joint_run(struct joint *j, const struct joint_reading *r, int n,
	const struct joint_occasion *o, struct joint_phase *ret);

/* The raw clock has jumped: the line is void. The sources' biases are theirs and stay good. */
void joint_lose_line(struct joint *j);

/* What a bias's variance gains in that time. */
double joint_creep_ns2(const struct joint_bias *b, double dt_s);

/* The source has set its clock by that. */
void joint_correct(struct joint_bias *b, struct ts_dur by);

/* A leap second: the reference's time is moved. Biases are differences and stay. */
void joint_shift(struct joint *j, struct ts_dur shift);

#endif
