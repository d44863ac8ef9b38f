/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include "common/core/bytes.h"
#include "monitord/core/model.h"

const char *const model_daemon_names[MODEL_DAEMONS] = {
	"refclockd", "ntpexchd", "selectd", "disciplined", "monitord"};

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
}

int model_daemon_index(const char *name)
{
	for (int i = 0; i < MODEL_DAEMONS; i++) {
		if (!strcmp(model_daemon_names[i], name))
			return i;
	}
	return -1;
}

/* ---- sources ---- */

static int index_of(const struct model *m, const char *publisher, const char *name)
{
	for (unsigned int i = 0; i < m->source_count; i++) {
		if (!strcmp(m->sources[i].name, name) &&
			!strcmp(m->sources[i].publisher, publisher))
			return (int)i;
	}
	return -1;
}

const struct model_source *model_find(
	const struct model *m, const char *publisher, const char *name)
{
	int i = index_of(m, publisher, name);

	return i < 0 ? NULL : &m->sources[i];
}

/* NULL if there is no room. */
static struct model_source *find_or_add(struct model *m, const char *publisher, const char *name)
{
	int i = index_of(m, publisher, name);
	struct model_source *s;

	if (i >= 0)
		return &m->sources[i];
	if (m->source_count == MODEL_SOURCES_MAX) {
		m->overflow++;
		return NULL;
	}
	s = &m->sources[m->source_count++];
	memset(s, 0, sizeof(*s));
	str_copy(s->name, sizeof(s->name), name);
	str_copy(s->publisher, sizeof(s->publisher), publisher);
	return s;
}

static void forget(struct model *m, unsigned int i)
{
	struct model_source *s = &m->sources[i];

	m->source_count--;
	memmove(s, s + 1, (m->source_count - i) * sizeof(*s));
	memset(&m->sources[m->source_count], 0, sizeof(*s));
}

static void take_source(struct model *m, const char *sender, const struct msg_source *source)
{
	struct model_source *s;

	if (source->removed) {
		int i = index_of(m, sender, source->source);

		if (i >= 0)
			forget(m, (unsigned int)i);
		return;
	}
	s = find_or_add(m, sender, source->source);
	if (!s)
		return;
	s->source = *source;
	s->has_source = true;
}

static void take_sample(struct model *m, const char *sender, const struct msg_sample *sample)
{
	struct model_source *s = find_or_add(m, sender, sample->source);

	if (!s)
		return;
	s->samples++;
	s->last_reject = sample->reject;
	if (sample->reject != reject_ok) {
		s->rejected++;
		return;
	}
	s->sample = *sample;
	s->has_sample = true;
}

static void take_verdict(struct model *m, const struct msg_verdict *verdict)
{
	struct model_source *s = find_or_add(m, verdict->publisher, verdict->source);

	if (!s)
		return;
	s->verdict = *verdict;
	s->has_verdict = true;
}

/* ---- estimate ---- */

/* chronyd's moving average: takes single values until one is above the mean, then a tenth each. */
static void average(struct model *m, double square)
{
	if (m->mean_moving) {
		m->mean_square_ns2 += 0.1 * (square - m->mean_square_ns2);
		return;
	}
	m->mean_moving = m->mean_square_ns2 > 0 && m->mean_square_ns2 < square;
	m->mean_square_ns2 = square;
}

/* One line can be held against the other: nothing voided the former. */
static bool is_continued(const struct model *m, const struct msg *message)
{
	const struct msg_estimate *e = &message->u.estimate;

	return m->has_estimate && message->env.boot == m->estimate_boot &&
	       e->disruption == m->estimate.disruption &&
	       m->estimate.status != sync_unsynchronised && e->status != sync_unsynchronised &&
	       e->raw_ns > m->estimate.raw_ns;
}

static void take_estimate(struct model *m, const struct msg *message)
{
	const struct msg_estimate *e = &message->u.estimate;
	struct ts_line former;

	m->updated = is_continued(m, message) && model_estimate_line(m, &former);
	if (m->updated) {
		m->last_offset_ns =
			ts_sat_sub(ts_line_at(&former, (struct ts_raw){e->raw_ns}).ns, e->utc_ns);
		m->last_rate_ppb = former.rate_ppb - e->rate_ppb;
		m->update_interval_ns = e->raw_ns - m->estimate.raw_ns;
		average(m, (double)m->last_offset_ns * (double)m->last_offset_ns);
		m->has_update = true;
	}
	if (message->env.boot != m->estimate_boot)
		m->update_count = 0;
	m->updates[m->update_count++ % MODEL_UPDATES_MAX] = (struct model_update){
		message->env.seq, m->updated, m->updated ? m->last_offset_ns : 0};
	m->estimate = *e;
	m->estimate_boot = message->env.boot;
	m->has_estimate = true;
}

