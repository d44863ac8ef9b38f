/* SPDX-License-Identifier: MIT */
#include "phc2shm/core/summary.h"

#include <math.h>

void summary_add(struct summary *s, double value)
{
	double before = s->mean;

	s->n++;
	/* Welford: the sum of squares about the mean, without their cancellation */
	s->mean += (value - before) / s->n;
	s->deviation_sum += (value - before) * (value - s->mean);
	s->square_sum += value * value;
	if (fabs(value) > s->max_abs)
		s->max_abs = fabs(value);
}

bool summary_get(const struct summary *s, struct summary_result *ret)
{
	if (s->n == 0)
		return false;
	*ret = (struct summary_result){
		.mean = s->mean,
		.rms = sqrt(s->square_sum / s->n),
		.max_abs = s->max_abs,
		.sd = sqrt(s->deviation_sum / s->n),
	};
	return true;
}
