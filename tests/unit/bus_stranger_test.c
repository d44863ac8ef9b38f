/* SPDX-License-Identifier: MIT */
/*
 * Somebody else on a publisher's socket: a plain PUB socket bound where ntpexchd's would be says
 * what it likes. Nothing of it may pass as another's, and all of it is counted.
 */
#include "tests/unit/bus_fixture.h"
#include <zmq.h>

struct stranger {
	void *context, *socket;
	uint64_t seq;
};

static struct stranger stranger_at(const struct fixture *f, const char *name)
{
	struct stranger s = {zmq_ctx_new(), NULL, 0};
	char endpoint[160];
	int linger = 0, hwm = 0;

	s.socket = zmq_socket(s.context, ZMQ_PUB);
	assert_non_null(s.socket);
	zmq_setsockopt(s.socket, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(s.socket, ZMQ_SNDHWM, &hwm, sizeof(hwm));
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/%s.pub", f->dir, name);
	assert_int_equal(zmq_bind(s.socket, endpoint), 0);
	return s;
}

static void stranger_leave(struct stranger *s)
{
	zmq_close(s->socket);
	zmq_ctx_term(s->context);
}

static void say_raw(struct stranger *s, const char *topic, const void *body, size_t size)
{
	assert_true(zmq_send(s->socket, topic, strlen(topic), ZMQ_SNDMORE) >= 0);
	assert_true(zmq_send(s->socket, body, size, 0) >= 0);
}

/* Sends under a sender's name and a number of the caller's choice. */
static void say_as(
	struct stranger *s, const char *sender, uint64_t boot, uint64_t seq, const struct msg *m)
{
	unsigned char body[MSG_BYTES_MAX];
	char topic[MSG_TOPIC_SIZE];
	struct msg full = *m;
	int n;

