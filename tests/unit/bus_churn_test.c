/* SPDX-License-Identifier: MIT */
/*
 * Coming and going: subscribers that join and leave, publishers that are killed, and what it costs
 * to wait for one that is not there. The publisher to be killed is this program with --publish.
 */
#include "tests/unit/bus_fixture.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>


static const char *own_path;

static void publish_one(struct bus *bus, int64_t raw_ns)
{
	struct msg m = make_sample("PHC0", source_kind_phc, raw_ns);

	bus_publish(bus, &m);
}

static bool heard_some(void *arg)
{
	const struct ear *g = arg;

	return g->count >= 5;
}

/* Somebody who stays hears each message once, whatever others do. */
static void others_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *stays = ear_new(f, NULL), *guest[3] = {NULL};
	unsigned int sent = 0;

	bus_subscribe(stays->bus, "refclockd", "sample.");
	publish_one(pub->bus, ++sent);
	expect_count(f, stays, sent);
	for (int i = 0; i < 60; i++) {
		struct ear **g = &guest[i % 3];

		if (*g)
			ear_free(g);
		*g = ear_new(f, NULL);
		assert_int_equal(bus_subscribe((*g)->bus, "refclockd", i % 2 ? "sample." : ""), 0);
		for (int j = 0; j < 5; j++) {
			publish_one(pub->bus, ++sent);
			run_for(f, i % 4);
		}
	}
	expect_count(f, stays, sent);
	for (unsigned int i = 0; i < sent; i++)
		assert_int_equal(stays->heard[i].u.sample.raw_ns, i + 1);
	assert_int_equal(stays->gaps + stays->restarts + stays->refusals, 0);
	for (int i = 0; i < 3; i++) {
		struct ear *g = guest[i];

		/* the last one may still be shaking hands on a busy machine; its snapshot is to come */
		assert_true(run_until(f, PATIENCE_MS, heard_some, g));
		for (unsigned int j = 1; j < g->count; j++)
			assert_int_equal(g->heard[j].env.seq, g->heard[j - 1].env.seq + 1);
		assert_int_equal(g->heard[g->count - 1].u.sample.raw_ns, sent);
		ear_free(&guest[i]);
	}
	ear_free(&stays);
	ear_free(&pub);
}

/* ---- publishers that die ---- */

struct publisher {
	struct ear ear;
	struct loop *loop;
	struct loop_timer tick;
	int64_t next;
};

static void publisher_tick(void *arg, struct ts_raw now)
{
	struct publisher *p = arg;

	publish_one(p->ear.bus, ++p->next);
	loop_timer_set(p->loop, &p->tick, ts_raw_add(now, (struct ts_dur){5 * NS_PER_MS}));
}

static int publisher_main(const char *dir)
{
	static struct publisher p;
	struct fixture f;
	struct bus_config c;
	char error[160];

	(void)snprintf(f.dir, sizeof(f.dir), "%s", dir);
	f.door = door_new(error, sizeof(error));
	f.loop = loop_new(f.door);
	c = ear_config(&f, &p.ear, "refclockd");
	if (bus_open(&c, &p.ear.bus) < 0)
		return 3;
	p.loop = f.loop;
	p.tick.fn = publisher_tick;
	p.tick.arg = &p;
	loop_timer_set(f.loop, &p.tick, door_raw(f.door));
	return loop_run(f.loop) < 0;
}

static pid_t publisher_start(const struct fixture *f)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execl(own_path, own_path, "--publish", f->dir, (char *)NULL);
		_exit(127);
	}
	return pid;
}

struct more {
	const struct ear *ear;
	unsigned int count, restarts;
};

static bool heard_more(void *arg)
{
	const struct more *m = arg;

	return m->ear->count >= m->count && m->ear->restarts >= m->restarts;
}

static bool is_gone(void *arg)
{
	const struct ear *e = arg;

	return !bus_connected(e->bus, "refclockd");
}

