/* SPDX-License-Identifier: MIT */
#include "selectd/core/hardbound.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Standard deviations of rate and wander that the carried interval allows for (ESTIMATOR: 99.99 %
 * needs 5 to 7 of a heavy-tailed error; the drift allowance comes on top). */
#define CARRY_SIGMAS  5.0
#define EDGE_SIGMAS   4.0 /* hardbound.h tells why */
#define DOUBLINGS_MAX 6
#define ROUNDING_NS   2
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

static void widen(struct hardbound *b, const struct msg_sample *sample)
{
	int64_t grown_ns = sample->root_dispersion_ns - b->root_dispersion_ns;
	bool exchange = sample->t1_raw_ns > 0;

	b->root_dispersion_ns = sample->root_dispersion_ns;
	if (exchange || grown_ns <= 0)
		return;
	for (int i = 0; i < b->count; i++) {
		b->ring[i].error_ns = ts_sat_add(b->ring[i].error_ns, grown_ns);
		b->ring[i].other_ns = ts_sat_add(b->ring[i].other_ns, grown_ns);
	}
}

void hardbound_add(struct hardbound *b, const struct msg_sample *sample)
{
	widen(b, sample);
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

int64_t hardbound_newest_other(const struct hardbound *b)
{
	return b->count > 0 ? from_newest(b, 0)->other_ns : 0;
}

int64_t hardbound_least_delay(const struct hardbound *b)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < b->count; i++) {
		int64_t delay = 2 * (b->ring[i].error_ns - b->ring[i].other_ns);

		least = delay < least ? delay : least;
	}
	return b->count > 0 ? least : 0;
}

/* A double as nanoseconds, within what sums of two cannot overflow. */
static int64_t whole_ns(double ns)
{
	if (ns > NS_MAX)
		return (int64_t)NS_MAX;
	return ns > -NS_MAX ? (int64_t)ns : -(int64_t)NS_MAX;
}

/* One sample's edges as the line sees them at its instant, and how long ago that is. */
struct edges {
	double age_s;
	int64_t low_ns, high_ns;
};

static int64_t widening_ns(const struct hardbound_line *line, double scale, double age_s)
{
	double t = fabs(age_s);
	double rate = line->rate_sd_ppb, wander = line->wander_ppb;
	double sd = t * sqrt(rate * rate + wander * wander * t / 3);

	return whole_ns(scale * (line->drift_ppb * t + CARRY_SIGMAS * sd)) + ROUNDING_NS;
}

/* What the rate makes of the time between is small enough for a double. */
static struct edges edges_of(const struct hardbound_line *line, const struct hardbound_sample *s)
{
	struct ts_dur age = ts_raw_sub(line->line.raw, s->raw);
	double age_s = ts_dur_to_s(age);
	int64_t phase = ts_sat_add(ts_sat_sub(s->utc.ns, line->line.utc.ns), age.ns);
	int64_t middle = ts_sat_add(phase, whole_ns(line->line.rate_ppb * age_s));

	return (struct edges){
		.age_s = age_s,
		.low_ns = ts_sat_sub(middle, s->error_ns),
		.high_ns = ts_sat_add(middle, s->error_ns),
	};
}

static bool holds_line(const struct edges *e, const struct hardbound_line *line, double slack_ns)
{
	int64_t widening = widening_ns(line, 1, e->age_s);

	return (double)ts_sat_sub(e->low_ns, widening) <= slack_ns &&
	       (double)ts_sat_add(e->high_ns, widening) >= -slack_ns;
}

/* Those of the line, newest first; near: only those that hold it within slack_ns. */
static int collect(
	const struct hardbound *b, const struct hardbound_line *line, bool near, struct edges *ret)
{
	int n = 0;

	for (int i = 0; i < b->count; i++) {
		const struct hardbound_sample *s = from_newest(b, i);

		if (ts_raw_before(s->raw, line->since))
			break;
		ret[n] = edges_of(line, s);
		if (!near || holds_line(&ret[n], line, line->slack_ns))
			n++;
	}
	return n;
}

