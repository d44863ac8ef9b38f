/* SPDX-License-Identifier: MIT */
/* The bus: who hears what, and what is kept for a late joiner. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "common/bus/bus_admit.h"
#include "common/bus/codec.h"
#include "common/core/bytes.h"

#define WAKES_MAX 1000 /* messages that one event may cause */

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
		return m->kind == MSG_clock || m->kind == MSG_verdict ||
		       (m->kind == MSG_event && !strcmp(from, "selectd"));
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

void sim_deliver(struct sim *s)
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
			if (s->member[k].running && sim_stages[k].message &&
				subscribes((enum member_id)k, &m))
				sim_stages[k].message(s, &m);
	}
	s->queued = 0;
}