	(void)snprintf(full.env.sender, sizeof(full.env.sender), "%s", sender);
	full.env.boot = boot;
	full.env.seq = seq;
	n = msg_encode(&full, body, sizeof(body), NULL);
	assert_true(n > 0);
	assert_int_equal(msg_topic(&full, topic), 0);
	say_raw(s, topic, body, (size_t)n);
}

static void say(struct stranger *s, const char *sender, const struct msg *m)
{
	say_as(s, sender, 1, ++s->seq, m);
}

struct connect_goal {
	const struct bus *bus;
	const char *name;
};

static bool is_connected(void *arg)
{
	const struct connect_goal *g = arg;

	return bus_connected(g->bus, g->name);
}

static void wait_connected(struct fixture *f, const struct ear *e, const char *name)
{
	struct connect_goal g = {e->bus, name};

	assert_true(run_until(f, PATIENCE_MS, is_connected, &g));
	run_for(f, 30); /* the subscription is on its way */
}

static bool was_refused(void *arg)
{
	return ((const struct ear *)arg)->refused > 0;
}

/* Exactly one refusal, for that reason, and nothing delivered. */
static void expect_refused(struct fixture *f, struct ear *e, const char *why)
{
	uint64_t before = bus_stats(e->bus)->refused;
	unsigned int heard = e->count;

	assert_true(run_until(f, 3000, was_refused, e));
	run_for(f, 20);
	if (!strstr(e->why, why))
		fail_msg("refused because '%s', not '%s'", e->why, why);
	assert_int_equal(e->count, heard);
	assert_int_equal(e->refused, 1);
	(void)before;
	e->refused = 0;
}

static void wrong_sender_and_kind(void **state)
{
	struct fixture *f = *state;
	struct ear *sub = ear_new(f, NULL);
	struct stranger s = stranger_at(f, "ntpexchd");
	struct msg ntp = make_sample("192.0.2.1", source_kind_ntp, 1), m;

	bus_subscribe(sub->bus, "ntpexchd", "");
	wait_connected(f, sub, "ntpexchd");
	say(&s, "refclockd", &ntp);
	expect_refused(f, sub, "calls itself refclockd");
	m = make_sample("PHC0", source_kind_phc, 1);
	say(&s, "ntpexchd", &m);
	expect_refused(f, sub, "does not have sources of this kind");
	m = make_source("PHC0", source_kind_pps, false);
	say(&s, "ntpexchd", &m);
	expect_refused(f, sub, "does not have sources of this kind");
	memset(&m, 0, sizeof(m));
	m.kind = MSG_estimate;
	say(&s, "ntpexchd", &m);
	expect_refused(f, sub, "does not publish this kind");
	m = make_hello("selectd");
	say(&s, "ntpexchd", &m);
	expect_refused(f, sub, "under the name of another");
	say(&s, "ntpexchd", &ntp);
	expect_count(f, sub, 1);
	assert_int_equal(bus_stats(sub->bus)->refused, 5);
	assert_int_equal(
		sub->gaps, 0); /* refused is not lost (the first was never of this sender) */
	stranger_leave(&s);
	ear_free(&sub);
}

static void names_belong_to_the_first(void **state)
{
	struct fixture *f = *state;
	struct ear *owner = ear_new(f, "refclockd"), *sub = ear_new(f, NULL);
	struct stranger s = stranger_at(f, "ntpexchd");
	struct msg m = make_sample("GPS", source_kind_shm, 1);

	bus_subscribe(sub->bus, "refclockd", "sample.");
	bus_subscribe(sub->bus, "ntpexchd", "sample.");
	bus_publish(owner->bus, &m);
	expect_count(f, sub, 1);
	wait_connected(f, sub, "ntpexchd");
	m = make_sample("GPS", source_kind_ntp, 2);
	say(&s, "ntpexchd", &m);
	expect_refused(f, sub, "source GPS belongs to refclockd");
	/* nor may it give the name away */
	m = make_source("GPS", source_kind_ntp, true);
	say(&s, "ntpexchd", &m);
	expect_refused(f, sub, "source GPS belongs to refclockd");
	m = make_sample("GPS", source_kind_shm, 3);
	bus_publish(owner->bus, &m);
	expect_count(f, sub, 2);
	/* the owner may */
	m = make_source("GPS", source_kind_shm, true);
	bus_publish(owner->bus, &m);
	run_for(f, 50);
	m = make_sample("GPS", source_kind_ntp, 4);
	say(&s, "ntpexchd", &m);
	expect_count(f, sub, 3);
	stranger_leave(&s);
	ear_free(&sub);
	ear_free(&owner);
}

/* One publisher cannot use up the names of all. */
static void names_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct ear *owner = ear_new(f, "refclockd"), *sub = ear_new(f, NULL);
	struct stranger s = stranger_at(f, "ntpexchd");
	struct msg m;
	char name[32];

	bus_subscribe(sub->bus, "refclockd", "");
	bus_subscribe(sub->bus, "ntpexchd", "");
	wait_connected(f, sub, "ntpexchd");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		m = make_sample(name, source_kind_ntp, 1 + i);
		say(&s, "ntpexchd", &m);
	}
	expect_count(f, sub, 128);
	assert_string_equal(sub->why, "it has too many sources");
	m = make_sample("PHC0", source_kind_phc, 1);
	bus_publish(owner->bus, &m);
	expect_count(f, sub, 129);
	stranger_leave(&s);
	ear_free(&sub);
	ear_free(&owner);
}

/* Every kind of garbage is counted; the reports come once a second, and all are told in the end. */
static void garbage_is_counted(void **state)
{
	struct fixture *f = *state;
	struct ear *sub = ear_new(f, NULL);
	struct stranger s = stranger_at(f, "ntpexchd");
	struct msg ntp = make_sample("192.0.2.1", source_kind_ntp, 1);
	char *big = calloc(1, 60000), topic[300];

	bus_subscribe(sub->bus, "ntpexchd", "sample.");
	wait_connected(f, sub, "ntpexchd");
	memset(topic, 'x', sizeof(topic) - 1);
	topic[sizeof(topic) - 1] = 0;
	say_raw(&s, "sample.a", "\xdd\xff\xff\xff\xff", 5);
	say_raw(&s, "sample.a", "", 0);
	say_raw(&s, "", "\x80", 1);
	say_raw(&s, topic, "\x80", 1);
	say_raw(&s, "sample.a", big, 60000);
	zmq_send(s.socket, "lonely", 6, 0);
	for (int i = 0; i < 200; i++) /* a message of 200 frames */
		zmq_send(s.socket, "x", 1, i < 199 ? ZMQ_SNDMORE : 0);
	say(&s, "ntpexchd", &ntp);
	expect_count(f, sub, 1);
	assert_int_equal(bus_stats(sub->bus)->refused, 7);
	run_for(f, 1200);
	assert_int_equal(sub->refused, 7);
	assert_int_equal(sub->refusals, 2);
	assert_true(bus_connected(sub->bus, "ntpexchd"));
	free(big);
	stranger_leave(&s);
	ear_free(&sub);
}

