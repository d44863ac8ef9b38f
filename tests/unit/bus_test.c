/* SPDX-License-Identifier: MIT */
/* The bus over real sockets: delivery, late joiners, restarts, who may bind. */
#include "tests/unit/bus_fixture.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <zmq.h>

static void publish_samples(struct bus *bus, const char *source, int64_t first, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		struct msg m = make_sample(source, source_kind_phc, first + i);

		bus_publish(bus, &m);
	}
}

struct link {
	const struct bus *bus;
	const char *publisher;
	bool wanted;
};

static bool link_is(void *arg)
{
	const struct link *l = arg;

	return bus_connected(l->bus, l->publisher) == l->wanted;
}

static void expect_link(struct fixture *f, const struct ear *e, const char *publisher, bool wanted)
{
	struct link l = {e->bus, publisher, wanted};

	assert_true(run_until(f, PATIENCE_MS, link_is, &l));
}

static void delivers_in_order(void **state)
{
	struct fixture *f = *state;
	struct ear *sub = ear_new(f, NULL), *pub;

	/* before the publisher exists */
	assert_int_equal(bus_subscribe(sub->bus, "refclockd", "sample."), 0);
	assert_false(bus_connected(sub->bus, "refclockd"));
	pub = ear_new(f, "refclockd");
	expect_link(f, sub, "refclockd", true);
	run_for(f, 20);
	publish_samples(pub->bus, "PHC0", 1, 200);
	expect_count(f, sub, 200);
	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(sub->heard[i].u.sample.raw_ns, 1 + i);
		assert_int_equal(sub->heard[i].env.seq, 1 + i);
		assert_string_equal(sub->heard[i].env.sender, "refclockd");
	}
	assert_int_equal(sub->gaps + sub->restarts, 0);
	ear_free(&pub);
	expect_link(f, sub, "refclockd", false);
	ear_free(&sub);
}

/* Last value of states, 64 samples a source, in the first order, and nothing twice. */
static void late_joiner_gets_snapshot(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *first = ear_new(f, NULL), *late;
	struct msg m;

	bus_subscribe(first->bus, "refclockd", "");
	expect_link(f, first, "refclockd", true);
	run_for(f, 20);
	for (int i = 0; i < 3; i++) {
		m = make_source("PHC0", source_kind_phc, false);
		m.u.source.reach = i;
		bus_publish(pub->bus, &m);
	}
	publish_samples(pub->bus, "PHC0", 1, 100);
	publish_samples(pub->bus, "PHC1", 1, 10);
	expect_count(f, first, 113);

	late = ear_new(f, NULL);
	bus_subscribe(late->bus, "refclockd", "");
	expect_count(f, late, 1 + 64 + 10);
	assert_int_equal(late->heard[0].kind, MSG_source);
	assert_int_equal(late->heard[0].u.source.reach, 2);
	for (unsigned int i = 0; i < late->count; i++) {
		assert_true(late->heard[i].env.snapshot);
		if (i)
			assert_true(late->heard[i].env.seq > late->heard[i - 1].env.seq);
	}
	assert_int_equal(late->heard[1].u.sample.raw_ns, 37);
	/* the others had all that */
	assert_int_equal(first->count, 113);
	assert_int_equal(bus_stats(first->bus)->duplicates, 75);

	publish_samples(pub->bus, "PHC1", 11, 1);
	expect_count(f, late, 76);
	assert_false(late->heard[75].env.snapshot);
	assert_int_equal(late->gaps, 0);
	expect_count(f, first, 114);
	ear_free(&late);
	ear_free(&first);
	ear_free(&pub);
}

/* Subscribing while messages stream loses none and turns none round. */
static void joining_a_stream_is_exact(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd");
	struct ear *late[5];
	int64_t next = 1;

	publish_samples(pub->bus, "PHC0", next, 50);
	next += 50;
	for (int round = 0; round < 5; round++) {
		late[round] = ear_new(f, NULL);
		bus_subscribe(late[round]->bus, "refclockd", "");
		for (int i = 0; i < 60; i++) {
			publish_samples(pub->bus, "PHC0", next++, 1);
			run_for(f, 1);
		}
	}
	for (int round = 0; round < 5; round++) {
		struct ear *e = late[round];

		run_for(f, 20);
		assert_true(e->count > 60);
		for (unsigned int i = 1; i < e->count; i++)
			assert_int_equal(e->heard[i].env.seq, e->heard[i - 1].env.seq + 1);
		assert_int_equal(e->heard[e->count - 1].u.sample.raw_ns, next - 1);
		assert_int_equal(e->gaps, 0);
		ear_free(&late[round]);
	}
	ear_free(&pub);
}

