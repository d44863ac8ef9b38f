/* SPDX-License-Identifier: MIT */
/* The clock over TCP, on loopback: who hears it, who does not, and what is heard. */
#include <czmq.h>
#include "tests/unit/remote_world.h"

static bool has_two(void *arg)
{
	return ((struct guest *)arg)->count >= 2;
}

static bool is_strange(void *arg)
{
	return ((struct guest *)arg)->links[REMOTE_STRANGE] > 0;
}

static bool is_down(void *arg)
{
	return ((struct guest *)arg)->links[REMOTE_DOWN] > 0;
}

static bool has_refused(void *arg)
{
	return ((struct guest *)arg)->refused > 0;
}

static void an_allowed_guest_hears_the_clock_old_and_new(void **state)
{
	struct fixture *f = *state;
	struct keyfile allowed;
	struct guest g;
	struct side s;
	struct msg m, sample = make_sample("PHC0", source_kind_phc, 5);
	char endpoint[64];
	int64_t now_ns;

	draw(&s, &g, &allowed);
	choose(endpoint);
	/* the guest is there first, and asks again until somebody answers */
	start_guest(f, &g, endpoint, s.pair.public, false);
	run_for(f, 50);
	start_relay(f, &s, endpoint, &allowed);
	m = make_clock(door_raw(f->door).ns - 3 * NS_PER_S);
	remote_relay_send(s.relay, &m);
	remote_relay_send(s.relay, &sample); /* does not leave */
	assert_true(run_until(f, 10000, has_one, &g));
	assert_int_equal(g.link, REMOTE_UP);
	assert_string_equal(s.name, "guest1");
	assert_string_equal(s.key, g.pair.public);
	assert_true(g.last.env.snapshot);
	/* stamped when it left: that is how its age is known */
	now_ns = door_raw(f->door).ns;
	assert_true(g.last.env.sent_raw_ns >= m.u.clock.raw_ns + 3 * NS_PER_S);
	assert_true(g.last.env.sent_raw_ns <= now_ns);
	assert_int_equal(g.last.env.seq, 1234);
	assert_memory_equal(&g.last.u.clock, &m.u.clock, sizeof(m.u.clock));
	m.u.clock.stratum = 3;
	remote_relay_send(s.relay, &m);
	assert_true(run_until(f, 5000, has_two, &g));
	assert_false(g.last.env.snapshot);
	assert_int_equal(g.last.u.clock.stratum, 3);
	assert_int_equal(g.refused, 0);
	assert_int_equal(s.refused, 0);
	/* it dies, and comes back */
	remote_relay_close(&s.relay);
	assert_true(run_until(f, 5000, is_down, &g));
	g.count = 0;
	start_relay(f, &s, endpoint, &allowed);
	remote_relay_send(s.relay, &m);
	assert_true(run_until(f, 10000, has_one, &g));
	remote_ear_close(&g.ear);
	remote_relay_close(&s.relay);
}

static void strangers_hear_nothing(void **state)
{
	struct fixture *f = *state;
	struct keyfile allowed;
	struct guest g, stranger, mistaken;
	struct side s, other;
	struct msg m = make_clock(1);
	char endpoint[64];

	draw(&s, &g, &allowed);
	memset(&stranger, 0, sizeof(stranger));
	memset(&mistaken, 0, sizeof(mistaken));
	assert_int_equal(key_draw(&stranger.pair), 0);
	assert_int_equal(key_draw(&other.pair), 0);
	mistaken.pair = g.pair;
	choose(endpoint);
	start_relay(f, &s, endpoint, &allowed);
	remote_relay_send(s.relay, &m);
	start_guest(f, &stranger, endpoint, s.pair.public, false);
	start_guest(f, &mistaken, endpoint, other.pair.public, false);
	start_guest(f, &g, endpoint, s.pair.public, false);
	assert_true(run_until(f, 10000, is_denied, &stranger));
	assert_true(run_until(f, 10000, is_strange, &mistaken));
	assert_true(run_until(f, 10000, has_one, &g));
	remote_relay_send(s.relay, &m);
	run_for(f, 100);
	assert_int_equal(stranger.count, 0);
	assert_int_equal(stranger.links[REMOTE_UP], 0);
	assert_int_equal(stranger.links[REMOTE_STRANGE], 0);
	assert_int_equal(mistaken.count, 0);
	assert_int_equal(mistaken.links[REMOTE_UP], 0);
	assert_int_equal(mistaken.links[REMOTE_DENIED], 0);
	assert_true(s.refused > 0);
	remote_ear_close(&g.ear);
	remote_ear_close(&stranger.ear);
	remote_ear_close(&mistaken.ear);
	remote_relay_close(&s.relay);
}

