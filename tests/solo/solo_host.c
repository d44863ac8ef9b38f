/* SPDX-License-Identifier: MIT */
#include "tests/solo/solo_host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/bus/bus_admit.h"
#include "common/bus/codec.h"
#include "common/io/stage_host.h"

/* As in the daemon skeleton: a deadline that does not move must not take the whole processor. */
#define STUCK_MAX      20000
#define STUCK_PAUSE_NS (100 * NS_PER_MS)
#define QUEUE_START    64

struct member {
	struct solo *solo;
	const struct stage *stage;
	const void *config;
	void *state;
	bool started;
	struct stage_host host;
	struct loop_timer timer;
	unsigned int stuck;
	struct ts_raw stuck_until;
	uint64_t boot, seq;
	struct bus_names names; /* of its sources */
};

struct solo {
	struct solo_config config;
	struct member member[SOLO_STAGES_MAX];
	int members;
	struct msg *queue; /* ring */
	size_t room, first, count;
};

/* ---- what is published ---- */

static int grow(struct solo *solo)
{
	size_t room = solo->room ? 2 * solo->room : QUEUE_START;
	struct msg *queue = calloc(room, sizeof(*queue));

	if (!queue)
		return -ENOMEM;
	for (size_t i = 0; i < solo->count; i++)
		queue[i] = solo->queue[(solo->first + i) % solo->room];
	free(solo->queue);
	solo->queue = queue;
	solo->room = room;
	solo->first = 0;
	return 0;
}

/* NULL if that stage may speak for the source, else why not. */
static const char *claim(struct member *m, const char *source)
{
	struct solo *solo = m->solo;

	if (bus_names_has(&m->names, source))
		return NULL;
	for (int i = 0; i < solo->members; i++)
		if (bus_names_has(&solo->member[i].names, source))
			return "the source belongs to another";
	return bus_names_add(&m->names, source) < 0 ? "too many sources" : NULL;
}

static const char *refusal(struct member *m, const struct msg *full, char error[MSG_ERROR_SIZE])
{
	const char *source = bus_source_of(full), *why;

	if (msg_check(full, error) < 0)
		return error;
	why = bus_admit(m->stage->name, full);
	return why || !source ? why : claim(m, source);
}

static void publish(void *arg, const struct msg *msg)
{
	struct member *m = arg;
	struct solo *solo = m->solo;
	char error[MSG_ERROR_SIZE];
	const char *why;
	struct msg *full;

	if (solo->count == solo->room && grow(solo) < 0) {
		log_errx("out of memory: a message of %s is lost", m->stage->name);
		return;
	}
	full = &solo->queue[(solo->first + solo->count) % solo->room];
	*full = *msg;
	memset(&full->env, 0, sizeof(full->env));
	(void)snprintf(full->env.sender, sizeof(full->env.sender), "%s", m->stage->name);
	full->env.boot = m->boot;
	full->env.seq = m->seq + 1;
	full->env.sent_raw_ns = door_raw(solo->config.door).ns;
	why = refusal(m, full, error);
	if (why) {
		log_errx(
			"a message of %s is not published, this is a bug: %s", m->stage->name, why);
		return;
	}
	m->seq++;
	solo->count++;
}

static const struct stage_host_ops ops = {publish, NULL, NULL};

/* ---- what arrives ---- */

static void rearm(struct member *m)
{
	struct ts_raw deadline = TS_RAW_NEVER;

	if (m->stage->deadline)
		deadline = m->stage->deadline(m->state);
	if (m->stuck >= STUCK_MAX && ts_raw_before(deadline, m->stuck_until))
		deadline = m->stuck_until;
	if (m->timer.linked ? m->timer.deadline.ns == deadline.ns : ts_raw_is_never(deadline))
		return;
	loop_timer_set(m->solo->config.loop, &m->timer, deadline);
}

static void on_expire(void *arg, struct ts_raw now)
{
	struct member *m = arg;

	m->stage->expire(m->state, now);
	if (m->stage->deadline && !ts_raw_before(now, m->stage->deadline(m->state)))
		m->stuck++;
	else
		m->stuck = 0;
	m->stuck_until = ts_raw_add(now, (struct ts_dur){STUCK_PAUSE_NS});
	if (m->stuck == STUCK_MAX)
		host_event(&m->host, EVENT_overload, NULL, 0,
			"the deadline does not move: this is a bug, work goes on slowly");
	rearm(m);
}