/* A topic asked for later gets its past, once; what was had is not given again. */
static void later_topic_gets_its_past(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *sub = ear_new(f, NULL);
	struct msg m = make_source("PHC0", source_kind_phc, false);

	bus_publish(pub->bus, &m);
	publish_samples(pub->bus, "PHC0", 1, 5);
	bus_subscribe(sub->bus, "refclockd", "source.");
	expect_count(f, sub, 1);
	publish_samples(pub->bus, "PHC0", 6, 5);
	run_for(f, 20);
	assert_int_equal(sub->count, 1);
	bus_subscribe(sub->bus, "refclockd", "sample.");
	expect_count(f, sub, 11);
	for (unsigned int i = 1; i < 11; i++)
		assert_int_equal(sub->heard[i].u.sample.raw_ns, i);
	bus_subscribe(sub->bus, "refclockd", "sample.PHC0");
	bus_subscribe(sub->bus, "refclockd", "sample.");
	run_for(f, 50);
	publish_samples(pub->bus, "PHC0", 11, 1);
	expect_count(f, sub, 12);
	assert_int_equal(sub->gaps, 0);
	ear_free(&sub);
	ear_free(&pub);
}

static void restart_shows(void **state)
{
	struct fixture *f = *state;
	struct ear *sub = ear_new(f, NULL), *pub;

	bus_subscribe(sub->bus, "refclockd", "sample.");
	for (unsigned int round = 1; round <= 4; round++) {
		pub = ear_new(f, "refclockd");
		publish_samples(pub->bus, "PHC0", 100 * round, 3);
		expect_count(f, sub, 3 * round);
		assert_int_equal(sub->restarts, round - 1);
		assert_int_equal(sub->heard[3 * round - 3].u.sample.raw_ns, 100 * round);
		ear_free(&pub);
	}
	assert_int_equal(sub->gaps, 0);
	ear_free(&sub);
}

/* A source that is removed leaves nothing behind for late joiners, its verdict neither. */
static void removal_ends_the_keeping(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *judge = ear_new(f, "selectd"), *late;
	struct msg m = make_source("PHC0", source_kind_phc, false), v;

	bus_subscribe(judge->bus, "refclockd", "source.");
	bus_publish(pub->bus, &m);
	publish_samples(pub->bus, "PHC0", 1, 5);
	expect_count(f, judge, 1);
	memset(&v, 0, sizeof(v));
	v.kind = MSG_verdict;
	strcpy(v.u.verdict.source, "PHC0");
	strcpy(v.u.verdict.publisher, "refclockd");
	v.u.verdict.kind = source_kind_phc;
	bus_publish(judge->bus, &v);
	m.u.source.removed = true;
	bus_publish(pub->bus, &m);
	expect_count(f, judge, 2);
	assert_true(judge->heard[1].u.source.removed);

	late = ear_new(f, NULL);
	bus_subscribe(late->bus, "refclockd", "");
	bus_subscribe(late->bus, "selectd", "");
	expect_link(f, late, "refclockd", true);
	expect_link(f, late, "selectd", true);
	run_for(f, 50);
	assert_int_equal(late->count, 0);
	ear_free(&late);
	ear_free(&judge);
	ear_free(&pub);
}

static void second_publisher_is_turned_away(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *sub = ear_new(f, NULL), other;
	struct bus_config c = ear_config(f, &other, "refclockd");
	struct bus *bus = NULL;

	log_set_level((enum log_level)0);
	assert_int_equal(bus_open(&c, &bus), -EADDRINUSE);
	assert_null(bus);
	c.name = "chronyd";
	assert_int_equal(bus_open(&c, &bus), -EINVAL);
	c.name = "ntpexchd";
	c.run_dir = "/nonexistent/timebus";
	assert_int_equal(bus_open(&c, &bus), -ENOENT);
	c.run_dir = "/tmp/a-very-long-runtime-directory/that-no-socket-can-live-in/because-its-"
		    "path-has-more-than-107-bytes-in-it";
	assert_int_equal(bus_open(&c, &bus), -ENAMETOOLONG);
	log_set_level(LOG_LEVEL_ERR);
	/* the first one still works */
	bus_subscribe(sub->bus, "refclockd", "");
	publish_samples(pub->bus, "PHC0", 1, 1);
	expect_count(f, sub, 1);
	ear_free(&sub);
	ear_free(&pub);
	/* and the name is free again */
	pub = ear_new(f, "refclockd");
	ear_free(&pub);
}

static void socket_modes(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd");
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/refclockd.pub", f->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	(void)snprintf(path, sizeof(path), "%s/refclockd.ctl", f->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	ear_free(&pub);
	assert_int_equal(stat(path, &st), -1);
}

