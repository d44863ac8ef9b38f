/* SPDX-License-Identifier: MIT */
/*
 * bank_scale.h - the size of the noise, from what holds no clock error. Pure.
 *
 * Two-way: from round trips, 0.873 (q50 - q10) of the last 64, which is 1 for the sum of two
 * exponential delays of mean 1. Low quantiles, since bursts of queueing lengthen up to a third of
 * the round trips without saying anything of the rest.
 *
 * Few round trips tell it poorly, and noise that is larger than it seemed looks like wander, which
 * takes the phase along for many samples. 64 tell it to 17 %, n to that times sqrt(64/n); what is
 * foretold with a deviation known to 1/sqrt(2 v) of itself has Student's law of v degrees, here
 * n/3.7, whose deviation is larger by sqrt(v/(v-2)). The scale is given with that, less what it is
 * for a full window.
 *
 * That is half of what there is to know where delays fall below their middle as far as they rise
 * above it. For laws which say so both halves tell the scale, 0.873 (q90 - q10)/2: after 25 round
 * trips the lower half may have come out a third of what it is. No less than the lower half alone,
 * since a scale that is too small makes noise look like wander, and one too large costs little; no
 * more than EVEN_MOST of it, since beyond that the upper half is queues.
 *
 * The width of a flat law is the distance of the slowest from the fastest way, of both directions
 * of the last 64 exchanges as the line has them, and an n-th more since 2n numbers leave out so
 * much of it in the mean. Not from the base delay on: any base would do then that is low enough. An
 * error of the line adds to it; q90 - q10, which is 0.8 of the width, does not mind what blurs
 * edges by less than a tenth of it, and is good to 5 % over both directions: never more than that
 * and twice its own error. The round trips say 2.07 scales for it, good to 17 %: no less than that
 * while the exchanges are few, since an edge that is too near pushes the line about, and one too
 * far does nothing; and never more than 1.5 times that, since what lies beyond are queues, which a
 * wider law would explain so well that its states, which know little, were believed.
 *
 * One-way: from second differences of three readings at t0 < t1 < t2, each divided by what it would
 * be for white noise of standard deviation 1, sqrt(1 + (1+r)^2 + r^2) with r = (t2-t1)/(t1-t0);
 * the median of 64 / 0.6745 is the standard deviation if Gaussian. As each reading is in three of
 * them they tell it as poorly as round trips do, and few are taken as those are. A law of late
 * readings has a tail far beyond what the middle tells, and now and then a minute of readings that
 * lie close together: three late ones in a row were taken for a step of the clock by 8 of such
 * deviations. What is odd is judged by the tail, too.
 *
 * Where stamps are coarse many values are equal and the quantiles say 0 or one step: then the
 * smallest step met (or, all being equal, the precision told) is the quantum q, and each
 * direction, the difference of two rounded stamps, has a variance of q^2/6.
 */
#ifndef TB_BANK_SCALE_H
#define TB_BANK_SCALE_H

#include <stdbool.h>

#define BANK_WINDOW 64

struct bank_window {
	double ring[BANK_WINDOW], sorted[BANK_WINDOW];
	int count, next;
};

void bank_window_reset(struct bank_window *w);
void bank_window_add(struct bank_window *w, double v);

/* What lies at that share of the order, 0 .. 1, between samples if need be (the k-th of n stands at
 * k/(n+1)); 0 if there is none. */
double bank_window_quantile(const struct bank_window *w, double share);

/* Step between different values if at least a quarter of them are equal to others, else 0.
 * precision is the answer if all are equal. Less than 4 values: 0. */
double bank_window_quantum(const struct bank_window *w, double precision);

/* Jitter of one direction from the round trips in the window. Few of them may not have met the
 * smallest delay: below 8 an eighth of the shortest may still be queueing, (8 - n)/8 of that. */
double bank_scale_two_way_ns(const struct bank_window *w, double precision_ns);

/* The same for a law that is even, Gaussian for one; scale_ns: what that said. */
double bank_scale_even_ns(const struct bank_window *w, double scale_ns);

/* It is judged by its width only once that was measured by half a window. */
bool bank_scale_flat_known(const struct bank_window *out);

/* Width of a law that is flat, from the time of each way, there and back, but for a constant. */
double bank_scale_flat_ns(
	const struct bank_window *out, const struct bank_window *home, double scale_ns);

struct bank_second_difference {
	double t_s[2], y_ns[2]; /* the last two readings, relative to any origin */
	int count;
	struct bank_window window;
};

/* t_s rises. */
void bank_second_difference_add(struct bank_second_difference *d, double t_s, double y_ns);
/* The origin moves: t_s and y_ns are less by so much from now on. */
void bank_second_difference_move(struct bank_second_difference *d, double t_s, double y_ns);

/* Standard deviation of a reading; prior_ns while there are less than 4 differences. */
double bank_scale_one_way_ns(
	const struct bank_second_difference *d, double prior_ns, double precision_ns);

/* For that: no less than the 0.9 quantile tells, which six odd ones in 64 do not move. */
double bank_scale_one_way_gate_ns(const struct bank_second_difference *d, double scale_ns);

#endif
