/* SPDX-License-Identifier: MIT */
#include "selectd/core/hardbound.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Standard deviations of rate and wander that the carried interval allows for (ESTIMATOR: 99.99 %
 * needs 5 to 7 of a heavy-tailed error; the drift allowance comes on top). */
#define CARRY_SIGMAS  5.0
#define DOUBLINGS_MAX 6
#define NS_MAX	      4e18

void hardbound_reset(struct hardbound *b)
{
	b->count = 0;
	b->next = 0;
}

int64_t hardbound_error(const struct msg_sample *sample)
{
	int64_t own = ts_sat_add((sample->delay_ns + 1) / 2, sample->dispersion_ns);

	if (sample->bound_ns > 0)
		return ts_sat_add(own, sample->bound_ns);
	return own + (sample->root_delay_ns + 1) / 2 + sample->root_dispersion_ns;
}

void hardbound_add(struct hardbound *b, const struct msg_sample *sample)
{
	b->ring[b->next] = (struct hardbound_sample){
		.raw = {sample->raw_ns},
		.utc = {sample->utc_ns},
		.error_ns = hardbound_error(sample),
		.other_ns = hardbound_error(sample) - (sample->delay_ns + 1) / 2,
	};
	b->next = (b->next + 1) % HARDBOUND_SAMPLES;
	if (b->count < HARDBOUND_SAMPLES)
		b->count++;
}

void hardbound_shift(struct hardbound *b, struct ts_dur shift)
{
	for (int i = 0; i < b->count; i++)
		b->ring[i].utc = ts_utc_add(b->ring[i].utc, shift);
}

static const struct hardbound_sample *from_newest(const struct hardbound *b, int i)
{
	return &b->ring[(b->next - 1 - i + 2 * HARDBOUND_SAMPLES) % HARDBOUND_SAMPLES];
}

int64_t hardbound_newest_error(const struct hardbound *b)
{
	return b->count > 0 ? from_newest(b, 0)->error_ns : 0;
}

int64_t hardbound_newest_other(const struct hardbound *b)
{
	return b->count > 0 ? from_newest(b, 0)->other_ns : 0;
}

/* A double as nanoseconds, within what sums of two cannot overflow. */
static int64_t whole_ns(double ns)
{
	if (ns > NS_MAX)
		return (int64_t)NS_MAX;
	return ns > -NS_MAX ? (int64_t)ns : -(int64_t)NS_MAX;
}

static int64_t widening_ns(const struct hardbound_line *line, double scale, double t_s)
{
	double sd = t_s * hypot(line->rate_sd_ppb, line->wander_ppb * sqrt(t_s / 3));

	return whole_ns(scale * (line->drift_ppb * t_s + CARRY_SIGMAS * sd)) +
	       2; /* and roundings */
}

/* The interval of one sample at line->line.raw, relative to the line there. What the rate makes of
 * the time between is small enough for a double. */
static void carry(const struct hardbound_line *line, double scale, const struct hardbound_sample *s,
	int64_t *ret_low, int64_t *ret_high)
{
	struct ts_dur t = ts_raw_sub(s->raw, line->line.raw);
	double t_s = ts_dur_to_s(t);
	int64_t phase = ts_sat_sub(ts_utc_sub(s->utc, line->line.utc).ns, t.ns);
	int64_t middle = ts_sat_sub(phase, whole_ns(line->line.rate_ppb * t_s));
	int64_t e = ts_sat_add(s->error_ns, widening_ns(line, scale, fabs(t_s)));

	*ret_low = ts_sat_sub(middle, e);
	*ret_high = ts_sat_add(middle, e);
}

/* Newest first; only those that hold the line within slack_ns. */
static struct hardbound_interval intersect(
	const struct hardbound *b, const struct hardbound_line *line, double scale, double slack_ns)
{
	struct hardbound_interval r = {.low_ns = INT64_MIN, .high_ns = INT64_MAX};

	for (int i = 0; i < b->count; i++) {
		const struct hardbound_sample *s = from_newest(b, i);
		int64_t low, high;

		if (ts_raw_before(s->raw, line->since))
			break;
		carry(line, scale, s, &low, &high);
		if (low > r.high_ns || high < r.low_ns || (double)low > slack_ns ||
			(double)high < -slack_ns) {
			r.contradictions++;
			continue;
		}
		r.low_ns = low > r.low_ns ? low : r.low_ns;
		r.high_ns = high < r.high_ns ? high : r.high_ns;
		r.used++;
	}
	return r;
}

int hardbound_at(const struct hardbound *b, const struct hardbound_line *line,
	struct hardbound_interval *ret)
{
	struct hardbound_interval all = intersect(b, line, 1, INFINITY), near;
	double scale = 2;

	if (all.used == 0)
		return -ENODATA;
	for (int i = 0; all.contradictions > 0 && i < DOUBLINGS_MAX; i++, scale *= 2)
		if (intersect(b, line, scale, INFINITY).contradictions == 0) {
			/* just agreeing is an interval of next to no width: once more */
			*ret = intersect(b, line, 2 * scale, INFINITY);
			return 0;
		}
	*ret = all;
	if (all.contradictions == 0)
		return 0;
	near = intersect(b, line, 1, line->slack_ns);
	if (near.used > 0)
		*ret = near;
	return 0;
}
