/* SPDX-License-Identifier: MIT */
/* refclock_out.c - what is told of a reference clock. */
#include <stdio.h>
#include <string.h>

#include "refclockd/core/refclock_private.h"
#include "refclockd/core/sanity.h"

void refclock_tell(struct refclock *rc, enum event_code code, int64_t value_ns, const char *text)
{
	struct refclock_event *e;

	rc->out_source = true;
	if (rc->events == REFCLOCK_EVENTS)
		return;
	e = &rc->event[rc->events++];
	e->code = code;
	e->value_ns = value_ns;
	(void)snprintf(e->text, sizeof(e->text), "%s", text);
}

void refclock_fill_sample(
	struct refclock *rc, struct ts_raw now, const struct refclock_reading *r, enum reject why)
{
	struct msg_sample *s = &rc->sample;
	struct ts_utc utc = sanity_utc(rc, r);

	memset(s, 0, sizeof(*s));
	(void)snprintf(s->source, sizeof(s->source), "%s", rc->config.name);
	s->kind = rc->config.kind;
	s->raw_ns = why == reject_format || r->raw.ns < 0 ? now.ns : r->raw.ns;
	s->utc_ns = utc.ns < 0 || why == reject_format ? 0 : utc.ns;
	s->delay_ns = sanity_limited(r->width_ns);
	s->dispersion_ns = sanity_dispersion_ns(rc, r);
	s->root_delay_ns = rc->config.delay_ns;
	s->root_dispersion_ns = rc->config.dispersion_ns;
	s->bound_ns = sanity_limited(r->bound_ns);
	s->stratum = rc->config.stratum;
	s->leap = r->leap;
	s->refid = rc->config.refid;
	s->poll = rc->config.filter > 0 ? rc->config.poll : rc->config.dpoll;
	s->rx_stamp = r->stamp;
	s->pulse = r->pulse;
	s->reject = why;
	rc->out_sample = true;
}

void refclock_describe(const struct refclock *rc, struct msg_source *ret)
{
	memset(ret, 0, sizeof(*ret));
	(void)snprintf(ret->source, sizeof(ret->source), "%s", rc->config.name);
	(void)snprintf(ret->configured, sizeof(ret->configured), "%s", rc->config.configured);
	(void)snprintf(ret->address, sizeof(ret->address), "%s", rc->address);
	(void)snprintf(ret->error, sizeof(ret->error), "%.159s", rc->error);
	ret->kind = rc->config.kind;
	ret->mode = source_mode_refclock;
	ret->state = rc->state;
	ret->reach = rc->reach & 0xff;
	ret->poll = rc->config.poll;
	ret->stratum = rc->config.stratum;
	ret->leap = rc->leap;
	ret->refid = rc->config.refid;
	ret->local = rc->config.local;
	ret->noselect = rc->config.noselect || rc->config.local;
	ret->prefer = rc->config.prefer;
	ret->trust = rc->config.trust;
	ret->require = rc->config.require;
	ret->minsamples = rc->config.minsamples;
	ret->maxsamples = rc->config.maxsamples;
	ret->maxunreach = rc->config.maxunreach;
	ret->sent = rc->polls;
	ret->received = rc->received;
	ret->valid = rc->valid;
	ret->good = rc->good;
	ret->last_raw_ns = rc->last_valid.ns;
	ret->last_delay_ns = rc->last_width_ns;
	learned_tell(&rc->learned, ret);
}

static bool take(bool *flag)
{
	bool was = *flag;

	*flag = false;
	return was;
}

bool refclock_next_out(struct refclock *rc, struct refclock_out *ret)
{
	ret->type = REFCLOCK_OUT_NONE;
	if (take(&rc->out_sample)) {
		ret->type = REFCLOCK_OUT_SAMPLE;
		ret->u.sample = rc->sample;
	} else if (rc->events > 0) {
		ret->type = REFCLOCK_OUT_EVENT;
		ret->u.event = rc->event[0];
		rc->events--;
		memmove(&rc->event[0], &rc->event[1], (size_t)rc->events * sizeof(rc->event[0]));
	} else if (take(&rc->out_close)) {
		ret->type = REFCLOCK_OUT_CLOSE;
	} else if (take(&rc->out_source)) {
		ret->type = REFCLOCK_OUT_SOURCE;
		refclock_describe(rc, &ret->u.source);
	} else if (take(&rc->out_open)) {
		ret->type = REFCLOCK_OUT_OPEN;
	} else if (take(&rc->out_read)) {
		ret->type = REFCLOCK_OUT_READ;
	}
	return ret->type != REFCLOCK_OUT_NONE;
}
