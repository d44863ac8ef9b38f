/* SPDX-License-Identifier: MIT */
/* The association's answers, and the source message. */
#include "ntpexchd/core/ntp_client_private.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "common/core/bytes.h"
#include "ntpexchd/core/poll.h"

#define DUR_NS_MAX INT64_C(4000000000000000000)

void client_event(
	struct ntp_client *c, enum event_code code, int64_t value_ns, const char *format, ...)
{
	struct ntp_client_event *e;
	va_list ap;

	assert(c->events < NTP_CLIENT_EVENTS);
	e = &c->event[c->events++];
	e->code = code;
	e->value_ns = value_ns;
	va_start(ap, format);
	vsnprintf(e->text, sizeof e->text, format, ap);
	va_end(ap);
}

void client_sample(struct ntp_client *c, const struct msg_sample *m)
{
	struct msg_sample *s;

	assert(c->samples < NTP_CLIENT_SAMPLES);
	s = &c->sample[c->samples++];
	*s = *m;
	str_copy(s->source, sizeof s->source, c->config.source);
	s->interval_ns = client_interval(c).ns * client_polls_a_sample(c);
	s->poll = client_poll(c);
	for (int polls = client_polls_a_sample(c); polls > 1 && s->poll < POLL_MAX; polls /= 2)
		s->poll++;
}

static void source_options(const struct ntp_client_config *f, struct msg_source *m)
{
	str_copy(m->source, sizeof m->source, f->source);
	str_copy(m->configured, sizeof m->configured, f->configured);
	m->noselect = f->noselect;
	m->prefer = f->prefer;
	m->trust = f->trust;
	m->require = f->require;
	m->minsamples = f->minsamples;
	m->maxsamples = f->maxsamples;
	m->maxunreach = f->maxunreach;
	m->asymmetry = f->asymmetry;
}

static void source_message(const struct ntp_client *c, struct msg_source *m)
{
	source_options(&c->config, m);
	m->kind = source_kind_ntp;
	m->mode = source_mode_server;
	m->state = ntp_client_state(c);
	str_copy(m->address, sizeof m->address, c->address);
	m->port = c->has_address ? c->port : 0;
	str_copy(m->error, sizeof m->error, c->error);
	m->reach = c->reach;
	m->poll = client_poll(c);
	m->stratum = c->stratum;
	m->leap = c->leap;
	m->refid = c->refid;
	m->sent = c->counts.sent;
	m->received = c->counts.received;
	m->valid = c->counts.valid;
	m->good = c->counts.good;
	m->last_raw_ns = c->last_raw.ns > 0 ? c->last_raw.ns : 0;
	m->last_offset_ns = c->last_offset_ns;
	if (m->last_offset_ns > DUR_NS_MAX || m->last_offset_ns < -DUR_NS_MAX)
		m->last_offset_ns = c->last_offset_ns > 0 ? DUR_NS_MAX : -DUR_NS_MAX;
	m->last_delay_ns = c->last_delay_ns;
	learned_tell(&c->learned, m);
	m->removed = c->removed;
}

static bool source_due(const struct ntp_client *c, struct ts_raw now)
{
	return c->out_source && (!c->told || c->removed || ntp_client_state(c) != c->told_state ||
					ts_raw_sub(now, c->told_at).ns >= NTP_SOURCE_NS);
}

static void take_first_event(struct ntp_client *c, struct ntp_client_out *ret)
{
	ret->kind = NTP_OUT_EVENT;
	ret->u.event = c->event[0];
	c->events--;
	memmove(&c->event[0], &c->event[1], (size_t)c->events * sizeof c->event[0]);
}

static void take_first_sample(struct ntp_client *c, struct ntp_client_out *ret)
{
	ret->kind = NTP_OUT_MESSAGE;
	ret->u.message.kind = MSG_sample;
	ret->u.message.u.sample = c->sample[0];
	c->samples--;
	memmove(&c->sample[0], &c->sample[1], (size_t)c->samples * sizeof c->sample[0]);
}

static void take_source(struct ntp_client *c, struct ts_raw now, struct ntp_client_out *ret)
{
	ret->kind = NTP_OUT_MESSAGE;
	ret->u.message.kind = MSG_source;
	source_message(c, &ret->u.message.u.source);
	c->out_source = false;
	c->told = true;
	c->told_at = now;
	c->told_state = ntp_client_state(c);
}

bool ntp_client_next_out(struct ntp_client *c, struct ts_raw now, struct ntp_client_out *ret)
{
	memset(ret, 0, sizeof *ret);
	/* Another address, or socket, is wanted for the next request already; then the request,
	 * since what is published meanwhile must not delay it. */
	if (c->out_resolve) {
		c->out_resolve = false;
		ret->kind = NTP_OUT_RESOLVE;
	} else if (c->out_send) {
		c->out_send = false;
		ret->kind = NTP_OUT_SEND;
		ret->u.send.id = c->request.id;
		ret->u.send.size = c->send_size;
		memcpy(ret->u.send.bytes, c->send_bytes, c->send_size);
	} else if (c->events > 0) {
		take_first_event(c, ret);
	} else if (source_due(c, now)) {
		take_source(c, now, ret);
	} else if (c->samples > 0) {
		take_first_sample(c, ret);
	} else {
		return false;
	}
	return true;
}
