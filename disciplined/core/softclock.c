/* SPDX-License-Identifier: MIT */
#include "disciplined/core/leap.h"
#include "disciplined/core/softclock.h"

static void restart_line(struct shadow_line *line, struct ts_raw from)
{
	struct ts_utc utc = shadow_line_utc(line, from);

	if (from.ns >= line->bend_raw_ns) {
		line->rate_ppb = line->base_ppb;
		line->bend_raw_ns = SHADOW_NEVER;
	}
	if (from.ns >= line->leap_raw_ns) {
		line->leap_raw_ns = SHADOW_NEVER;
		line->leap_step_ns = 0;
	}
	line->raw_ns = from.ns;
	line->utc_ns = utc.ns;
}

/* Wherever the line was bent or moved to, the leap is due when it shows the same time. */
static void place_leap(struct softclock *c)
{
	if (c->line.leap_step_ns != 0)
		c->line.leap_raw_ns = shadow_line_when(&c->line, c->leap_effect).ns;
}

void softclock_init(struct softclock *c, const struct shadow_line *line)
{
	struct shadow_line smooth = *line;

	c->line = *line;
	smooth.leap_step_ns = 0;
	c->leap_effect.ns = 0;
	if (line->leap_step_ns != 0)
		c->leap_effect = shadow_line_utc(&smooth, (struct ts_raw){line->leap_raw_ns});
}

void softclock_set_rate(struct softclock *c, struct ts_raw now, double rate_ppb, double base_ppb,
	struct ts_raw until)
{
	restart_line(&c->line, now);
	c->line.rate_ppb = rate_ppb;
	c->line.base_ppb = base_ppb;
	c->line.bend_raw_ns = until.ns;
	place_leap(c);
}

void softclock_step(struct softclock *c, struct ts_raw now, int64_t step_ns)
{
	restart_line(&c->line, now);
	c->line.utc_ns = ts_sat_add(c->line.utc_ns, step_ns);
	place_leap(c);
}

void softclock_set_leap(
	struct softclock *c, struct ts_raw now, enum leap leap, struct ts_utc effect)
{
	restart_line(&c->line, now);
	c->line.leap_raw_ns = SHADOW_NEVER;
	c->line.leap_step_ns = leap_step_ns(leap);
	c->leap_effect = effect;
	place_leap(c);
}

struct shadow_line softclock_line(const struct softclock *c, struct ts_raw from)
{
	struct shadow_line line = c->line;

	if (from.ns > line.raw_ns)
		restart_line(&line, from);
	return line;
}
