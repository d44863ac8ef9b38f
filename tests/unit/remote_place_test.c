/* SPDX-License-Identifier: MIT */
/* The clock over TCP: its address, and room at it for those who are allowed. */
#include "tests/unit/remote_world.h"

/* Nothing may wait for a name server, not even the end. */
static void names_are_looked_up_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct keyfile allowed;
	struct ts_raw start;
	struct guest g;
	struct side s;

	draw(&s, &g, &allowed);
	start = door_raw(f->door);
	start_guest(f, &g, "tcp://timebus-test.invalid:9123", s.pair.public, false);
	run_for(f, 50);
	remote_ear_close(&g.ear);
	assert_true(ts_raw_sub(door_raw(f->door), start).ns < 2 * NS_PER_S);
	assert_int_equal(g.links[REMOTE_UP], 0);
}

static void an_address_in_use_or_missing_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct remote_relay *second = NULL;
	struct keyfile allowed;
	struct guest g;
	struct side s;
	char endpoint[64];
	struct remote_relay_config c = {.loop = f->loop,
		.door = f->door,
		.alive = on_alive,
		.guest = on_guest,
		.full = on_full};

	draw(&s, &g, &allowed);
	choose(endpoint);
	start_relay(f, &s, endpoint, &allowed);
	c.pair = &s.pair;
	c.arg = &s;
	c.endpoint = endpoint;
	assert_int_equal(remote_relay_open(&c, &second), -EADDRINUSE);
	c.endpoint = "tcp://192.0.2.77:9123";
	assert_int_equal(remote_relay_open(&c, &second), -EADDRNOTAVAIL);
	assert_null(second);
	remote_relay_close(&s.relay);
}

/* As a reload does it. */
static void the_address_is_free_at_once_after_the_end(void **state)
{
	struct fixture *f = *state;
	struct keyfile allowed;
	struct guest g;
	struct side s;
	struct msg m = make_clock(1);
	char endpoint[64];

	draw(&s, &g, &allowed);
	choose(endpoint);
	start_guest(f, &g, endpoint, s.pair.public, false);
	for (int i = 0; i < 20; i++) {
		g.count = 0;
		start_relay(f, &s, endpoint, &allowed);
		remote_relay_send(s.relay, &m);
		if (i % 10 == 5)
			assert_true(run_until(f, 10000, has_one, &g));
		remote_relay_close(&s.relay);
	}
	remote_ear_close(&g.ear);
}

static bool is_full(void *arg)
{
	return ((struct side *)arg)->full > 0;
}

static bool has_room(void *arg)
{
	return ((struct side *)arg)->full < 0;
}

static int knock(const char *endpoint)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct timeval wait = {0, 300000};
	int port, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(sscanf(endpoint, "tcp://127.0.0.1:%d", &port), 1);
	a.sin_port = htons((uint16_t)port);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)), 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -errno;
}

/* Who says nothing at all is gone after the time of a handshake. */
static void a_crowd_of_strangers_takes_no_guest_away(void **state)
{
	struct fixture *f = *state;
	struct keyfile allowed;
	struct guest g, late = {0};
	struct side s;
	struct msg m = make_clock(1);
	int stranger[3];
	char endpoint[64];

	draw(&s, &g, &allowed);
	s.most = 4;
	late.pair = g.pair;
	choose(endpoint);
	start_relay(f, &s, endpoint, &allowed);
	remote_relay_send(s.relay, &m);
	start_guest(f, &g, endpoint, s.pair.public, false);
	assert_true(run_until(f, 10000, has_one, &g));
	assert_int_equal(s.full, 0);
	for (int i = 0; i < 3; i++)
		assert_true((stranger[i] = knock(endpoint)) >= 0);
	assert_true(run_until(f, 2000, is_full, &s));
	run_for(f, 100);
	assert_true(knock(endpoint) < 0);
	start_guest(f, &late, endpoint, s.pair.public, false);
	/* who is there goes on hearing */
	g.count = 0;
	remote_relay_send(s.relay, &m);
	assert_true(run_until(f, 2000, has_one, &g));
	assert_int_equal(g.links[REMOTE_DOWN], 0);
	assert_int_equal(late.count, 0);
	assert_true(run_until(f, 10000, has_room, &s));
	assert_true(run_until(f, 10000, has_one, &late));
	assert_int_equal(g.links[REMOTE_DOWN], 0);
	for (int i = 0; i < 3; i++)
		close(stranger[i]);
	remote_ear_close(&g.ear);
	remote_ear_close(&late.ear);
	remote_relay_close(&s.relay);
}

static void who_is_allowed_later_comes_in_and_nobody_is_let_go(void **state)
{
	struct fixture *f = *state;
	struct keyfile allowed;
	struct guest g, late = {0};
	struct side s;
	struct msg m = make_clock(1);
	char endpoint[64];

	draw(&s, &g, &allowed);
	assert_int_equal(key_draw(&late.pair), 0);
	choose(endpoint);
	start_relay(f, &s, endpoint, &allowed);
	remote_relay_send(s.relay, &m);
	start_guest(f, &g, endpoint, s.pair.public, false);
	start_guest(f, &late, endpoint, s.pair.public, false);
	assert_true(run_until(f, 10000, has_one, &g));
	assert_true(run_until(f, 10000, is_denied, &late));
	allowed.count = 2;
	(void)snprintf(allowed.entry[1].key, KEY_SIZE, "%s", late.pair.public);
	remote_relay_allow(s.relay, &allowed);
	/* libzmq does not come again by itself after a refusal; refclockd opens it anew */
	remote_ear_close(&late.ear);
	start_guest(f, &late, endpoint, s.pair.public, false);
	assert_true(run_until(f, 10000, has_one, &late));
	assert_int_equal(g.links[REMOTE_DOWN], 0);
	remote_ear_close(&g.ear);
	remote_ear_close(&late.ear);
	remote_relay_close(&s.relay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_address_is_free_at_once_after_the_end, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			names_are_looked_up_elsewhere, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			an_address_in_use_or_missing_is_an_error, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_crowd_of_strangers_takes_no_guest_away, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(who_is_allowed_later_comes_in_and_nobody_is_let_go,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
