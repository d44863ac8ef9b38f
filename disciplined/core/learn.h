/* SPDX-License-Identifier: MIT */
/*
 * learn.h - the constant difference between the rate that the kernel was told and the rate at which
 * its clock then runs against the raw clock. Pure.
 *
 * The kernel's clock advances in ticks of a rounded number of counter cycles, so its rate differs
 * from the command by some tens of ppb that no register shows. It is constant for a boot. A scalar
 * Kalman filter: state r (ppb), variance P; over dt seconds P grows by Q dt; a reading is the phase
 * gained beyond the prediction divided by dt, its variance that of both brackets (a uniform error
 * over the width, w^2/12 each) and of the ticks at a change of rate, divided by dt^2. Readings that
 * follow each other sooner than LEARN_MIN_S are added up until they span that.
 */
#ifndef DISCIPLINED_LEARN_H
#define DISCIPLINED_LEARN_H

#include "disciplined/core/clkmodel.h"

/* A reading over less tells nothing, and estimates may come a hundred a second. */
#define LEARN_MIN_S 0.1

struct learn {
	double residual_ppb;
	double variance_ppb2;
	/* what was read since the last update */
	double span_s, excess_ns, tick_ns2, width_ns; /* width: of the first reading */
};

void learn_init(struct learn *l);

/* excess_ns: reading minus prediction of the model, which includes the residual so far. */
void learn_update(
	struct learn *l, const struct clk_model *m, const struct clk_reading *r, double excess_ns);

#endif