const struct model_update *model_update(const struct model *m, uint64_t seq)
{
	for (unsigned int n = m->update_count; n > 0 && m->update_count - n < MODEL_UPDATES_MAX;
		n--) {
		const struct model_update *u = &m->updates[(n - 1) % MODEL_UPDATES_MAX];

		if (u->seq == seq)
			return u;
	}
	return NULL;
}

/* ---- everything ---- */

/* Daemons tell their past one after the other: kept is the order in which things happened. */
static void take_event(struct model *m, const char *sender, const struct msg_event *event)
{
	uint64_t at = m->event_count++;
	uint64_t oldest = at < MODEL_EVENTS_MAX ? 0 : at - MODEL_EVENTS_MAX + 1;
	struct model_event *e;

	for (; at > oldest; at--) {
		e = &m->events[(at - 1) % MODEL_EVENTS_MAX];
		if (e->event.raw_ns <= event->raw_ns)
			break;
		m->events[at % MODEL_EVENTS_MAX] = *e;
	}
	e = &m->events[at % MODEL_EVENTS_MAX];
	str_copy(e->sender, sizeof(e->sender), sender);
	e->event = *event;
}

static void hear(struct model *m, const struct msg_envelope *env)
{
	int i = model_daemon_index(env->sender);

	m->messages++;
	if (i < 0)
		return;
	m->daemons[i].messages++;
	if (env->sent_raw_ns > m->daemons[i].heard.ns)
		m->daemons[i].heard = (struct ts_raw){env->sent_raw_ns};
}

static void take_hello(struct model *m, const struct msg_hello *hello)
{
	int i = model_daemon_index(hello->daemon);

	if (i < 0)
		return;
	m->daemons[i].hello = *hello;
	m->daemons[i].known = true;
}

void model_message(struct model *m, const struct msg *message)
{
	const char *sender = message->env.sender;

	hear(m, &message->env);
	switch (message->kind) {
	case MSG_sample:
		take_sample(m, sender, &message->u.sample);
		break;
	case MSG_source:
		take_source(m, sender, &message->u.source);
		break;
	case MSG_verdict:
		take_verdict(m, &message->u.verdict);
		break;
	case MSG_estimate:
		take_estimate(m, message);
		break;
	case MSG_clock:
		m->clock = message->u.clock;
		m->has_clock = true;
		break;
	case MSG_event:
		take_event(m, sender, &message->u.event);
		break;
	case MSG_hello:
		take_hello(m, &message->u.hello);
		break;
	case MSG_NONE:
	case MSG_KINDS:
		break;
	}
}

/* Verdicts are selectd's, sources and samples their publisher's. */
static void unsay(struct model_source *s, const char *publisher)
{
	if (!strcmp(publisher, "selectd"))
		s->has_verdict = false;
	if (!strcmp(publisher, s->publisher)) {
		s->has_source = s->has_sample = s->has_verdict = false;
		s->samples = s->rejected = 0;
	}
}

void model_gap(struct model *m, const char *publisher, uint64_t lost)
{
	int i = model_daemon_index(publisher);

	if (i < 0)
		return;
	if (lost > 0) {
		m->daemons[i].lost += lost;
		return;
	}
	m->daemons[i].restarts++;
	for (unsigned int n = m->source_count; n-- > 0;) {
		struct model_source *s = &m->sources[n];

		unsay(s, publisher);
		if (!s->has_source && !s->has_verdict && s->samples == 0)
			forget(m, n);
	}
}

void model_present(struct model *m, const char *publisher, bool present)
{
	int i = model_daemon_index(publisher);

	if (i >= 0)
		m->daemons[i].absent = !present;
}

bool model_running(const struct model *m, int daemon)
{
	return m->daemons[daemon].known && !m->daemons[daemon].absent;
}

void model_set_history(
	struct model *m, int64_t last_offset_ns, double rms_offset_ns, int64_t update_interval_ns)
{
	m->has_update = true;
	m->last_offset_ns = last_offset_ns;
	m->mean_square_ns2 = rms_offset_ns * rms_offset_ns;
	m->mean_moving = true;
	m->update_interval_ns = update_interval_ns;
}

const struct model_event *model_event(const struct model *m, unsigned int n)
{
	if (n >= MODEL_EVENTS_MAX || n >= m->event_count)
		return NULL;
	return &m->events[(m->event_count - 1 - n) % MODEL_EVENTS_MAX];
}
