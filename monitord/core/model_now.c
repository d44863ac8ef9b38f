/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "monitord/core/model.h"

bool model_estimate_line(const struct model *m, struct ts_line *ret_line)
{
	if (!m->has_estimate)
		return false;
	*ret_line =
		(struct ts_line){{m->estimate.raw_ns}, {m->estimate.utc_ns}, m->estimate.rate_ppb};
	return true;
}

bool model_clock_line(const struct model *m, struct ts_line *ret_line)
{
	if (!m->has_clock)
		return false;
	*ret_line = (struct ts_line){{m->clock.raw_ns}, {m->clock.utc_ns}, m->clock.rate_ppb};
	return true;
}

bool model_utc(const struct model *m, struct ts_raw raw, struct ts_utc *ret_utc)
{
	struct ts_line line;
	bool judged = m->has_estimate && m->estimate.status != sync_unsynchronised;

	if (!(judged && model_estimate_line(m, &line)) && !model_clock_line(m, &line))
		return false;
	*ret_utc = ts_line_at(&line, raw);
	return true;
}

int64_t model_offset_ns(const struct model *m, struct ts_raw now)
{
	struct ts_line clock, estimate;
	double slewed_ns;

	if (!model_clock_line(m, &clock))
		return 0;
	if (m->has_estimate && m->estimate.status != sync_unsynchronised &&
		model_estimate_line(m, &estimate))
		return ts_sat_sub(ts_line_at(&estimate, now).ns, ts_line_at(&clock, now).ns);
	slewed_ns = 1e-9 * (m->clock.rate_ppb - m->clock.frequency_ppb) *
		    (double)ts_sat_sub(now.ns, m->clock.raw_ns);
	return ts_sat_sub(m->clock.offset_ns, ts_dur_from_s(slewed_ns * 1e-9).ns);
}

int64_t model_age_ns(int64_t raw_ns, struct ts_raw now)
{
	return raw_ns < now.ns ? ts_sat_sub(now.ns, raw_ns) : 0;
}

int64_t model_grown_ns(int64_t value_ns, double ppb, struct ts_raw since, struct ts_raw now)
{
	double growth_ns = ceil(ppb * (double)model_age_ns(since.ns, now) / 1e9);

	if (!(growth_ns < 4e18))
		return INT64_MAX;
	return ts_sat_add(value_ns, (int64_t)growth_ns);
}

int64_t model_bound_ns(const struct model *m, struct ts_raw now)
{
	if (!m->has_clock)
		return INT64_MAX;
	return model_grown_ns(
		m->clock.bound_ns, m->clock.bound_drift_ppb, (struct ts_raw){m->clock.raw_ns}, now);
}

int64_t model_last_sample_raw_ns(const struct model_source *s)
{
	int64_t newest_ns = s->has_sample ? s->sample.raw_ns : 0;

	if (s->has_source && s->source.last_raw_ns > newest_ns)
		newest_ns = s->source.last_raw_ns;
	if (s->has_verdict && s->verdict.last_sample_raw_ns > newest_ns)
		newest_ns = s->verdict.last_sample_raw_ns;
	return newest_ns;
}
