/* SPDX-License-Identifier: MIT */
/*
 * bank.h - a bank of states over wanders and laws of noise, weighted by how well each predicts.
 * Pure.
 *
 * Neither the wander of the oscillator nor the law of the noise is known. The bank runs a state
 * (bank_hypothesis.h) for each pair of
 *
 *   wander   1e-2 to 1e3 ppb/sqrt(s) (1e-11 to 1e-6), two a decade: from an oven to a quartz in
 *            a draught; the loss of being half a step off is below a per cent
 *   shape    two-way: exponential delay with a Gaussian share of 0.003 to 0.9, and one that lies
 *            evenly between two edges (bank_shapes.h);
 *            one-way: Gaussian of three sizes, one-sided late and early
 *
 * and weighs it by the density it gave to each reading. Within a shape the wanders may turn into
 * each other (interacting multiple models, Blom and Bar-Shalom 1988): about once a day to a
 * neighbour, since temperature and load have a daily course, and once a year to anything. Those
 * are rates in time and not per sample, since the oscillator does not know how often it is looked
 * at; but what is to be told apart by samples must last for some, so that a sample never mixes more
 * than one part in 1000 and 10000. Shapes do not mix their states (their base delays mean different
 * things); their weights multiply and are floored, so that a change of the path's character is
 * noticed. A shape at the floor rests: it looks at every fourth reading only,
 * since all it can do is to rise again, and most of the work would be for shapes that never do.
 *
 * What is answered is the mixture's mean and covariance. The growth of its variance by future
 * wander leaves out the wanders that hold no more weight than the mixing gave them: otherwise
 * a hypothesis that has never been right rules any long prediction (1e-5 of 1e-6 outweighs all of
 * 1e-9).
 */
#ifndef TB_BANK_H
#define TB_BANK_H

#include <stdbool.h>
#include "selectd/core/bank_hypothesis.h"

#define BANK_WANDERS 11
#define BANK_SHAPES  11

/* A law of noise, in terms of the scale measured by other means (bank_scale.h). */
struct bank_shape {
	double scale;	   /* of the measured one */
	double gauss;	   /* share of it that is Gaussian; 1: all */
	bool even;	   /* two-way: delays fall below their mean as far as above */
	bool flat;	   /* two-way: up to a width they are all as likely; scale is of that */
	double sign;	   /* one-way: +1 readings are late, -1 early; unused if Gaussian */
	double log_weight; /* what it starts with */
	double tail_gauss_gain; /* bank_reading.h */
};

struct bank {
	const struct bank_shape *shape;
	int settling; /* readings for which the scale is not known well enough to tell shapes */
	int shapes, two_way;
	int pinned;    /* +1: the base delay there is pin_ns, -1: that back; 0: both are b */
	double pin_ns; /* the state's b is the other direction's meanwhile */
	double log_weight[BANK_SHAPES], share[BANK_SHAPES]; /* share: adds up to 1 */
	int resting[BANK_SHAPES];			    /* readings it will sleep through */
	double behind_s[BANK_SHAPES], behind_creep_ns2[BANK_SHAPES]; /* time not told to it yet */
	struct bank_hypothesis h[BANK_SHAPES][BANK_WANDERS];
};

struct bank_start {
	double x_ns, x_sd_ns, rate_ppb, rate_sd_ppb, base_ns, base_sd_ns;
};

/* The mixture of all states. */
struct bank_mean {
	struct bank_hypothesis state;
	double wander_ppb;	/* geometric mean */
	double wander_var_ppb2; /* w^2 for predictions; see above */
	double wander_tail_ppb; /* four times this is exceeded as rarely as four deviations of a
				   Gaussian: the largest sqrt(1 + 2 log p / 16) w of those whose
				   weight p is more than neighbours keep up in each other */
	double gauss;		/* mean share of the noise that is Gaussian */
};

void bank_start(struct bank *b, int two_way, const struct bank_start *start);

/* dt_s later. creep_ns2: what the base delay's variance gains by then. */
void bank_advance(struct bank *b, double dt_s, double creep_ns2);

/* Size of the noise of one direction, measured by other means (bank_scale.h). */
struct bank_size {
	double scale_ns; /* its jitter */
	double even_ns;	 /* two-way: the same if delays are even; */
	double flat_ns;	 /* width if they are flat */
	bool flat_known; /* well enough to judge by it whether they are */
};

/* Both directions, at the same instant; floor_ns2: variance of reading the clocks. */
void bank_two_way(struct bank *b, double there_ns, double back_ns, const struct bank_size *size,
	double floor_ns2);

/* One reading; scale_ns: measured standard deviation. */
void bank_one_way(struct bank *b, double y_ns, double scale_ns, double floor_ns2);

/* Phases and rates are less certain than they seemed. */
void bank_loosen(struct bank *b, double phase_var_ns2, double rate_var_ppb2);

/* All base delays are moved and less certain. */
void bank_move_base(struct bank *b, double by_ns, double var_ns2);

/* That direction's base delay is what both had until now, for certain; b is that of the other one
 * alone from here on, and less certain. */
void bank_pin(struct bank *b, int direction, double base_ns, double var_ns2);

/* b is both directions' again: what was the pinned one's. by_ns: base delay of the other one less
 * that, which readings of that direction have to be lessened by from now on. */
void bank_unpin(struct bank *b, double by_ns);

/* Base delays of both directions: their sum, and there less back. */
double bank_trip_ns(const struct bank *b, const struct bank_mean *m);
double bank_apart_ns(const struct bank *b, const struct bank_mean *m);

void bank_mean(const struct bank *b, struct bank_mean *ret);

/* Phase and its variance dt_s later, or before if negative. */
double bank_phase_ns(const struct bank_mean *m, double dt_s);
double bank_phase_var_ns2(const struct bank_mean *m, double dt_s);

#endif
