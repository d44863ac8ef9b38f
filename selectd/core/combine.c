/* SPDX-License-Identifier: MIT */
#include "selectd/core/combine.h"

#include <math.h>

#define RATE_FLOOR_PPB                                                                             \
	1.0 /* between well-kept servers; keeps one lucky window from ruling alone                 \
	     */

/* Phase against the selected source's: a difference small enough for a double. */
static double phase_ns(const struct source *s, const struct source *selected)
{
	return (double)ts_sat_sub(s->now.offset_ns, selected->now.offset_ns);
}

static double mean_phase_ns(const struct source *sources, int n, const struct source *selected)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		if (sources[i].used)
			sum += sources[i].now.weight * phase_ns(&sources[i], selected);
	return sum;
}

static double spread_ns2(const struct source *sources, int n, const struct source *selected,
	double mean, int combined)
{
	double sum = 0;

	if (combined < 2)
		return 0;
	for (int i = 0; i < n; i++) {
		double d = phase_ns(&sources[i], selected) - mean;

		if (sources[i].used)
			sum += sources[i].now.weight * d * d;
	}
	return sum * combined / (combined - 1);
}

static double offset_sd_ns(const struct source *sources, int n, double spread)
{
	double sum = 0;

	for (int i = 0; i < n; i++) {
		const struct judgement *j = &sources[i].now;
		double sd = j->track.offset_sd_ns;

		if (sources[i].used)
			sum += j->weight * j->weight * (sd * sd + spread);
	}
	return sqrt(sum);
}

static void combine_rate(const struct source *sources, int n, struct combination *c)
{
	double weights = 0, sum = 0, var = 0;

	for (int i = 0; i < n; i++) {
		const struct track_state *st = &sources[i].now.track;
		double v = st->rate_sd_ppb * st->rate_sd_ppb + RATE_FLOOR_PPB * RATE_FLOOR_PPB;

		if (!sources[i].used || sources[i].now.weight <= 0)
			continue;
		weights += 1 / v;
		sum += st->line.rate_ppb / v;
		var += st->rate_sd_ppb * st->rate_sd_ppb / (v * v);
	}
	c->line.rate_ppb = sum / weights;
	c->rate_sd_ppb = sqrt(var) / weights;
}

static struct ts_raw newest_of(const struct source *sources, int n)
{
	struct ts_raw newest = {0};

	for (int i = 0; i < n; i++)
		if (sources[i].used && sources[i].now.weight > 0 &&
			ts_raw_before(newest, sources[i].now.track.newest))
			newest = sources[i].now.track.newest;
	return newest;
}

void combine_run(
	const struct source *sources, int n, const struct selection *sel, struct combination *ret)
{
	const struct source *selected = &sources[sel->selected];
	double mean = mean_phase_ns(sources, n, selected);
	double spread = spread_ns2(sources, n, selected, mean, sel->combined);
	struct combination c = {
		.offset_sd_ns = offset_sd_ns(sources, n, spread),
		.wander_ppb = selected->now.track.wander_ppb,
		.newest = newest_of(sources, n),
	};
	int64_t offset = ts_sat_add(selected->now.offset_ns, llround(mean)), up, down;

	combine_rate(sources, n, &c);
	c.line.raw = sel->at;
	c.line.utc = ts_utc_add(sel->base, (struct ts_dur){offset});
	up = ts_sat_sub(sel->high_ns, offset);
	down = ts_sat_sub(offset, sel->low_ns);
	c.bound_ns = up > down ? up : down;
	*ret = c;
}
