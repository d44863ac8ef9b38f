/* SPDX-License-Identifier: MIT */
#include "refclockd/core/hostfold.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STRATUM_UNSYNC 16

/* ---- state ---- */

static bool is_unsync(const struct msg_clock *c)
{
	return c->status == sync_unsynchronised || c->leap == leap_unsync ||
	       c->stratum >= STRATUM_UNSYNC;
}

static bool is_elsewhere(const struct hostfold *f)
{
	return f->clock.mode != clock_mode_realtime && !f->config.any_clock;
}

/* The instant from which on the host is silent if nothing more comes. */
static struct ts_raw silent_from(const struct hostfold *f)
{
	struct ts_raw t = ts_raw_add(f->heard_at, (struct ts_dur){HOSTFOLD_SILENT_NS});

	if (!f->heard)
		return TS_RAW_NEVER;
	if (f->link == HOSTFOLD_UP)
		return t;
	return ts_raw_min(t, ts_raw_add(f->lost_at, (struct ts_dur){HOSTFOLD_GRACE_NS}));
}

static enum host_state refusal(const struct hostfold *f)
{
	switch (f->link) {
	case HOSTFOLD_STRANGE:
		return host_state_strange;
	case HOSTFOLD_DENIED:
		return host_state_denied;
	case HOSTFOLD_FAILED:
		return host_state_failed;
	case HOSTFOLD_DOWN:
	case HOSTFOLD_UP:
		break;
	}
	return host_state_none;
}

static enum host_state judge(const struct hostfold *f)
{
	enum host_state no = refusal(f);

	if (no != host_state_none)
		return no;
	if (!f->heard)
		return host_state_waiting;
	if (!ts_raw_is_never(f->silent_since))
		return host_state_silent;
	if (is_elsewhere(f))
		return host_state_elsewhere;
	return is_unsync(&f->clock) ? host_state_unsynchronised : host_state_heard;
}

static const char *words(const struct hostfold *f)
{
	switch (f->state) {
	case host_state_waiting:
		return "has not been heard yet";
	case host_state_heard:
		return "is heard";
	case host_state_silent:
		return "is silent: the error grows";
	case host_state_unsynchronised:
		return "is not synchronised itself";
	case host_state_elsewhere:
		return "does not steer its kernel's clock, which is what this clock shows";
	case host_state_denied:
		return "does not take our key (is the public part of ownkey in its allow file?)";
	case host_state_strange:
		return "is not the one of hostkey, or no timebus (is hostkey its public key?)";
	case host_state_failed:
		return f->failure;
	case host_state_none:
	case host_state_count:
		break;
	}
	return "";
}

static bool code_of(enum host_state state, enum event_code *ret)
{
	switch (state) {
	case host_state_heard:
		*ret = EVENT_host_heard;
		return true;
	case host_state_silent:
		*ret = EVENT_host_silent;
		return true;
	case host_state_unsynchronised:
	case host_state_elsewhere:
		*ret = EVENT_host_unsynchronised;
		return true;
	case host_state_denied:
	case host_state_strange:
	case host_state_failed:
		*ret = EVENT_host_refused;
		return true;
	default:
		return false;
	}
}

static void tell(struct hostfold *f)
{
	const struct msg_clock *c = &f->clock;
	char *text = f->event.text;

	if (!code_of(f->state, &f->event.code))
		return;
	f->out_event = true;
	if (f->state == host_state_heard)
		(void)snprintf(text, HOSTFOLD_TEXT_SIZE,
			"its host says: stratum %d, root delay %.6f s, root dispersion %.6f s, "
			"error at most %.6f s",
			(int)c->stratum, 1e-9 * (double)c->root_delay_ns,
			1e-9 * (double)c->root_dispersion_ns, 1e-9 * (double)c->bound_ns);
	else
		(void)snprintf(text, HOSTFOLD_TEXT_SIZE, "its host %.140s", words(f));
}

static void update(struct hostfold *f, struct ts_raw now)
{
	enum host_state state;

	/* until it speaks again: a connection alone says nothing of its clock */
	if (ts_raw_is_never(f->silent_since) && !ts_raw_before(now, silent_from(f)))
		f->silent_since = silent_from(f);
	state = judge(f);
	if (state == f->state)
		return;
	f->state = state;
	tell(f);
}

/* ---- what comes in ---- */

void hostfold_init(struct hostfold *f, const struct hostfold_config *config, struct ts_raw now)
{
	memset(f, 0, sizeof(*f));
	f->config = *config;
	f->started = f->lost_at = now;
	f->silent_since = TS_RAW_NEVER;
	f->state = host_state_waiting;
}

/* How much longer it was on its way than the fastest message: queues, and a connection that
 * stalled. */
static int64_t delayed_ns(struct hostfold *f, struct ts_raw now, const struct msg *m)
{
	int64_t way_ns = ts_sat_sub(now.ns, m->env.sent_raw_ns);

	if (f->has_base && m->env.boot == f->boot)
		f->base_ns = ts_sat_add(f->base_ns,
			ts_raw_sub(now, f->heard_at).ns / (1000000 / HOSTFOLD_RATE_PPM));
	if (!f->has_base || m->env.boot != f->boot || way_ns < f->base_ns)
		f->base_ns = way_ns;
	f->has_base = true;
	return ts_sat_sub(way_ns, f->base_ns);
}