/* Killed at any moment: its lock is free, its stale socket no obstacle, and the restart is told. */
static void killed_publisher(void **state)
{
	struct fixture *f = *state;
	struct ear *sub = ear_new(f, NULL);
	int status;

	bus_subscribe(sub->bus, "refclockd", "sample.");
	for (unsigned int round = 0; round < 6; round++) {
		pid_t pid = publisher_start(f);
		struct more m = {sub, sub->count + 10, round};

		assert_true(run_until(f, PATIENCE_MS, heard_more, &m));
		assert_int_equal(sub->restarts, round);
		run_for(f, (int)(round * 3));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_true(run_until(f, PATIENCE_MS, is_gone, sub));
	}
	for (unsigned int i = 1; i < sub->count; i++)
		if (sub->heard[i].env.boot == sub->heard[i - 1].env.boot)
			assert_int_equal(sub->heard[i].env.seq, sub->heard[i - 1].env.seq + 1);
	assert_int_equal(sub->gaps, 0);
	ear_free(&sub);
}

/* ---- files that come and go ---- */

static bool is_there(void *arg)
{
	return bus_connected(arg, "refclockd");
}

static bool is_away(void *arg)
{
	return !bus_connected(arg, "refclockd");
}

/* Long absences do not make a publisher slow to be found. */
static void stopped_and_started(void **state)
{
	struct fixture *f = *state;
	struct ear *sub = ear_new(f, NULL), *pub;

	bus_subscribe(sub->bus, "refclockd", "sample.");
	for (unsigned int round = 1; round <= 4; round++) {
		run_for(f, 300);
		assert_false(bus_connected(sub->bus, "refclockd"));
		pub = ear_new(f, "refclockd");
		publish_one(pub->bus, round);
		expect_count(f, sub, round);
		assert_true(is_there(sub->bus));
		ear_free(&pub);
		assert_true(run_until(f, 5000, is_away, sub->bus));
	}
	assert_int_equal(sub->restarts, 3);
	assert_int_equal(sub->gaps, 0);
	ear_free(&sub);
}

/* Who is connected does not need the file any more, nor the directory. */
static void a_lost_file_cuts_nobody_off(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *sub = ear_new(f, NULL);
	char path[128];

	bus_subscribe(sub->bus, "refclockd", "sample.");
	assert_true(run_until(f, 5000, is_there, sub->bus));
	(void)snprintf(path, sizeof(path), "%s/refclockd.pub", f->dir);
	assert_int_equal(unlink(path), 0);
	run_for(f, 50);
	for (unsigned int i = 1; i <= 20; i++) {
		publish_one(pub->bus, i);
		expect_count(f, sub, i);
	}
	assert_int_equal(sub->gaps + sub->restarts, 0);
	ear_free(&sub);
	ear_free(&pub);
}

/* ---- what waiting costs ---- */

static long switches(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_nvcsw;
}

/* Neither a publisher that is silent nor one that is not there wakes the loop. */
static void idle_is_quiet(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *sub = ear_new(f, NULL);
	struct waiting w = {.loop = f->loop, .done = NULL};
	uint64_t rounds;
	long before;

	bus_subscribe(sub->bus, "refclockd", "");
	bus_subscribe(sub->bus, "ntpexchd", "");
	bus_subscribe(sub->bus, "selectd", "");
	run_for(f, 1500);
	assert_true(bus_connected(sub->bus, "refclockd"));
	rounds = loop_rounds(f->loop);
	before = switches();
	/* one timer for the whole time instead of the ticks of run_for */
	w.tick.fn = waiting_tick;
	w.tick.arg = &w;
	w.until.ns = 0; /* its first tick is its last */
	loop_timer_set(
		f->loop, &w.tick, ts_raw_add(door_raw(f->door), (struct ts_dur){4 * NS_PER_S}));
	assert_int_equal(loop_run(f->loop), 0);
	print_message("4 s idle: %llu rounds, %ld switches of all threads\n",
		(unsigned long long)(loop_rounds(f->loop) - rounds), switches() - before);
	assert_true(loop_rounds(f->loop) - rounds <= 4);
	/* the end of the wait itself, and what the system does with other threads now and then */
	assert_true(switches() - before < 12);
	ear_free(&sub);
	ear_free(&pub);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(others_come_and_go),
		T(killed_publisher),
		T(stopped_and_started),
		T(a_lost_file_cuts_nobody_off),
		T(idle_is_quiet),
	};

	if (argc == 3 && !strcmp(argv[1], "--publish"))
		return publisher_main(argv[2]);
	own_path = argv[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
