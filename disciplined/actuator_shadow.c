/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "disciplined/actuator.h"
#include "disciplined/core/softclock.h"

struct shadow {
	struct actuator base;
	struct door *door;
	struct softclock clock;
};

static struct shadow *shadow_of(struct actuator *a)
{
	return (struct shadow *)(void *)a;
}

static void shadow_read(struct actuator *a, struct clk_reading *ret)
{
	struct shadow *s = shadow_of(a);

	ret->raw = door_raw(s->door);
	ret->clock = shadow_line_utc(&s->clock.line, ret->raw);
	ret->width.ns = 0; /* one clock, read once: nothing to bracket */
	ret->command_ppb = shadow_line_rate_ppb(&s->clock.line, ret->raw);
	ret->alien = false;
	ret->suspended = door_suspended(s->door);
}

static int shadow_set_rate(
	struct actuator *a, double command_ppb, double base_ppb, struct ts_raw until)
{
	struct shadow *s = shadow_of(a);

	softclock_set_rate(&s->clock, door_raw(s->door), command_ppb, base_ppb, until);
	return 0;
}

static int shadow_step(struct actuator *a, int64_t step_ns)
{
	struct shadow *s = shadow_of(a);

	softclock_step(&s->clock, door_raw(s->door), step_ns);
	return 0;
}

static int shadow_set_status(struct actuator *a, const struct discipline_status *status, int tai_s)
{
	struct shadow *s = shadow_of(a);

	(void)tai_s; /* the page tells it */
	softclock_set_leap(&s->clock, door_raw(s->door), status->leap, status->leap_effect);
	return 0;
}

static void shadow_line_from(const struct actuator *a, struct ts_raw from, struct shadow_line *ret)
{
	const struct shadow *s = (const struct shadow *)(const void *)a;

	*ret = softclock_line(&s->clock, from);
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
	softclock_init(&s->clock, line);
	return &s->base;
}
