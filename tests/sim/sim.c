/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus/bus_admit.h"
#include "common/bus/codec.h"
#include "common/core/bytes.h"

#define LOOK_NS	  (370 * NS_PER_MS) /* after each full second */
#define STUCK_MAX 2000		    /* turns of a stage without time passing */
#define WAKES_MAX 1000		    /* messages that one event may cause */

static const struct {
	const char *name;
	void (*start)(struct sim *s);
	void (*message)(struct sim *s, const struct msg *m);
	struct ts_raw (*deadline)(const struct sim *s);
	void (*expire)(struct sim *s);
} stages[MEMBERS] = {
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

/* ---- heap ---- */

static bool earlier(const struct event *a, const struct event *b)
{
	return a->t != b->t ? a->t < b->t : a->order < b->order;
}

void sim_event(struct sim *s, const struct event *e)
{
	int i = s->events++;

	if (i == s->room) {
		struct event *heap;

		s->room = s->room ? 2 * s->room : 64;
		heap = realloc(s->heap, (size_t)s->room * sizeof(*heap));
		if (!heap)
			abort();
		s->heap = heap;
	}
	s->heap[i] = *e;
	s->heap[i].order = ++s->order;
	for (; i > 0 && earlier(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2) {
		struct event swap = s->heap[i];

		s->heap[i] = s->heap[(i - 1) / 2];
		s->heap[(i - 1) / 2] = swap;
	}
}

static struct event take_event(struct sim *s)
{
	struct event first = s->heap[0];
	int i = 0, n = --s->events;

	s->heap[0] = s->heap[n];
	for (;;) {
		int least = i;

		for (int k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < n && earlier(&s->heap[k], &s->heap[least]))
				least = k;
		if (least == i)
			return first;
		struct event swap = s->heap[i];

		s->heap[i] = s->heap[least];
		s->heap[least] = swap;
		i = least;
	}
}

/* ---- messages ---- */

/* Through the codec and back: what arrives must be what was sent. */
static void over_the_wire(struct sim *s, struct msg *m)
{
	unsigned char body[MSG_BYTES_MAX];
	char topic[MSG_TOPIC_SIZE], error[MSG_ERROR_SIZE] = "";
	struct msg got;
	int n = msg_encode(m, body, sizeof(body), error);

	if (n < 0 || msg_topic(m, topic) < 0 ||
		msg_decode(topic, body, (size_t)n, &got, error) < 0) {
		sim_wrong(s, "a message of %s does not pass the codec: %s", m->env.sender, error);
		return;
	}
	*m = got;
}

void sim_publish(struct sim *s, enum member_id from, const struct msg *m)
{
	struct member *member = &s->member[from];
	char error[MSG_ERROR_SIZE] = "";
	const char *why;
	struct msg *full;

	if (s->queued == s->queue_room) {
		s->queue_room = s->queue_room ? 2 * s->queue_room : 64;
		full = realloc(s->queue, (size_t)s->queue_room * sizeof(*full));
		if (!full)
			abort();
		s->queue = full;
	}
	full = &s->queue[s->queued];
	*full = *m;
	memset(&full->env, 0, sizeof(full->env));
	str_copy(full->env.sender, sizeof(full->env.sender), member->name);
	full->env.boot = member->boot;
	full->env.seq = ++member->seq;
	full->env.sent_raw_ns = world_raw(&s->w).ns;
	why = msg_check(full, error) < 0 ? error : bus_admit(member->name, full);
	if (why) {
		sim_wrong(s, "a message of %s would not be published: %s", member->name, why);
		return;
	}
	if (s->wire)
		over_the_wire(s, full);
	s->queued++;
}

void sim_tell(struct sim *s, enum member_id from, enum event_code code, const char *source,
	int64_t value_ns, const char *text)
{
	struct msg m = {.kind = MSG_event};
	struct msg_event *e = &m.u.event;

	str_copy(e->code, sizeof(e->code), event_word(code));
	str_copy(e->source, sizeof(e->source), source ? source : "");
	str_copy(e->text, sizeof(e->text), text);
	e->severity = event_severity(code);
	e->raw_ns = world_raw(&s->w).ns;
	e->value_ns = value_ns;
	if (s->verbose)
		fprintf(stderr, "%11.3f %s %s%s%s: %s\n", (double)s->w.t * 1e-9,
			s->member[from].name, e->code, source ? " " : "", source ? source : "",
			text);
	sim_publish(s, from, &m);
}

static int kept_index(struct sim *s, const char *source)
{
	for (int i = 0; i < SIM_NODES + SIM_REFS; i++) {
		struct msg *m = &s->kept->source[i];

		if (m->kind == MSG_NONE || !strcmp(m->u.source.source, source))
			return i;
	}
	return -1;
}

static void keep(struct sim *s, const struct msg *m)
{
	int i;

	if (m->kind == MSG_estimate) {
		s->kept->estimate = *m;
		s->kept->has_estimate = true;
	} else if (m->kind == MSG_source) {
		i = kept_index(s, m->u.source.source);
		if (i >= 0)
			s->kept->source[i] = *m;
	} else if (m->kind == MSG_sample) {
		i = kept_index(s, m->u.sample.source);
		if (i >= 0 && s->kept->source[i].kind != MSG_NONE)
			s->kept->sample[i][s->kept->samples[i]++ % SIM_KEPT_SAMPLES] = *m;
	}
}

/* Who listens to whom, as the stages' subscriptions say. */
static bool subscribes(enum member_id who, const struct msg *m)
{
	const char *from = m->env.sender;

	switch (who) {
	case MEMBER_NTP:
		return m->kind == MSG_clock || m->kind == MSG_verdict;
	case MEMBER_REF:
		return m->kind == MSG_verdict;
	case MEMBER_SELECT:
		return (!strcmp(from, "ntpexchd") || !strcmp(from, "refclockd")) &&
		       (m->kind == MSG_sample || m->kind == MSG_source || m->kind == MSG_event);
	case MEMBER_DISCIPLINE:
		return !strcmp(from, "selectd") &&
		       (m->kind == MSG_estimate || m->kind == MSG_event);
	default:
		return false;
	}
}

static void empty_queue(struct sim *s)
{
	for (int i = 0; i < s->queued; i++) {
		struct msg m = s->queue[i];

		if (i == WAKES_MAX) {
			sim_wrong(s, "stages answer each other without end");
			break;
		}
		keep(s, &m);
		check_message(s, &m);
		for (int k = 0; k < MEMBERS; k++)
			if (s->member[k].running && stages[k].message &&
				subscribes((enum member_id)k, &m))
				stages[k].message(s, &m);
	}
	s->queued = 0;
}

/* ---- what happens ---- */

static int member_of(const char *name)
{
	for (int i = 0; i < MEMBERS; i++)
		if (!strcmp(stages[i].name, name))
			return i;
	return -1;
}

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
	stages[i].start(s);
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
	empty_queue(s);
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
	empty_queue(s);
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

static void on_at(struct sim *s, const struct at *a)
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

static void dispatch(struct sim *s, const struct event *e)
{
	struct event next = *e;

	switch (e->kind) {
	case EV_AT:
		on_at(s, &s->sc->at[e->index]);
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
		d = stages[i].deadline(s);
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
	if (ts_raw_before(now, stages[i].deadline(s))) {
		m->late_ns++;
		return;
	}
	stages[i].expire(s);
	draw_lateness(s, m);
	m->stuck = ts_raw_before(now, stages[i].deadline(s)) ? 0 : m->stuck + 1;
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
			on_at(s, &s->sc->at[i]);
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
	empty_queue(s);
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
			struct event e = take_event(s);

			dispatch(s, &e);
		}
		empty_queue(s);
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
		s->member[i].name = stages[i].name;
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
