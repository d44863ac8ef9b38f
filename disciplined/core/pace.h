/* SPDX-License-Identifier: MIT */
/*
 * pace.h - how fast a clock shall be brought onto a line that moves with each estimate. Pure.
 *
 * Each estimate moves the line by what it learnt, e. To follow at once is best for the phase and
 * worst for the rate; to take the time T over it leaves a share of e in the clock meanwhile, which
 * adds to the line's own error in quadrature, since a good estimator's error does not depend on
 * what it learnt. Over an interval I between estimates
 *
 *     phase, mean square   0.365 E T / I          E = mean of e^2
 *     rate, mean square    0.76 E / (T I)
 *
 * for a slew in two parts: at e/T for 0.6 T, then the rest, 0.4 e, within T. (One part of the same
 * phase error has a rate a tenth rougher; the best possible, an exponential of many, is 4 % better
 * still and costs a wakeup each.)
 *
 * What is known of the line tells E before it is met: with standard deviations s of the phase and
 * r of the rate and wander w the variance grows until the next estimate by
 *
 *     E = 2^(1/2) s r I + r^2 I^2 + w^2 I^3 / 3
 *
 * and in the long run that is what an estimate takes away again. The first term is the correlation
 * of phase and rate, 2^(-1/2) in the steady state of a double integrator driven by white noise
 * (Kalman and Bucy 1961; the filter that is not continuous stays close to it). V = s^2 + E/3 is the
 * line's own mean square error. T is what makes the clock worse by a share c of V:
 *
 *     T = (c / 0.365) I V / E,                c = max(PACE_COST, (I / day)^(1/2)).
 *
 * The mean square of the rate is then 2.08 E^2 / (c I^2 V), so a smoother clock costs phase, and
 * the question is what of it anybody would see. A day of N = day / I estimates tells its RMS error
 * to 1 / (2 N)^(1/2) at best; c makes that error c / 2 worse, with c = N^(-1/2) seven tenths of
 * what the day can tell. At 1024 s that is 5 % of the error for half the RMS rate error of 1.3 %.
 *
 * T is long where noise rules and an estimate says little new, and short where wander rules.
 * There it ends at I/12: the slews make the rate then 2 or 3 times as uncertain as the oscillator's
 * own wander does within an interval, and to be faster gains a per cent of the phase. And at 4 I,
 * since who does not follow for several estimates had better not rely on what they say of
 * themselves; beyond that a clock is smooth anyway.
 */
#ifndef DISCIPLINED_PACE_H
#define DISCIPLINED_PACE_H

/* Of the variance, however short the interval: 1.3 % of the error. */
#define PACE_COST 0.025
/* What the first part takes: of T, and of the way. */
#define PACE_FIRST 0.6

struct pace_line {
	double offset_sd_ns, rate_sd_ppb, wander_ppb; /* of the newest estimate */
	double interval_s;			      /* until the next; 0 unknown */
};

/* Variance of the line's phase dt_s after the instant it is told for. */
double pace_phase_var_ns2(const struct pace_line *line, double dt_s);

/* T / I for that line, within the limits above. interval_s > 0. */
double pace_share(const struct pace_line *line);

#endif
