/* SPDX-License-Identifier: MIT */
/*
 * bus_fixture.h - a private runtime directory with one loop, and buses on it that record what they
 * hear. For tests of the bus.
 */
#ifndef TB_BUS_FIXTURE_H
#define TB_BUS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/bus/bus.h"
#include "common/bus/codec.h"
#include "common/io/log.h"

#define HEARD_MAX 4096
#define PATIENCE_MS 30000 /* what never comes has not come by then, however busy the machine */

struct fixture {
	char dir[64];
	struct door *door;
	struct loop *loop;
};

/* A bus and what it heard. */
struct ear {
	struct bus *bus;
	unsigned int count;
	struct msg heard[HEARD_MAX];
	unsigned int gaps, restarts;
	uint64_t lost;
	unsigned int refusals;
	uint64_t refused;
	char why[MSG_ERROR_SIZE];
	char command[64];
};

static inline void ear_message(void *arg, const struct msg *m)
{
	struct ear *e = arg;

	assert_true(e->count < HEARD_MAX);
	memcpy(&e->heard[e->count++], m, sizeof(*m));
}

static inline void ear_gap(void *arg, const char *publisher, uint64_t lost)
{
	struct ear *e = arg;

	(void)publisher;
	e->gaps += lost > 0;
	e->restarts += lost == 0;
	e->lost += lost;
}

static inline void ear_refused(void *arg, const char *publisher, const char *why, uint64_t number)
{
	struct ear *e = arg;

	(void)publisher;
	e->refusals++;
	e->refused += number;
	(void)snprintf(e->why, sizeof(e->why), "%s", why);
}

static inline int ear_control(
	void *arg, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	struct ear *e = arg;

	(void)snprintf(e->command, sizeof(e->command), "%d:%s", argc, argv[0]);
	(void)snprintf(reply, reply_size, "heard %s", argv[argc - 1]);
	return strcmp(argv[0], "fail") ? 0 : -EPERM;
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char error[160];

	log_open("bus_test", LOG_LEVEL_ERR);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/timebus-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->door = door_new(error, sizeof(error));
	f->loop = loop_new(f->door);
	assert_non_null(f->loop);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"refclockd", "ntpexchd", "selectd", "disciplined"};
	char path[128];

	for (size_t i = 0; i < 4; i++)
		for (int j = 0; j < 3; j++) {
			(void)snprintf(path, sizeof(path), "%s/%s.%s", f->dir, names[i],
				j == 0 ? "pub" : (j == 1 ? "ctl" : "lock"));
			(void)unlink(path);
		}
	(void)rmdir(f->dir);
	loop_destroy(&f->loop);
	door_destroy(&f->door);
	free(f);
	return 0;
}

static inline struct bus_config ear_config(struct fixture *f, struct ear *e, const char *name)
{
	return (struct bus_config){.run_dir = f->dir,
		.name = name,
		.pub_fd = -1,
		.ctl_fd = -1,
		.loop = f->loop,
		.door = f->door,
		.message = ear_message,
		.gap = ear_gap,
		.refused = ear_refused,
		.control = ear_control,
		.arg = e};
}

static inline struct ear *ear_new(struct fixture *f, const char *name)
{
	struct ear *e = calloc(1, sizeof(*e));
	struct bus_config c = ear_config(f, e, name);

	assert_int_equal(bus_open(&c, &e->bus), 0);
	return e;
}

static inline void ear_free(struct ear **e)
{
	bus_close(&(*e)->bus);
	free(*e);
	*e = NULL;
}

struct waiting {
	struct loop *loop;
	struct door *door;
	struct loop_timer tick;
	bool (*done)(void *arg);
	void *arg;
	struct ts_raw until;
	bool reached;
};

static inline void waiting_tick(void *arg, struct ts_raw now)
{
	struct waiting *w = arg;

	w->reached = w->done && w->done(w->arg);
	if (w->reached || !ts_raw_before(now, w->until))
		loop_stop(w->loop);
	else
		loop_timer_set(w->loop, &w->tick, ts_raw_add(now, (struct ts_dur){2 * NS_PER_MS}));
}

/* Runs the loop until done says so; false when that took longer than ms. */
static inline bool run_until(struct fixture *f, int ms, bool (*done)(void *arg), void *arg)
{
	struct ts_raw now = door_raw(f->door);
	struct waiting w = {.loop = f->loop,
		.door = f->door,
		.done = done,
		.arg = arg,
		.until = ts_raw_add(now, (struct ts_dur){ms * NS_PER_MS})};

	w.tick.fn = waiting_tick;
	w.tick.arg = &w;
	loop_timer_set(f->loop, &w.tick, now);
	assert_int_equal(loop_run(f->loop), 0);
	loop_timer_del(f->loop, &w.tick);
	return w.reached;
}

static inline void run_for(struct fixture *f, int ms)
{
	(void)run_until(f, ms, NULL, NULL);
}

struct count_goal {
	const struct ear *ear;
	unsigned int count;
};

static inline bool count_reached(void *arg)
{
	const struct count_goal *g = arg;

	return g->ear->count >= g->count;
}

/* Waits for count messages in all, then a little for more that should not come. */
static inline void expect_count(struct fixture *f, const struct ear *e, unsigned int count)
{
	struct count_goal g = {e, count};

	assert_true(run_until(f, PATIENCE_MS, count_reached, &g));
	run_for(f, 30);
	assert_int_equal(e->count, count);
}

static inline struct msg make_sample(const char *source, enum source_kind kind, int64_t raw_ns)
{
	struct msg m;

	memset(&m, 0, sizeof(m));
	m.kind = MSG_sample;
	(void)snprintf(m.u.sample.source, sizeof(m.u.sample.source), "%s", source);
	m.u.sample.kind = kind;
	m.u.sample.raw_ns = raw_ns;
	m.u.sample.utc_ns = 1800000000 * NS_PER_S + raw_ns;
	return m;
}

static inline struct msg make_source(const char *source, enum source_kind kind, bool removed)
{
	struct msg m;

	memset(&m, 0, sizeof(m));
	m.kind = MSG_source;
	(void)snprintf(m.u.source.source, sizeof(m.u.source.source), "%s", source);
	(void)snprintf(m.u.source.configured, sizeof(m.u.source.configured), "%s", source);
	m.u.source.kind = kind;
	m.u.source.removed = removed;
	return m;
}

static inline struct msg make_hello(const char *daemon)
{
	struct msg m;

	memset(&m, 0, sizeof(m));
	m.kind = MSG_hello;
	(void)snprintf(m.u.hello.daemon, sizeof(m.u.hello.daemon), "%s", daemon);
	m.u.hello.pid = getpid();
	return m;
}

#endif
