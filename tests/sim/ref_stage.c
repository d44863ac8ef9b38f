/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "refclockd/driver.h"
#include "tests/sim/sim.h"

#define PRECISION_NS 30

static struct ts_raw now_of(const struct sim *s)
{
	return world_raw(&s->w);
}

static double noise_ns(struct ref_unit *r)
{
	return law_draw(&r->noise, r->config->law, r->config->noise_ns, 2, false);
}

/* A PHC: read now; what delays the reading on one side of the bracket shows as an error. */
static int read_phc(struct sim *s, struct ref_unit *r, struct refclock_reading *ret)
{
	const struct ref_config *c = r->config;

	if (s->w.t < r->out_until)
		return -ENODEV;
	memset(ret, 0, sizeof(*ret));
	ret->raw = ts_raw_add(now_of(s), (struct ts_dur){llround(noise_ns(r))});
	ret->utc = ts_utc_add(world_utc(&s->w), (struct ts_dur){llround(c->offset_ns)});
	ret->width_ns = llround(c->width_ns);
	ret->stamp = stamp_kernel;
	return 0;
}

/* The program behind the segment writes a pulse into it when its message has been read. */
static void publish_pulse(const struct sim *s, struct ref_unit *r)
{
	if (!r->has_coming || s->w.t < r->ready_t)
		return;
	r->pulse = r->coming;
	r->has_pulse = true;
	r->has_coming = false;
}

/* SHM: the last pulse that was published and not yet read. */
static int read_pulse(struct sim *s, struct ref_unit *r, struct refclock_reading *ret)
{
	publish_pulse(s, r);
	if (!r->has_pulse)
		return -EAGAIN;
	*ret = r->pulse;
	r->has_pulse = false;
	return 0;
}

void ref_stage_message(struct sim *s, const struct msg *m)
{
	for (int i = 0; i < s->refs; i++)
		if (m->kind == MSG_verdict && !strcmp(m->u.verdict.publisher, "refclockd") &&
			!strcmp(m->u.verdict.source, s->ref[i].core.config.name))
			refclock_verdict(&s->ref[i].core, &m->u.verdict);
}

void ref_stage_pulse(struct sim *s, const struct event *e)
{
	struct ref_unit *r = &s->ref[e->index];
	const struct ref_config *c = r->config;
	struct event next = *e;
	struct refclock_reading p = {.stamp = stamp_none, .leap = leap_none};

	next.t = s->w.t > e->t + NS_PER_S ? s->w.t + NS_PER_S - s->w.t % NS_PER_S : e->t + NS_PER_S;
	sim_event(s, &next);
	if (s->w.t < r->out_until || s->w.t != e->t)
		return;
	p.raw = ts_raw_add(now_of(s), (struct ts_dur){llround(noise_ns(r))});
	p.utc = ts_utc_add(world_utc(&s->w), (struct ts_dur){llround(c->offset_ns)});
	p.error_ns = 30;
	publish_pulse(s, r);
	r->coming = p;
	r->ready_t = s->w.t + (int64_t)(c->latency_ms * 1e6);
	r->has_coming = true;
}

static void drain(struct sim *s, struct ref_unit *r);

static void read_once(struct sim *s, struct ref_unit *r)
{
	bool phc = r->core.config.kind == source_kind_phc;
	struct refclock_reading reading;
	int rc = phc ? read_phc(s, r, &reading) : read_pulse(s, r, &reading);

	if (rc == 0)
		refclock_on_reading(&r->core, now_of(s), &reading);
	else
		refclock_on_read_failed(&r->core, now_of(s), rc, "gone");
	drain(s, r);
}

static void act(struct sim *s, struct ref_unit *r, const struct refclock_out *out)
{
	struct msg m = {.kind = MSG_NONE};

	switch (out->type) {
	case REFCLOCK_OUT_NONE:
		break;
	case REFCLOCK_OUT_SAMPLE:
		m.kind = MSG_sample;
		m.u.sample = out->u.sample;
		sim_publish(s, MEMBER_REF, &m);
		break;
	case REFCLOCK_OUT_SOURCE:
		m.kind = MSG_source;
		m.u.source = out->u.source;
		sim_publish(s, MEMBER_REF, &m);
		break;
	case REFCLOCK_OUT_EVENT:
		sim_tell(s, MEMBER_REF, out->u.event.code, r->core.config.name,
			out->u.event.value_ns, out->u.event.text);
		break;
	case REFCLOCK_OUT_CLOSE:
		r->open = false;
		break;
	case REFCLOCK_OUT_OPEN:
		r->open = s->w.t >= r->out_until || r->core.config.kind != source_kind_phc;
		if (r->open)
			refclock_on_opened(&r->core, now_of(s), "device");
		else
			refclock_on_open_failed(&r->core, now_of(s), -ENODEV, "gone");
		break;
	case REFCLOCK_OUT_READ:
		if (r->open)
			read_once(s, r);
		break;
	}
}

static void drain(struct sim *s, struct ref_unit *r)
{
	struct refclock_out out;

	while (refclock_next_out(&r->core, &out))
		act(s, r, &out);
}

static const struct ref_config *config_of(const struct sim *s, const char *name)
{
	for (int i = 0; i < s->sc->refs; i++)
		if (!strcmp(s->sc->ref[i].name, name))
			return &s->sc->ref[i];
	return NULL;
}

void ref_stage_start(struct sim *s)
{
	s->refs = 0;
	for (int i = 0; i < s->sc->refclock.refclocks && i < SIM_REFS; i++) {
		const struct refclock_line *line = &s->sc->refclock.refclock[i];
		struct ref_unit *r = &s->ref[s->refs];
		struct refclock_config c;

		refclock_line_core(line, driver_find(line->driver), i, &c);
		c.clock_precision_ns = PRECISION_NS;
		r->config = config_of(s, c.name);
		if (!r->config) {
			sim_wrong(s, "no ref %s", c.name);
			continue;
		}
		s->refs++;
		r->open = false;
		prng_init(&r->noise, s->seed * 64 + 48 + (uint64_t)i);
		refclock_init(&r->core, &c, now_of(s));
		refclock_on_deadline(&r->core, now_of(s));
		drain(s, r);
	}
}

struct ts_raw ref_stage_deadline(const struct sim *s)
{
	struct ts_raw d = TS_RAW_NEVER;

	for (int i = 0; i < s->refs; i++)
		d = ts_raw_min(d, refclock_deadline(&s->ref[i].core));
	return d;
}

void ref_stage_expire(struct sim *s)
{
	for (int i = 0; i < s->refs; i++) {
		struct ref_unit *r = &s->ref[i];

		if (ts_raw_before(now_of(s), refclock_deadline(&r->core)))
			continue;
		refclock_on_deadline(&r->core, now_of(s));
		drain(s, r);
	}
}