static bool subscribes(const struct stage *stage, const char *sender, const char *topic)
{
	const struct stage_subscription *s = stage->subscriptions;

	for (; s && s->publisher; s++)
		if (!strcmp(s->publisher, sender) && !strncmp(topic, s->topic, strlen(s->topic)))
			return true;
	return false;
}

static void deliver(struct solo *solo, const struct msg *msg)
{
	char topic[MSG_TOPIC_SIZE];

	if (msg_topic(msg, topic) < 0)
		return;
	for (int i = 0; i < solo->members; i++) {
		struct member *m = &solo->member[i];

		if (m->started && m->stage->message && subscribes(m->stage, msg->env.sender, topic))
			m->stage->message(m->state, msg);
		if (msg->kind == MSG_source && msg->u.source.removed)
			bus_names_remove(&m->names, msg->u.source.source);
	}
}

/* Before each wait: all that was published reaches its readers, which may publish in turn; two
 * stages that answer each other for ever would only starve the descriptors, hence the limit. */
static bool on_idle(void *arg)
{
	struct solo *solo = arg;

	for (size_t left = solo->count; left > 0; left--) {
		struct msg msg = solo->queue[solo->first];

		solo->first = (solo->first + 1) % solo->room;
		solo->count--;
		deliver(solo, &msg);
	}
	for (int i = 0; i < solo->members; i++)
		if (solo->member[i].started)
			rearm(&solo->member[i]);
	return solo->count > 0;
}

/* ---- life ---- */

static uint64_t draw_boot(void)
{
	uint64_t boot;

	if (getrandom(&boot, sizeof(boot), 0) != (ssize_t)sizeof(boot))
		log_fatal("no random numbers");
	return boot;
}

static int add_member(struct solo *solo, const struct stage *stage, const void *config)
{
	struct member *m = &solo->member[solo->members++];

	*m = (struct member){.solo = solo, .stage = stage, .config = config, .boot = draw_boot()};
	m->timer = (struct loop_timer){.fn = on_expire, .arg = m};
	m->host = (struct stage_host){
		.stage = stage,
		.loop = solo->config.loop,
		.door = solo->config.door,
		.run_dir = solo->config.run_dir,
		.state_dir = solo->config.state_dir,
		.ops = &ops,
		.arg = m,
	};
	m->state = calloc(1, stage->state_size + 1);
	return m->state ? 0 : -ENOMEM;
}

struct solo *solo_new(const struct solo_config *config)
{
	struct solo *solo = calloc(1, sizeof(*solo));
	int r = solo ? 0 : -ENOMEM;

	if (!solo)
		return NULL;
	solo->config = *config;
	for (int i = 0; config->stages[i] && r == 0; i++)
		r = i < SOLO_STAGES_MAX ? add_member(solo, config->stages[i], config->configs[i])
					: -ENOSPC;
	if (r < 0 || loop_idle_add(config->loop, on_idle, solo) < 0)
		solo_free(&solo);
	return solo;
}

static void introduce(struct member *m)
{
	struct msg msg = {.kind = MSG_hello};
	struct msg_hello *h = &msg.u.hello;

	(void)snprintf(h->daemon, sizeof(h->daemon), "%s", m->stage->name);
	(void)snprintf(h->version, sizeof(h->version), "%s", TIMEBUS_VERSION);
	(void)snprintf(h->digest, sizeof(h->digest), "%016" PRIx64,
		directive_digest(m->stage->directives, m->config));
	h->pid = getpid();
	h->started_raw_ns = door_raw(m->solo->config.door).ns;
	publish(m, &msg);
}

int solo_start(struct solo *solo)
{
	for (int i = 0; i < solo->members; i++) {
		struct member *m = &solo->member[i];
		int r = m->stage->start(m->state, m->config, &m->host);

		if (r < 0) {
			log_errx("%s cannot start: %s", m->stage->name, strerror(-r));
			return r;
		}
		m->started = true;
		introduce(m);
	}
	return 0;
}

void solo_free(struct solo **solo)
{
	struct solo *s = *solo;

	if (!s)
		return;
	/* From the first: the last words of a stage reach those behind it. */
	for (int i = 0; i < s->members; i++) {
		if (s->member[i].started && s->member[i].stage->stop)
			s->member[i].stage->stop(s->member[i].state);
		s->member[i].started = false;
		(void)on_idle(s);
	}
	loop_idle_del(s->config.loop, on_idle, s);
	for (int i = 0; i < s->members; i++) {
		loop_timer_del(s->config.loop, &s->member[i].timer);
		free(s->member[i].state);
	}
	free(s->queue);
	free(s);
	*solo = NULL;
}