static void anybody_is_somebody_where_any_is_allowed(void **state)
{
	struct fixture *f = *state;
	struct keyfile allowed;
	struct guest g;
	struct side s;
	struct msg m = make_clock(1);
	char endpoint[64];

	draw(&s, &g, &allowed);
	choose(endpoint);
	start_relay(f, &s, endpoint, NULL);
	remote_relay_send(s.relay, &m);
	start_guest(f, &g, endpoint, s.pair.public, true);
	assert_true(run_until(f, 10000, has_one, &g));
	assert_string_equal(s.name, "anybody");
	remote_ear_close(&g.ear);
	remote_relay_close(&s.relay);
}

/* Somebody without encryption is no guest, whatever the allow file says. */
static void who_does_not_encrypt_hears_nothing(void **state)
{
	struct fixture *f = *state;
	zsock_t *zs = zsock_new(ZMQ_SUB);
	struct keyfile allowed;
	struct guest g;
	struct side s;
	struct msg m = make_clock(1);
	char endpoint[64];
	zframe_t *frame;

	draw(&s, &g, &allowed);
	choose(endpoint);
	start_relay(f, &s, endpoint, NULL);
	zsock_set_subscribe(zs, "");
	assert_int_equal(zsock_connect(zs, "%s", endpoint), 0);
	for (int i = 0; i < 10; i++) {
		remote_relay_send(s.relay, &m);
		run_for(f, 30);
	}
	frame = zframe_recv_nowait(zs);
	assert_null(frame);
	zsock_destroy(&zs);
	remote_relay_close(&s.relay);
}

/* A host that holds the right key may still say anything. */
static void what_a_host_says_is_checked(void **state)
{
	struct fixture *f = *state;
	zsock_t *zs = zsock_new(ZMQ_PUB);
	unsigned char body[MSG_BYTES_MAX];
	struct keyfile allowed;
	struct guest g;
	struct side s;
	struct msg m = make_clock(1), estimate = make_clock(1);
	char endpoint[64];
	int n;

	draw(&s, &g, &allowed);
	choose(endpoint);
	zsock_set_curve_server(zs, 1);
	zsock_set_curve_secretkey(zs, s.pair.secret);
	assert_true(zsock_bind(zs, "%s", endpoint) > 0);
	start_guest(f, &g, endpoint, s.pair.public, true);
	for (int i = 0; i < 200 && g.refused == 0; i++) {
		(void)zstr_sendx(zs, "clock", "not msgpack", NULL);
		run_for(f, 20);
	}
	assert_true(g.refused > 0);
	g.refused = 0;
	(void)zstr_sendx(zs, "clock", NULL);
	assert_true(run_until(f, 5000, has_refused, &g));
	assert_string_equal(g.why, "not a topic and a body");
	/* the clock of somebody else */
	g.refused = 0;
	(void)snprintf(m.env.sender, sizeof(m.env.sender), "monitord");
	n = msg_encode(&m, body, sizeof(body), NULL);
	assert_true(n > 0);
	assert_int_equal(zsock_send(zs, "sb", "clock", body, (size_t)n), 0);
	assert_true(run_until(f, 5000, has_refused, &g));
	assert_string_equal(g.why, "not a clock message of disciplined");
	/* another kind under the topic, which the codec does not let pass */
	g.refused = 0;
	memset(&estimate.u, 0, sizeof(estimate.u));
	estimate.kind = MSG_estimate;
	n = msg_encode(&estimate, body, sizeof(body), NULL);
	assert_true(n > 0);
	assert_int_equal(zsock_send(zs, "sb", "clock", body, (size_t)n), 0);
	assert_true(run_until(f, 5000, has_refused, &g));
	assert_int_equal(g.count, 0);
	remote_ear_close(&g.ear);
	zsock_destroy(&zs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_allowed_guest_hears_the_clock_old_and_new,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			strangers_hear_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			anybody_is_somebody_where_any_is_allowed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			who_does_not_encrypt_hears_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			what_a_host_says_is_checked, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
