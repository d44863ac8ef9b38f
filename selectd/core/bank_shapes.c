/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_shapes.h"

#include <math.h>

/*
 * Queues add bursts: a tenth of the delays from a law ten times longer. A guess between 0 (a
 * burst then throws the state) and more (which costs paths without bursts); it costs 2 to 5 % where
 * there are none. Readings of a clock have rarer outliers: one in a hundred, so that a single odd
 * reading is an outlier (7 nepers) rather than a new wander (13 nepers at one reading a second).
 *
 * Early readings have no such tail, and need none where delays have an edge. But 64 Gaussian round
 * trips tell the scale to 17 % only, and the worst of the 600 windows of a month to a half of it:
 * readings that are 3 deviations off seem to be 6 then, and two of them, 36 nepers, a new wander of
 * 1e-6 that takes the phase along by all of the noise. What is three times wider in the tail that
 * is there anyway makes that 2 (2 + ln 30) nepers, less than such a wander has to overcome; it
 * costs up to 0.8 % where the noise is Gaussian.
 */
#define DELAY_TAIL  0.1
#define GAUSS_TAIL  0.01
#define TAIL_GAIN   10.0
#define SCALE_DOUBT 3.0
#define LOG_STRONG  -8.0
#define SCALE_EDGE  1.27
#define FLAT_SOFT                                                                                  \
	0.02 /* the greatest of 128 falls short of the width by a 128th, give or take that */
#define MEAN_MIN_NS 1e-3

const struct bank_shape bank_two_way_shapes[BANK_TWO_WAY_SHAPES] = {
	{.scale = 1, .gauss = 0.0005},
	{.scale = 1, .gauss = 0.03},
	{.scale = 0.9, .gauss = 0.2},
	{.scale = 0.75, .gauss = 0.5},
	{.scale = 0.63, .gauss = 0.9, .even = true, .tail_gauss_gain = SCALE_DOUBT},
	{.scale = 1, .gauss = FLAT_SOFT, .flat = true, .log_weight = LOG_STRONG},
};

const struct bank_shape bank_one_way_shapes[BANK_ONE_WAY_SHAPES] = {
	{.scale = 1, .gauss = 1},
	{.scale = 0.5, .gauss = 1},
	{.scale = 0.25, .gauss = 1},
	{.scale = SCALE_EDGE, .gauss = 0.05, .sign = 1, .log_weight = LOG_STRONG},
	{.scale = SCALE_EDGE, .gauss = 0.3, .sign = 1, .log_weight = LOG_STRONG},
	{.scale = SCALE_EDGE / 2, .gauss = 0.05, .sign = 1, .log_weight = LOG_STRONG},
	{.scale = SCALE_EDGE / 2, .gauss = 0.3, .sign = 1, .log_weight = LOG_STRONG},
	{.scale = SCALE_EDGE, .gauss = 0.05, .sign = -1, .log_weight = LOG_STRONG},
	{.scale = SCALE_EDGE, .gauss = 0.3, .sign = -1, .log_weight = LOG_STRONG},
	{.scale = SCALE_EDGE / 2, .gauss = 0.05, .sign = -1, .log_weight = LOG_STRONG},
	{.scale = SCALE_EDGE / 2, .gauss = 0.3, .sign = -1, .log_weight = LOG_STRONG},
};

struct bank_noise bank_shape_noise(const struct bank_shape *s, double scale_ns, double floor_ns2)
{
	double size = s->scale * scale_ns, g = s->gauss * size;
	struct bank_noise n = {
		.var_ns2 = g * g + floor_ns2,
		.tail = GAUSS_TAIL,
		.tail_gain = TAIL_GAIN,
	};

	if (s->gauss < 1) {
		n.mean_ns = fmax(size * sqrt(1 - s->gauss * s->gauss), MEAN_MIN_NS);
		n.tail = DELAY_TAIL;
		n.tail_gauss_gain = s->tail_gauss_gain;
	}
	if (s->flat)
		n.flat_ns = size;
	return n;
}