/* Edges carried along the line. */
static struct hardbound_interval carried(
	const struct edges *e, int n, const struct hardbound_line *line, double scale)
{
	struct hardbound_interval r = {.low_ns = INT64_MIN, .high_ns = INT64_MAX};

	for (int i = 0; i < n; i++) {
		int64_t w = widening_ns(line, scale, e[i].age_s);
		int64_t low = ts_sat_sub(e[i].low_ns, w), high = ts_sat_add(e[i].high_ns, w);

		if (low > r.high_ns || high < r.low_ns) {
			r.contradictions++;
			continue;
		}
		r.low_ns = low > r.low_ns ? low : r.low_ns;
		r.high_ns = high < r.high_ns ? high : r.high_ns;
		r.used++;
	}
	return r;
}

/* One side's edges outwards from the line, the other side's, and what the walk allows for: an edge
 * t ago carried by the rate since one T ago has sag[T] t beside it (hardbound.h). */
struct sides {
	const double *near, *far;
	const double *age_s, *sag_ppb;
	int n;
	const struct hardbound_line *line;
	double scale;
};

/* Edge i as it is now, by the rate between it and what older ones say on the other side. Only those
 * can be the best that are tighter than all between. */
static double carried_by_rate(const struct sides *s, int i)
{
	double t = s->age_s[i], near = s->near[i] - s->line->least_delay_ns;
	double least = INFINITY, tightest = INFINITY;

	for (int j = i + 1; j < s->n; j++) {
		double gap, rate, span = s->age_s[j] - t;

		if (s->far[j] >= tightest || span <= 0)
			continue;
		tightest = s->far[j];
		gap = near + tightest;
		rate = (gap > 0 ? gap / span : 0) + s->sag_ppb[j];
		least = rate < least ? rate : least;
	}
	return s->near[i] + least * t;
}

/* Without older ones there is no rate but the line's. */
static double edge_now(const struct sides *s, int i)
{
	if (s->age_s[i] > 0 && s->n > 1)
		return carried_by_rate(s, i);
	return s->near[i] + (double)widening_ns(s->line, s->scale, s->age_s[i]);
}

/* The tightest of one side, as a distance from the line. */
static double tightest(const struct sides *s)
{
	double best = INFINITY, newer = INFINITY;

	for (int i = 0; i < s->n; i++) {
		double v;

		if (s->near[i] >= newer)
			continue;
		newer = s->near[i];
		v = edge_now(s, i);
		best = v < best ? v : best;
	}
	return best;
}

static struct hardbound_interval carried_by_edges(
	const struct edges *e, int n, const struct hardbound_line *line, double scale)
{
	double high[HARDBOUND_SAMPLES], low[HARDBOUND_SAMPLES], age_s[HARDBOUND_SAMPLES],
		sag_ppb[HARDBOUND_SAMPLES];
	struct sides up = {high, low, age_s, sag_ppb, n, line, scale};
	struct sides down = {low, high, age_s, sag_ppb, n, line, scale};
	struct hardbound_interval r = {.used = n};

	for (int i = 0; i < n; i++) {
		high[i] = (double)e[i].high_ns;
		low[i] = -(double)e[i].low_ns;
		age_s[i] = e[i].age_s;
		sag_ppb[i] = scale * EDGE_SIGMAS * line->wander_ppb * sqrt(fmax(age_s[i], 0) / 3);
	}
	r.high_ns = ts_sat_add(whole_ns(tightest(&up)), ROUNDING_NS);
	r.low_ns = -ts_sat_add(whole_ns(tightest(&down)), ROUNDING_NS);
	r.contradictions = n > 0 && r.low_ns > r.high_ns;
	return r;
}

static struct hardbound_interval intersect(
	const struct edges *e, int n, const struct hardbound_line *line, double scale)
{
	return line->walks ? carried_by_edges(e, n, line, scale) : carried(e, n, line, scale);
}

int hardbound_at(const struct hardbound *b, const struct hardbound_line *line,
	struct hardbound_interval *ret)
{
	struct edges e[HARDBOUND_SAMPLES];
	int n = collect(b, line, false, e);
	struct hardbound_interval all = intersect(e, n, line, 1);
	double scale = 2;

	if (n == 0)
		return -ENODATA;
	for (int i = 0; all.contradictions > 0 && i < DOUBLINGS_MAX; i++, scale *= 2)
		if (intersect(e, n, line, scale).contradictions == 0) {
			/* just agreeing is an interval of next to no width: once more */
			*ret = intersect(e, n, line, 2 * scale);
			return 0;
		}
	if (all.contradictions > 0) {
		n = collect(b, line, true, e);
		if (n == 0)
			n = collect(b, line, false, e) > 0; /* the newest */
		all = carried(e, n, line, 1);
	}
	*ret = all;
	return 0;
}