static int listen_at(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

/* As under a socket unit: the sockets outlive the daemon, nobody has to look for a new path. */
static void passed_sockets(void **state)
{
	struct fixture *f = *state;
	struct ear *sub = ear_new(f, NULL), *pub;
	struct bus_config c;
	char path[128];
	struct bus *none = NULL;
	int pub_fd, ctl_fd;

	(void)snprintf(path, sizeof(path), "%s/refclockd.pub", f->dir);
	pub_fd = listen_at(path);
	(void)snprintf(path, sizeof(path), "%s/refclockd.ctl", f->dir);
	ctl_fd = listen_at(path);
	bus_subscribe(sub->bus, "refclockd", "");
	run_for(f, 50);
	assert_false(bus_connected(sub->bus, "refclockd")); /* accepted by nobody */
	for (unsigned int round = 1; round <= 3; round++) {
		pub = calloc(1, sizeof(*pub));
		c = ear_config(f, pub, "refclockd");
		c.pub_fd = dup(pub_fd);
		c.ctl_fd = dup(ctl_fd);
		assert_int_equal(bus_open(&c, &pub->bus), 0);
		publish_samples(pub->bus, "PHC0", 1, 1);
		expect_count(f, sub, round);
		ear_free(&pub);
	}
	assert_int_equal(sub->restarts, 2);
	log_set_level((enum log_level)0);
	c.pub_fd = open("/dev/null", O_RDONLY);
	assert_int_equal(bus_open(&c, &none), -ENOTSOCK);
	close(c.pub_fd);
	log_set_level(LOG_LEVEL_ERR);
	ear_free(&sub);
	close(pub_fd);
	close(ctl_fd);
}

/* What a publisher must not say never leaves it. */
static void publisher_checks_itself(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "ntpexchd"), *tool = ear_new(f, NULL);
	struct msg good = make_sample("a", source_kind_ntp, 1), m;

	log_set_level((enum log_level)0);
	m = good;
	m.u.sample.stratum = 17;
	bus_publish(pub->bus, &m);
	m = good;
	m.u.sample.kind = source_kind_phc;
	bus_publish(pub->bus, &m);
	m = make_hello("refclockd");
	bus_publish(pub->bus, &m);
	memset(&m, 0, sizeof(m));
	bus_publish(pub->bus, &m);
	bus_publish(tool->bus, &good);
	log_set_level(LOG_LEVEL_ERR);
	bus_publish(pub->bus, &good);
	assert_int_equal(bus_stats(pub->bus)->dropped, 4);
	assert_int_equal(bus_stats(pub->bus)->published, 1);
	assert_int_equal(bus_stats(tool->bus)->dropped, 1);
	ear_free(&tool);
	ear_free(&pub);
}

static bool has_gap(void *arg)
{
	return ((const struct ear *)arg)->gaps > 0;
}

/* A subscriber that does not read loses messages, and is told how many. */
static void overflow_is_told(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *sub;
	struct bus_config c;
	struct loop *deaf = loop_new(f->door);
	struct fixture own = {.door = f->door, .loop = deaf};
	const int64_t count = 60000;

	sub = calloc(1, sizeof(*sub));
	c = ear_config(f, sub, NULL);
	c.loop = deaf;
	c.message = NULL; /* not called: no filter matches */
	assert_int_equal(bus_open(&c, &sub->bus), 0);
	bus_subscribe(sub->bus, "refclockd", "estimate");
	for (int i = 0; i < 50; i++) { /* the two loops take turns until the snapshot is through */
		run_for(f, 2);
		run_for(&own, 2);
	}
	assert_true(bus_connected(sub->bus, "refclockd"));
	publish_samples(pub->bus, "PHC0", 1, 1);
	run_for(&own, 50);
	publish_samples(pub->bus, "PHC0", 2, count);
	run_for(&own, 2000);
	publish_samples(pub->bus, "PHC0", count + 2, 1);
	assert_true(run_until(&own, 30000, has_gap, sub));
	assert_true(sub->lost > 0 && sub->lost < (uint64_t)count);
	assert_int_equal(bus_stats(sub->bus)->lost, sub->lost);
	ear_free(&sub);
	loop_destroy(&deaf);
	ear_free(&pub);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(delivers_in_order),
		T(late_joiner_gets_snapshot),
		T(joining_a_stream_is_exact),
		T(later_topic_gets_its_past),
		T(restart_shows),
		T(removal_ends_the_keeping),
		T(second_publisher_is_turned_away),
		T(socket_modes),
		T(passed_sockets),
		T(publisher_checks_itself),
		T(overflow_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
