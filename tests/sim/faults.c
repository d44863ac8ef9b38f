/* SPDX-License-Identifier: MIT */
/* What a scenario does to the world, its nodes and the stages at given times. */
#include "tests/sim/sim.h"

#include <math.h>
#include <string.h>

static int member_of(const char *name)
{
	for (int i = 0; i < MEMBERS; i++)
		if (!strcmp(sim_stages[i].name, name))
			return i;
	return -1;
}

static void stop_member(struct sim *s, const struct at *a)
{
	int i = member_of(a->name);
	double down_s = a->value2 > 0 ? a->value2 : 0.5;
	struct event e = {.t = s->w.t + (int64_t)(down_s * 1e9), .kind = EV_START, .index = i};

	if (i < 0) {
		sim_wrong(s, "no stage %s", a->name);
		return;
	}
	if (i == MEMBER_DISCIPLINE && a->kind == AT_RESTART)
		disc_stage_stop(s);
	sim_deliver(s);
	s->member[i].running = false;
	sim_event(s, &e);
}

static void fall_asleep(struct sim *s, const struct at *a)
{
	world_sleep(&s->w, (int64_t)(a->value * 1e9), (int64_t)(a->value2 * 1e6));
	s->life++; /* packets on their way are lost, or come to a machine that sleeps */
	s->check.void_raw = s->check.void_clock_raw = world_raw(&s->w);
	s->disc.step_excused = true;
}

/* The raw clock is ahead of what it was, or stands still, and nobody is told: a guest that was
 * halted or moved. The kernel's clock does what the raw one does. */
static void jump_raw(struct sim *s, double ms)
{
	int64_t ns = llround(fabs(ms) * 1e6);

	if (ms < 0)
		world_sleep(&s->w, ns, -ns);
	else
		s->w.phase_ns += (double)ns;
	s->life++;
	s->check.void_raw = s->check.void_clock_raw =
		ts_raw_add(world_raw(&s->w), (struct ts_dur){(int64_t)(s->sc->raw_grace_s * 1e9)});
	s->disc.step_excused = true;
}

/* All stages end and come back; what is in memory is lost, and the kernel's clock begins anew. */
static void reboot(struct sim *s, const struct at *a)
{
	struct ts_raw now = world_raw(&s->w);

	if (s->member[MEMBER_DISCIPLINE].running)
		disc_stage_stop(s);
	sim_deliver(s);
	for (int i = 0; i < MEMBERS; i++) {
		struct event e = {
			.t = s->w.t + (int64_t)(a->value * 1e9), .kind = EV_START, .index = i};

		s->member[i].running = false;
		sim_event(s, &e);
	}
	disc_stage_boot(s);
	kclock_set(&s->w.kernel, now, 0);
	kclock_step(&s->w.kernel, now, llround(a->value2 * 1e6));
	memset(s->kept->samples, 0, sizeof(s->kept->samples));
	s->kept->has_estimate = false;
	s->check.has_estimate = s->check.has_clock = s->check.has_page = false;
	s->life++;
}

static void on_node(struct sim *s, const struct at *a, struct node *n)
{
	int64_t until = s->w.t + (int64_t)(a->value * 1e9);

	switch (a->kind) {
	case AT_OUTAGE:
		n->out_until = until;
		break;
	case AT_ROUTE:
		for (int i = 0; i < 2; i++)
			if (a->way & (1 << i))
				n->path[i].extra_us += a->value;
		break;
	case AT_FALSE:
		if (n->false_us == 0)
			n->false_since = s->w.t;
		n->false_us = a->value;
		break;
	case AT_LEAP:
		n->lies_leap = a->value > 0 ? leap_insert : a->value < 0 ? leap_remove : leap_none;
		break;
	case AT_SLEW:
		node_slew(n, &s->w, a->value, a->value2);
		break;
	case AT_UNSYNC:
		n->unsync = a->value > 0;
		break;
	default:
		break;
	}
}

static void on_names(struct sim *s, const struct at *a)
{
	bool any = false;

	for (int i = 0; i < s->sc->nodes; i++) {
		bool hit = !strcmp(a->name, "all") || !strcmp(a->name, s->sc->node[i].name);

		any |= hit;
		if (hit)
			on_node(s, a, &s->node[i]);
	}
	for (int i = 0; i < s->refs; i++) {
		bool hit = !strcmp(a->name, "all") || !strcmp(a->name, s->ref[i].config->name);

		any |= hit;
		if (hit && a->kind == AT_OUTAGE)
			s->ref[i].out_until = s->w.t + (int64_t)(a->value * 1e9);
	}
	if (!any)
		sim_wrong(s, "nobody is called %s", a->name);
}

void sim_fault(struct sim *s, const struct at *a)
{
	struct ts_raw now = world_raw(&s->w);

	switch (a->kind) {
	case AT_JUMP:
		s->w.jump_ppb += a->value;
		s->w.rate_ppb += a->value;
		break;
	case AT_SUSPEND:
		fall_asleep(s, a);
		break;
	case AT_RAW_JUMP:
		jump_raw(s, a->value);
		break;
	case AT_RESTART:
	case AT_KILL:
		stop_member(s, a);
		break;
	case AT_DISRUPTION:
		if (member_of(a->name) >= 0)
			sim_tell(s, (enum member_id)member_of(a->name), EVENT_disruption, NULL, 0,
				"the machine slept");
		break;
	case AT_FOREIGN_RATE:
		kclock_set(&s->w.kernel, now, s->w.kernel.command_ppb + a->value);
		s->check.void_clock_raw = now;
		break;
	case AT_REBOOT:
		reboot(s, a);
		break;
	case AT_FOREIGN:
		kclock_step(&s->w.kernel, now, llround(a->value * 1e6));
		s->disc.step_excused = true;
		s->check.void_clock_raw = now;
		break;
	default:
		on_names(s, a);
		break;
	}
}
