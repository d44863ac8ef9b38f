/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS	  (370 * NS_PER_MS) /* after each full second */
#define STUCK_MAX 2000		    /* turns of a stage without time passing */

const struct sim_stage sim_stages[MEMBERS] = {
	[MEMBER_NTP] = {"ntpexchd", ntp_stage_start, ntp_stage_message, ntp_stage_deadline,
		ntp_stage_expire},
	[MEMBER_REF] = {"refclockd", ref_stage_start, ref_stage_message, ref_stage_deadline,
		ref_stage_expire},
	[MEMBER_SELECT] = {"selectd", select_stage_start, select_stage_message,
		select_stage_deadline, select_stage_expire},
	[MEMBER_DISCIPLINE] = {"disciplined", disc_stage_start, disc_stage_message,
		disc_stage_deadline, disc_stage_expire},
};

/* ---- what goes wrong ---- */

void sim_wrong(struct sim *s, const char *format, ...)
{
	struct check *c = &s->check;
	size_t used = strlen(c->first);
	va_list ap;

	if (c->bad_other++ > 0)
		return;
	(void)snprintf(c->first + used, sizeof(c->first) - used, "%sat %.3f s: ", used ? "; " : "",
		(double)s->w.t * 1e-9);
	used = strlen(c->first);
	va_start(ap, format);
	(void)vsnprintf(c->first + used, sizeof(c->first) - used, format, ap);
	va_end(ap);
}

/* ---- what happens ---- */

static void draw_lateness(struct sim *s, struct member *m)
{
	m->late_ns = (int64_t)(1e3 * s->sc->lateness_us * prng_exponential(&s->noise));
}

static void start_member(struct sim *s, enum member_id i)
{
	struct member *m = &s->member[i];
	bool again = m->boot != 0;

	m->running = true;
	m->boot = prng_u64(&s->noise) >> 1 | 1;
	m->seq = 0;
	draw_lateness(s, m);
	if (i == MEMBER_NTP)
		s->life++;
	if (again && (i == MEMBER_NTP || i == MEMBER_REF)) {
		for (int k = 0; k < SIM_NODES + SIM_REFS; k++)
			if (!strcmp(s->kept->source[k].env.sender, m->name))
				s->kept->samples[k] = 0;
		if (s->member[MEMBER_SELECT].running)
			select_stage_restarted(s, m->name);
	}
	if (again && i == MEMBER_SELECT)
		s->kept->has_estimate = false;
	sim_stages[i].start(s);
}

static void dispatch(struct sim *s, const struct event *e)
{
	struct event next = *e;

	switch (e->kind) {
	case EV_AT:
		sim_fault(s, &s->sc->at[e->index]);
		break;
	case EV_LOOK:
		check_look(s);
		next.t = s->w.t - s->w.t % NS_PER_S + NS_PER_S + LOOK_NS;
		sim_event(s, &next);
		break;
	case EV_START:
		start_member(s, (enum member_id)e->index);
		break;
	case EV_PULSE:
		ref_stage_pulse(s, e);
		break;
	default:
		ntp_stage_event(s, e);
		break;
	}
}

/* ---- time ---- */

/* The stage that is due next, -1 none before limit; when in *ret_t. */
static int next_due(const struct sim *s, int64_t limit, int64_t *ret_t)
{
	int due = -1;

	*ret_t = limit;
	for (int i = 0; i < MEMBERS; i++) {
		const struct member *m = &s->member[i];
		struct ts_raw d;
		int64_t t;

		if (!m->running)
			continue;
		d = sim_stages[i].deadline(s);
		if (ts_raw_is_never(d))
			continue;
		t = world_when(&s->w, ts_raw_add(d, (struct ts_dur){m->late_ns}));
		if (t < *ret_t) {
			due = i;
			*ret_t = t;
		}
	}
	return due;
}

static void wake(struct sim *s, int i)
{
	struct member *m = &s->member[i];
	struct ts_raw now = world_raw(&s->w);

	/* the oscillator's rate has changed meanwhile: a little later then */
	if (ts_raw_before(now, sim_stages[i].deadline(s))) {
		m->late_ns++;
		return;
	}
	sim_stages[i].expire(s);
	draw_lateness(s, m);
	m->stuck = ts_raw_before(now, sim_stages[i].deadline(s)) ? 0 : m->stuck + 1;
	if (m->stuck < STUCK_MAX)
		return;
	sim_wrong(s, "the deadline of %s does not move: it is turned off", m->name);
	m->running = false;
}

static void begin(struct sim *s)
{
	for (int i = 0; i < s->sc->nodes; i++)
		node_init(&s->node[i], &s->sc->node[i], s->seed, i);
	for (int i = 0; i < s->sc->ats; i++) {
		struct event e = {.t = s->sc->at[i].t, .kind = EV_AT, .index = i};

		if (e.t > 0)
			sim_event(s, &e);
		else
			sim_fault(s, &s->sc->at[i]);
	}
	sim_event(s, &(struct event){.t = LOOK_NS, .kind = EV_LOOK});
	for (int i = 0; i < s->sc->refclock.refclocks && i < SIM_REFS; i++)
		sim_event(s, &(struct event){.t = NS_PER_S, .kind = EV_PULSE, .index = i});
	disc_stage_init(s);
	/* systemd starts them all at once, in any order */
	start_member(s, MEMBER_DISCIPLINE);
	start_member(s, MEMBER_SELECT);
	start_member(s, MEMBER_REF);
	start_member(s, MEMBER_NTP);
	sim_deliver(s);
}

static void run(struct sim *s)
{
	while (s->w.t < s->sc->duration) {
		int64_t t;
		int due = next_due(s, s->heap[0].t, &t);

		if (t >= s->sc->duration)
			return;
		world_advance(&s->w, t);
		if (due >= 0) {
			wake(s, due);
		} else {
			struct event e = sim_take_event(s);

			dispatch(s, &e);
		}
		sim_deliver(s);
		check_now(s);
	}
}

int sim_run(const struct scenario *sc, const struct sim_options *o, struct check *ret)
{
	struct sim *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	s->kept = calloc(1, sizeof(*s->kept));
	if (!s->kept) {
		free(s);
		return -1;
	}
	s->sc = sc;
	s->seed = o->seed;
	s->wire = o->wire;
	s->verbose = o->verbose;
	s->trace = o->trace;
	s->trace_every = o->trace_every > 0 ? o->trace_every : 1;
	prng_init(&s->noise, o->seed ^ UINT64_C(0x73696d));
	for (int i = 0; i < MEMBERS; i++)
		s->member[i].name = sim_stages[i].name;
	check_init(&s->check, sc);
	world_init(&s->w, &sc->osc, &sc->clock, sc->leap, sc->leap_t, o->seed);
	begin(s);
	run(s);
	check_finish(&s->check, sc);
	*ret = s->check;
	free(s->heap);
	free(s->queue);
	free(s->select);
	free(s->kept);
	free(s);
	return 0;
}
