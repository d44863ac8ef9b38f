/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "disciplined/actuator.h"

struct shadow {
	struct actuator base;
	struct door *door;
	struct shadow_line line; /* its time part: what the clock does with no further word */
	struct ts_utc leap_effect;
};

static struct shadow *shadow_of(struct actuator *a)
{
	return (struct shadow *)(void *)a;
}

/* The same line told from a later instant; a bend or leap that is behind is no longer in it. */
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

/* Wherever the line was bent or moved, the leap is due when it shows the same time. */
static void place_leap(struct shadow *s)
{
	if (s->line.leap_step_ns != 0)
		s->line.leap_raw_ns = shadow_line_when(&s->line, s->leap_effect).ns;
}

static void shadow_read(struct actuator *a, struct clk_reading *ret)
{
	struct shadow *s = shadow_of(a);

	ret->raw = door_raw(s->door);
	ret->clock = shadow_line_utc(&s->line, ret->raw);
	ret->width.ns = 0; /* one clock read once: nothing to bracket */
	ret->command_ppb = shadow_line_rate_ppb(&s->line, ret->raw);
	ret->alien = false;
	ret->suspended = door_suspended(s->door);
}

static int shadow_set_rate(
	struct actuator *a, double command_ppb, double base_ppb, struct ts_raw until)
{
	struct shadow *s = shadow_of(a);

	restart_line(&s->line, door_raw(s->door));
	s->line.rate_ppb = command_ppb;
	s->line.base_ppb = base_ppb;
	s->line.bend_raw_ns = until.ns;
	place_leap(s);
	return 0;
}

static int shadow_step(struct actuator *a, int64_t step_ns)
{
	struct shadow *s = shadow_of(a);

	restart_line(&s->line, door_raw(s->door));
	s->line.utc_ns = ts_sat_add(s->line.utc_ns, step_ns);
	place_leap(s);
	return 0;
}

static int shadow_set_status(struct actuator *a, const struct discipline_status *status, int tai_s)
{
	struct shadow *s = shadow_of(a);

	(void)tai_s;
	restart_line(&s->line, door_raw(s->door));
	s->line.leap_raw_ns = SHADOW_NEVER;
	s->line.leap_step_ns = leap_step_ns(status->leap);
	s->leap_effect = status->leap_effect;
	place_leap(s);
	return 0;
}

static void shadow_line_from(const struct actuator *a, struct ts_raw from, struct shadow_line *ret)
{
	const struct shadow *s = (const struct shadow *)(const void *)a;

	*ret = s->line;
	if (from.ns > ret->raw_ns)
		restart_line(ret, from);
}

static void shadow_destroy(struct actuator *a)
{
	free(shadow_of(a));
}

static const struct actuator_ops shadow_ops = {
	.read = shadow_read,
	.set_rate = shadow_set_rate,
	.step = shadow_step,
	.set_status = shadow_set_status,
	.line = shadow_line_from,
	.destroy = shadow_destroy,
};

struct actuator *actuator_shadow_new(struct door *door, const struct shadow_line *line)
{
	struct shadow *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->base.ops = &shadow_ops;
	s->door = door;
	s->line = *line;
	if (line->leap_step_ns != 0)
		s->leap_effect = shadow_line_utc(line, (struct ts_raw){line->leap_raw_ns - 1});
	return &s->base;
}
