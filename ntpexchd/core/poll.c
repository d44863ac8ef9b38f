/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/poll.h"

#include <math.h>

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

struct ts_dur poll_interval(int poll)
{
	int p = clamp(poll, POLL_MIN, POLL_MAX);

	return (struct ts_dur){p >= 0 ? NS_PER_S << p : NS_PER_S >> -p};
}

static int step_by_growth(const struct poll_input *in)
{
	double g2 = in->growth * in->growth;

	if (in->growth > POLL_GROWTH_MAX)
		return -1;
	if (in->samples < POLL_RAISE_SAMPLES)
		return 0;
	return g2 <= 1 || sqrt(1 + 8 * (g2 - 1)) <= POLL_GROWTH_MAX ? 1 : 0;
}

int poll_next(const struct poll_input *in)
{
	int step;

	if (in->growth > 0)
		step = step_by_growth(in);
	else
		step = in->samples >= POLL_STEP_SAMPLES;
	/* A path that loses packets is not asked less often still. */
	if (step > 0 && (in->reach & 3) != 3)
		step = 0;
	return clamp(in->poll + step, in->minpoll, in->maxpoll);
}
