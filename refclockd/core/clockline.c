/* SPDX-License-Identifier: MIT */
#include "refclockd/core/clockline.h"

#include <errno.h>
#include <math.h>

/* Pairs closer than this say nothing about the rate; further apart, nothing about the rate now. */
#define SPAN_MIN_NS (50 * NS_PER_MS)
#define SPAN_MAX_NS (20 * NS_PER_S)
/* Noise of the readings. */
#define DOUBT_MIN 1e-6
/* Older stamps are not carried: doubles would lose nanoseconds, and nobody wants them. */
#define AGE_MAX_NS (3600 * NS_PER_S)

static void take_rate(struct clockline *l, int64_t other_ns, struct ts_raw raw)
{
	int64_t span_ns = ts_raw_sub(raw, l->base).ns;
	double rate =
		(double)ts_sat_sub(ts_sat_sub(other_ns, l->base_ns), span_ns) / (double)span_ns;
	double change = fabs(rate - l->rate);

	l->stepped = fabs(rate) > CLOCKLINE_STEP_RATE;
	if (l->stepped || span_ns > SPAN_MAX_NS || l->pairs < 2)
		l->doubt = CLOCKLINE_RATE_MAX;
	else
		l->doubt = change > DOUBT_MIN ? change : DOUBT_MIN;
	l->rate = l->stepped ? 0 : rate;
	l->pairs = l->stepped ? 1 : 2;
	l->base = raw;
	l->base_ns = other_ns;
}

void clockline_add(struct clockline *l, int64_t other_ns, struct ts_raw raw, int64_t width_ns)
{
	if (l->pairs == 0 || ts_raw_before(raw, l->last)) {
		l->pairs = 1;
		l->base = raw;
		l->base_ns = other_ns;
		l->rate = 0;
		l->doubt = CLOCKLINE_RATE_MAX;
		l->stepped = false;
	} else if (ts_raw_sub(raw, l->base).ns >= SPAN_MIN_NS) {
		take_rate(l, other_ns, raw);
	}
	l->last = raw;
	l->last_ns = other_ns;
	l->width_ns = width_ns;
}

int clockline_raw(
	const struct clockline *l, int64_t other_ns, struct ts_raw *ret, int64_t *ret_error_ns)
{
	int64_t age_ns = ts_sat_sub(l->last_ns, other_ns);
	double raw_age;

	if (l->pairs == 0)
		return -EAGAIN;
	if (age_ns > AGE_MAX_NS || age_ns < -AGE_MAX_NS || (l->stepped && age_ns > 0))
		return -ERANGE;
	raw_age = (double)age_ns / (1.0 + l->rate);
	*ret = ts_raw_add(l->last, (struct ts_dur){-(int64_t)llround(raw_age)});
	*ret_error_ns = l->width_ns / 2 + (int64_t)ceil(fabs(raw_age) * l->doubt);
	return 0;
}