void hostfold_on_clock(struct hostfold *f, struct ts_raw now, const struct msg *m)
{
	int64_t age_ns = ts_sat_sub(m->env.sent_raw_ns, m->u.clock.raw_ns);

	if (age_ns < 0)
		age_ns = 0;
	age_ns = ts_sat_add(age_ns, delayed_ns(f, now, m));
	f->clock = m->u.clock;
	f->boot = m->env.boot;
	f->clock_at = (struct ts_raw){ts_sat_sub(now.ns, age_ns)};
	f->heard = true;
	f->heard_at = now;
	f->silent_since = TS_RAW_NEVER;
	f->link = HOSTFOLD_UP;
	update(f, now);
}

void hostfold_on_link(
	struct hostfold *f, struct ts_raw now, enum hostfold_link link, const char *why)
{
	/* after a refusal the connection goes down, which says nothing new */
	if (link == HOSTFOLD_DOWN && (f->link == HOSTFOLD_STRANGE || f->link == HOSTFOLD_DENIED))
		return;
	if (f->link == HOSTFOLD_UP && link != HOSTFOLD_UP)
		f->lost_at = now;
	if (link == HOSTFOLD_UP)
		f->has_base = false;
	f->link = link;
	(void)snprintf(f->failure, sizeof(f->failure), "%s", why ? why : "");
	update(f, now);
}

void hostfold_on_deadline(struct hostfold *f, struct ts_raw now)
{
	update(f, now);
}

struct ts_raw hostfold_deadline(const struct hostfold *f)
{
	return ts_raw_is_never(f->silent_since) ? silent_from(f) : TS_RAW_NEVER;
}

bool hostfold_next_event(struct hostfold *f, struct hostfold_event *ret)
{
	if (!f->out_event)
		return false;
	f->out_event = false;
	*ret = f->event;
	return true;
}

/* ---- what goes out ---- */

/* ns at a rate for the time from since to now; saturates. */
static int64_t grown_ns(double ppb, struct ts_raw since, struct ts_raw now)
{
	double ns = ppb * (double)ts_raw_sub(now, since).ns / 1e9;

	return ns <= 0 ? 0 : (int64_t)ceil(fmin(ns, 4e18));
}

static int64_t growth_ns(const struct hostfold *f, struct ts_raw now)
{
	double own_ppb = f->heard ? f->clock.bound_drift_ppb : f->config.drift_ppb;
	int64_t ns = grown_ns(own_ppb, f->heard ? f->clock_at : f->started, now);

	if (f->config.drift_ppb > own_ppb && !ts_raw_is_never(f->silent_since))
		ns = ts_sat_add(ns, grown_ns(f->config.drift_ppb - own_ppb, f->silent_since, now));
	return ns;
}

static void void_sample(struct msg_sample *s)
{
	s->leap = leap_unsync;
	s->stratum = STRATUM_UNSYNC;
	s->root_dispersion_ns = HOSTFOLD_ERROR_MAX_NS;
	s->bound_ns = 0;
}

static bool add(int64_t *sum, int64_t a, int64_t b)
{
	*sum = ts_sat_add(*sum, ts_sat_add(a, b));
	return *sum <= HOSTFOLD_ERROR_MAX_NS;
}

/* False: the error is unknown, or does not fit. */
static bool fold(const struct hostfold *f, struct msg_sample *s)
{
	const struct msg_clock *c = &f->clock;
	struct ts_raw at = {s->raw_ns};
	int64_t growth = growth_ns(f, at);

	/* a device's own bound says nothing of the host behind it */
	if (!f->heard) {
		s->bound_ns = 0;
		return f->config.error_ns > 0 &&
		       add(&s->root_dispersion_ns, f->config.error_ns, growth);
	}
	if (is_elsewhere(f) || is_unsync(c))
		return false;
	if (c->stratum > s->stratum)
		s->stratum = c->stratum;
	if (ts_raw_sub(at, f->heard_at).ns < HOSTFOLD_LEAP_NS)
		s->leap = c->leap;
	return add(&s->root_delay_ns, c->root_delay_ns, 0) &&
	       add(&s->root_dispersion_ns, c->root_dispersion_ns, growth) &&
	       add(&s->bound_ns, c->bound_ns, growth);
}

void hostfold_sample(const struct hostfold *f, struct msg_sample *sample)
{
	if (sample->reject != reject_ok)
		return;
	if (!fold(f, sample)) {
		void_sample(sample);
		if (sample->root_delay_ns > HOSTFOLD_ERROR_MAX_NS)
			sample->root_delay_ns = HOSTFOLD_ERROR_MAX_NS;
	}
}

void hostfold_source(const struct hostfold *f, struct ts_raw now, struct msg_source *source)
{
	struct msg_sample s = {.raw_ns = now.ns, .stratum = source->stratum, .leap = source->leap};

	source->host = f->state;
	source->host_raw_ns = f->heard ? f->heard_at.ns : 0;
	hostfold_sample(f, &s);
	source->stratum = s.stratum;
	if (source->leap != leap_unsync)
		source->leap = s.leap;
	if (!source->error[0] && f->state != host_state_heard)
		(void)snprintf(source->error, sizeof(source->error), "its host %.140s", words(f));
}
