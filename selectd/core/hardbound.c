/* SPDX-License-Identifier: MIT */
#include "selectd/core/hardbound.h"
#include "selectd/core/hardbound_edges.h"
#include "selectd/core/silence.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define DOUBLINGS_MAX 6
#define LATER	      4 /* hardbound.h tells why */
#define ROUNDING_NS   2
#define NS_MAX	      4e18

void hardbound_reset(struct hardbound *b)
{
	b->count = 0;
	b->next = 0;
	b->pairs.count = 0;
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

static int64_t least_delay(const struct hardbound *b)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < b->count; i++) {
		int64_t delay = 2 * (b->ring[i].error_ns - b->ring[i].other_ns);

		least = delay < least ? delay : least;
	}
	return least;
}

static const struct hardbound_sample *from_newest(const struct hardbound *b, int i)
{
	return &b->ring[(b->next - 1 - i + 2 * HARDBOUND_SAMPLES) % HARDBOUND_SAMPLES];
}

/* By the longer of the intervals announced: it may just have become shorter. */
static void note_silence(struct hardbound *b, const struct msg_sample *sample)
{
	int64_t poll = sample->poll > b->poll ? sample->poll : b->poll;
	bool silent = b->count > 0 && ts_sat_sub(sample->raw_ns, from_newest(b, 0)->raw.ns) >
					      silence_after_ns(poll);

	b->poll = sample->poll;
	for (int i = 0; silent && i < b->count; i++)
		b->ring[i].unseen = true;
}

void hardbound_add(struct hardbound *b, const struct msg_sample *sample)
{
	widen(b, sample);
	note_silence(b, sample);
	b->ring[b->next] = (struct hardbound_sample){
		.raw = {sample->raw_ns},
		.utc = {sample->utc_ns},
		.error_ns = hardbound_error(sample),
		.other_ns = hardbound_error(sample) - (sample->delay_ns + 1) / 2,
	};
	b->next = (b->next + 1) % HARDBOUND_SAMPLES;
	if (b->count < HARDBOUND_SAMPLES)
		b->count++;
	b->least_delay_ns = least_delay(b);
	b->pairs.count = 0;
}

void hardbound_shift(struct hardbound *b, struct ts_dur shift)
{
	for (int i = 0; i < b->count; i++)
		b->ring[i].utc = ts_utc_add(b->ring[i].utc, shift);
}

int64_t hardbound_newest_other(const struct hardbound *b)
{
	return b->count > 0 ? from_newest(b, 0)->other_ns : 0;
}

int64_t hardbound_least_delay(const struct hardbound *b)
{
	return b->count > 0 ? b->least_delay_ns : 0;
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
	bool unseen;
};

static int64_t widening_ns(const struct hardbound_line *line, double scale, double age_s)
{
	return whole_ns(hardbound_widening(line, scale, age_s)) + ROUNDING_NS;
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
		.unseen = s->unseen,
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

static struct hardbound_edge outwards(const struct edges *e)
{
	return (struct hardbound_edge){e->age_s, (double)e->high_ns, -(double)e->low_ns, e->unseen};
}

/* What pairs leave, edge[] being counted as they count. */
static struct hardbound_interval carried_by_pairs(const struct hardbound_pairs *p,
	const struct hardbound_edge *edge, const struct hardbound_line *line, double scale)
{
	struct hardbound_interval r = {.used = p->count};
	double up = INFINITY, down = INFINITY;

	for (int k = 0; k < p->count; k++) {
		up = fmin(up, hardbound_edges_carried(&edge[p->high[k].near], &edge[p->high[k].far],
				      1, line, scale));
		down = fmin(down, hardbound_edges_carried(&edge[p->low[k].near],
					  &edge[p->low[k].far], -1, line, scale));
	}
	r.high_ns = ts_sat_add(whole_ns(up), ROUNDING_NS);
	r.low_ns = -ts_sat_add(whole_ns(down), ROUNDING_NS);
	r.contradictions = r.low_ns > r.high_ns;
	return r;
}

static struct hardbound_interval carried_by_edges(
	const struct edges *e, int n, const struct hardbound_line *line, double scale)
{
	struct hardbound_edge edge[HARDBOUND_SAMPLES];
	struct hardbound_search s = {edge, n, line, scale, {0}, 1};
	struct hardbound_pairs p = {.count = 0};

	for (int i = 0; i < n; i++)
		edge[i] = outwards(&e[i]);
	hardbound_search_run(&s, &p);
	return carried_by_pairs(&p, edge, line, scale);
}

static struct hardbound_interval intersect(
	const struct edges *e, int n, const struct hardbound_line *line, double scale)
{
	return line->walks ? carried_by_edges(e, n, line, scale) : carried(e, n, line, scale);
}

/* Where edges contradict each other; once more than just agreeing, which is an interval of next to
 * no width. */
static struct hardbound_interval settle(
	const struct hardbound *b, const struct hardbound_line *line, struct edges *e, int n)
{
	double scale = 2;

	for (int i = 0; i < DOUBLINGS_MAX; i++, scale *= 2)
		if (intersect(e, n, line, scale).contradictions == 0)
			return intersect(e, n, line, 2 * scale);
	n = collect(b, line, true, e);
	if (n == 0)
		n = collect(b, line, false, e) > 0; /* the newest */
	return carried(e, n, line, 1);
}

void hardbound_choose(struct hardbound *b, const struct hardbound_line *line)
{
	struct edges e[HARDBOUND_SAMPLES];
	struct hardbound_edge edge[HARDBOUND_SAMPLES];
	int n = collect(b, line, false, e);
	double interval_s;

	b->pairs.count = 0;
	if (n < 2 || !line->walks)
		return;
	for (int i = 0; i < n; i++)
		edge[i] = outwards(&e[i]);
	interval_s = edge[1].age_s - edge[0].age_s;
	hardbound_search_run(&(struct hardbound_search){edge, n, line, 1,
				     {0, interval_s, LATER * interval_s}, HARDBOUND_PAIRS},
		&b->pairs);
}

/* By those that were chosen. */
static struct hardbound_interval chosen(
	const struct hardbound *b, const struct hardbound_line *line)
{
	struct hardbound_edge edge[HARDBOUND_SAMPLES];
	const struct hardbound_pairs *p = &b->pairs;

	for (int k = 0; k < p->count; k++) {
		int who[] = {p->high[k].near, p->high[k].far, p->low[k].near, p->low[k].far};

		for (int i = 0; i < 4; i++) {
			struct edges e = edges_of(line, from_newest(b, who[i]));

			edge[who[i]] = outwards(&e);
		}
	}
	return carried_by_pairs(p, edge, line, 1);
}

int hardbound_at(const struct hardbound *b, const struct hardbound_line *line,
	struct hardbound_interval *ret)
{
	struct hardbound_interval r;
	struct edges e[HARDBOUND_SAMPLES];
	int n;

	if (line->walks && b->pairs.count > 0) {
		r = chosen(b, line);
		if (r.contradictions == 0) {
			*ret = r;
			return 0;
		}
	}
	n = collect(b, line, false, e);
	if (n == 0)
		return -ENODATA;
	r = intersect(e, n, line, 1);
	*ret = r.contradictions > 0 ? settle(b, line, e, n) : r;
	return 0;
}
