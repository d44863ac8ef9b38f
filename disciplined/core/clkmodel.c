/* SPDX-License-Identifier: MIT */
#include "disciplined/core/clkmodel.h"

static bool bent_before(const struct clk_model *m, struct ts_raw raw)
{
	return m->bends && !ts_raw_is_never(m->until) && ts_raw_before(m->until, raw);
}

struct ts_utc clk_model_at(const struct clk_model *m, struct ts_raw raw)
{
	struct ts_line line = {m->raw, m->clock, m->rate_ppb};

	if (bent_before(m, raw) && ts_raw_before(m->raw, m->until)) {
		line.utc = ts_line_at(&line, m->until);
		line.raw = m->until;
	}
	if (bent_before(m, raw))
		line.rate_ppb = m->base_ppb;
	return ts_line_at(&line, raw);
}

double clk_model_rate_ppb(const struct clk_model *m, struct ts_raw raw)
{
	return bent_before(m, raw) ? m->base_ppb : m->rate_ppb;
}

struct ts_raw clk_model_when(const struct clk_model *m, struct ts_utc utc)
{
	struct ts_line line = {m->raw, m->clock, m->rate_ppb};
	struct ts_raw raw = ts_line_when(&line, utc);

	if (!clk_model_slewing(m) || !ts_raw_before(m->until, raw))
		return raw;
	/* a slew that is not bent by itself will be ended by hand at the same instant */
	line.utc = ts_line_at(&line, m->until);
	line.raw = m->until;
	line.rate_ppb = m->base_ppb;
	return ts_line_when(&line, utc);
}

void clk_model_anchor(struct clk_model *m, const struct clk_reading *r)
{
	if (m->bends && !ts_raw_is_never(m->until) && !ts_raw_before(r->raw, m->until)) {
		m->rate_ppb = m->base_ppb;
		m->until = TS_RAW_NEVER;
	}
	m->raw = r->raw;
	m->clock = r->clock;
	m->width = r->width;
	m->suspended = r->suspended;
	m->change_ppb = 0;
}

bool clk_model_slewing(const struct clk_model *m)
{
	return !ts_raw_is_never(m->until);
}
