/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/poll.h"

#include <math.h>

#define SQRT_2 1.4142135623730951

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

/* The variance of the phase in t_s from now. */
static double variance_ns2(const struct poll_input *in, double t_s)
{
	double var = in->sd_ns * in->sd_ns, r = t_s / in->interval_s;
	double gain = var * fmax(in->growth * in->growth - 1, 0);
	double by_rate_ns = in->rate_sd_ppb * in->interval_s;
	double linear = SQRT_2 * in->sd_ns * by_rate_ns, square = by_rate_ns * by_rate_ns;
	double known = linear + square;

	if (known > gain) {
		linear *= gain / known;
		square *= gain / known;
		known = gain;
	}
	return var + r * (linear + r * (square + r * (gain - known)));
}

/* The variance at which the next packet is worth its price. */
static double worth_ns2(const struct poll_input *in)
{
	double sample_ns2 = in->jitter_ns * in->jitter_ns;
	double base_ns2 = in->base_delay_ns * in->base_delay_ns;
	double fine_ns2 = POLL_FINE_SHARE * POLL_FINE_SHARE * base_ns2;

	fine_ns2 = fmin(fine_ns2, POLL_WORTH_FINE * sample_ns2);
	return fmin(fmax(POLL_WORTH * sample_ns2, fine_ns2),
		fmax(POLL_WORTH_COARSE * sample_ns2, base_ns2));
}

/* What is foretold for the next sample, if the interval is that. */
static double foretold_ns2(const struct poll_input *in, int parts)
{
	return variance_ns2(in, in->polls * ts_dur_to_s(poll_parts_interval(parts)));
}

/* As long as the prediction goes with it, an octave longer at most. */
static int step_by_worth(const struct poll_input *in)
{
	double worth = worth_ns2(in);
	int step = POLL_PARTS;

	while (in->parts + step > in->minpoll * POLL_PARTS &&
		foretold_ns2(in, in->parts + step) > worth)
		step--;
	return step;
}

/* The last answer told next to nothing. After a lost one nobody knows what was to be expected. */
static bool was_useless(const struct poll_input *in, const struct poll_memory *m)
{
	return (in->reach & 3) == 3 && m->foretold_ns2 > 0 &&
	       in->sd_ns * in->sd_ns > (1 - POLL_USELESS) * m->foretold_ns2;
}

static int step_by_judgement(const struct poll_input *in, struct poll_memory *m)
{
	int step = step_by_worth(in);
	bool useless = was_useless(in, m);

	if (useless && step < (m->useless ? POLL_PARTS : 0))
		step = m->useless ? POLL_PARTS : 0;
	m->useless = useless;
	return step;
}

int poll_next(const struct poll_input *in, struct poll_memory *memory)
{
	int step, parts;

	if (in->growth > 0)
		step = step_by_judgement(in, memory);
	else
		step = in->samples >= POLL_STEP_SAMPLES &&
		       in->samples % (POLL_STEP_SAMPLES / POLL_PARTS) == 0;
	/* A path that loses packets is not asked less often still. */
	if (step > 0 && (in->reach & 3) != 3)
		step = 0;
	parts = clamp(in->parts + step, in->minpoll * POLL_PARTS, in->maxpoll * POLL_PARTS);
	memory->foretold_ns2 = in->growth > 0 ? foretold_ns2(in, parts) : 0;
	return parts;
}
