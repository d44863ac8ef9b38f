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

int poll_of_parts(int parts)
{
	int poll = parts / POLL_PARTS;

	return parts < poll * POLL_PARTS ? poll - 1 : poll;
}

struct ts_dur poll_parts_interval(int parts)
{
	int poll = poll_of_parts(parts);
	double part = (double)(parts - poll * POLL_PARTS) / POLL_PARTS;

	return (struct ts_dur){(int64_t)((double)poll_interval(poll).ns * exp2(part))};
}

/* May the interval be so many parts longer (or shorter)? */
static bool allowed(const struct poll_input *in, int parts)
{
	double gain = fmax(in->growth * in->growth - 1, 0);
	double growth = sqrt(1 + gain * exp2(3.0 * parts / POLL_PARTS));
	double sd_ns = growth * in->sd_ns;

	if (sd_ns < POLL_FINE_SHARE * in->base_delay_ns)
		return growth <= POLL_GROWTH_FINE;
	return growth <= (sd_ns > in->base_delay_ns ? POLL_GROWTH_COARSE : POLL_GROWTH_MAX);
}

static int step_by_growth(const struct poll_input *in)
{
	int step = allowed(in, 1) ? 1 : 0;

	while (step > -POLL_PARTS && !allowed(in, step))
		step--;
	return step;
}

int poll_next(const struct poll_input *in)
{
	int step;

	if (in->growth > 0)
		step = step_by_growth(in);
	else
		step = in->samples >= POLL_STEP_SAMPLES &&
		       in->samples % (POLL_STEP_SAMPLES / POLL_PARTS) == 0;
	/* A path that loses packets is not asked less often still. */
	if (step > 0 && (in->reach & 3) != 3)
		step = 0;
	return clamp(in->parts + step, in->minpoll * POLL_PARTS, in->maxpoll * POLL_PARTS);
}