static void holes_repeats_and_boots(void **state)
{
	struct fixture *f = *state;
	struct ear *sub = ear_new(f, NULL);
	struct stranger s = stranger_at(f, "ntpexchd");
	struct msg m = make_sample("a", source_kind_ntp, 1);

	bus_subscribe(sub->bus, "ntpexchd", "sample.");
	wait_connected(f, sub, "ntpexchd");
	say_as(&s, "ntpexchd", 7, 10, &m); /* where we join is no loss */
	say_as(&s, "ntpexchd", 7, 11, &m);
	say_as(&s, "ntpexchd", 7, 11, &m);
	say_as(&s, "ntpexchd", 7, 9, &m);
	expect_count(f, sub, 2);
	assert_int_equal(sub->gaps + sub->restarts, 0);
	say_as(&s, "ntpexchd", 7, 15, &m);
	expect_count(f, sub, 3);
	assert_int_equal(sub->gaps, 1);
	assert_int_equal(sub->lost, 3);
	m.env.snapshot = true; /* of these, one comes back by a snapshot */
	say_as(&s, "ntpexchd", 7, 18, &m);
	m.env.snapshot = false;
	say_as(&s, "ntpexchd", 7, 20, &m);
	expect_count(f, sub, 5);
	assert_int_equal(sub->lost, 3 + 3);
	say_as(&s, "ntpexchd", 8, 1, &m);
	expect_count(f, sub, 6);
	assert_int_equal(sub->restarts, 1);
	assert_int_equal(sub->lost, 6);
	say_as(&s, "ntpexchd", 8, UINT64_MAX, &m);
	say_as(&s, "ntpexchd", 8, 2, &m);
	expect_count(f, sub, 7);
	assert_int_equal(bus_stats(sub->bus)->duplicates, 3);
	stranger_leave(&s);
	ear_free(&sub);
}

/* Who sends nonsense to a publisher's socket does not disturb it. */
static void hostile_subscriber(void **state)
{
	struct fixture *f = *state;
	struct ear *pub = ear_new(f, "refclockd"), *sub = ear_new(f, NULL);
	struct stranger s = {zmq_ctx_new(), NULL, 0};
	struct msg m = make_sample("PHC0", source_kind_phc, 1);
	char endpoint[160], frame[200];
	int linger = 0;

	bus_subscribe(sub->bus, "refclockd", "");
	bus_publish(pub->bus, &m);
	expect_count(f, sub, 1);
	s.socket = zmq_socket(s.context, ZMQ_XSUB);
	zmq_setsockopt(s.socket, ZMQ_LINGER, &linger, sizeof(linger));
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/refclockd.pub", f->dir);
	assert_int_equal(zmq_connect(s.socket, endpoint), 0);
	memset(frame, 's', sizeof(frame));
	for (int i = 0; i < 300; i++) {
		frame[0] = (char)(i % 4);
		frame[1 + i % 7] = 0;
		zmq_send(s.socket, frame, (size_t)(i % 200),
			ZMQ_DONTWAIT | (i % 3 ? 0 : ZMQ_SNDMORE));
		if (i % 50 == 0)
			run_for(f, 5);
	}
	run_for(f, 100);
	stranger_leave(&s);
	run_for(f, 20);
	m.u.sample.raw_ns = 2;
	bus_publish(pub->bus, &m);
	expect_count(f, sub, 2);
	assert_int_equal(sub->gaps, 0);
	ear_free(&sub);
	ear_free(&pub);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(wrong_sender_and_kind),
		T(names_belong_to_the_first),
		T(names_are_bounded),
		T(garbage_is_counted),
		T(holes_repeats_and_boots),
		T(hostile_subscriber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
