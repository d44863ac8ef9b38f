/* SPDX-License-Identifier: MIT */
/*
 * bank_shapes.h - the laws of noise a bank weighs against each other. Pure.
 *
 * Two-way, the scale being 0.873 (q50 - q10) of the round trips: exponential delays with a
 * Gaussian share. 0.003 is a path with a sharp edge (the edge's own width must be small against
 * what 64 edges tell, or a tenth of the accuracy is lost); 0.9 is practically Gaussian. The scale
 * factors make 0.873 (q50 - q10) of such a law's round trips 1.
 *
 * Where something answers or looks only every so often (a network card that gathers its interrupts,
 * a modem that waits for its turn, a poll) delays lie evenly between two edges, and the upper one
 * tells as much as the lower. To take them for Gaussian doubles the error at 16 s polls; the
 * scale of that shape is the width from edge to edge (bank_scale.h).
 *
 * One-way, the scale being the median of scaled second differences / 0.6745: Gaussian of that
 * standard deviation, half and a quarter of it (the differences hold the wander as well), and one
 * sided, where that statistic of an exponential law of mean 1 is 0.787: scale 1.27, or half of it
 * where other noise is as large.
 *
 * To take an edge for the truth, on one side only or on both, is a strong statement, so one-sided
 * laws of one-way readings and the flat one start at e^-8, a ratio of 3000 that the data must
 * overcome.
 */
#ifndef TB_BANK_SHAPES_H
#define TB_BANK_SHAPES_H

#include "selectd/core/bank.h"

#define BANK_TWO_WAY_SHAPES 6
#define BANK_ONE_WAY_SHAPES 11

extern const struct bank_shape bank_two_way_shapes[BANK_TWO_WAY_SHAPES];
extern const struct bank_shape bank_one_way_shapes[BANK_ONE_WAY_SHAPES];

/* Noise of a shape at that scale. floor_ns2 > 0 is added to the Gaussian part. */
struct bank_noise bank_shape_noise(const struct bank_shape *s, double scale_ns, double floor_ns2);

#endif
