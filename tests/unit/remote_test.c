/* SPDX-License-Identifier: MIT */
/* The clock over TCP, on loopback: who hears it, who does not, and what is heard. */
#include "bus_fixture.h"

#include <arpa/inet.h>
#include <czmq.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "common/bus/remote.h"

struct side {
	struct remote_relay *relay;
	struct key_pair pair;
	bool alive;
	unsigned int allowed, refused, most;
	int full; /* 1: there is no room; -1: there is again */
	char name[KEY_NAME_SIZE], key[KEY_SIZE];
};

struct guest {
	struct remote_ear *ear;
	struct key_pair pair;
	unsigned int count, refused;
	struct msg last;
	enum remote_link link;
	unsigned int links[4]; /* how often each was told */
	char why[MSG_ERROR_SIZE];
};

static bool on_alive(void *arg)
{
	return ((struct side *)arg)->alive;
}

static void on_guest(void *arg, const char *address, const char *key, const char *name)
{
	struct side *s = arg;

	assert_string_equal(address, "127.0.0.1");
	s->allowed += name != NULL;
	s->refused += name == NULL;
	(void)snprintf(s->key, sizeof(s->key), "%s", key);
	(void)snprintf(s->name, sizeof(s->name), "%s", name ? name : "");
}

static void on_full(void *arg, bool full)
{
	((struct side *)arg)->full = full ? 1 : -1;
}

static void on_message(void *arg, const struct msg *m)
{
	struct guest *g = arg;

	g->count++;
	g->last = *m;
}

static void on_refused(void *arg, const char *why)
{
	struct guest *g = arg;

	g->refused++;
	(void)snprintf(g->why, sizeof(g->why), "%s", why);
}

static void on_link(void *arg, enum remote_link link)
{
	struct guest *g = arg;

	g->links[link]++;
	g->link = link;
}

/* A port that was free a moment ago. */
static void choose(char endpoint[64])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	close(fd);
	(void)snprintf(endpoint, 64, "tcp://127.0.0.1:%d", ntohs(a.sin_port));
}

static void start_relay(
	struct fixture *f, struct side *s, const char *endpoint, const struct keyfile *allowed)
{
	struct remote_relay_config c = {
		.loop = f->loop,
		.door = f->door,
		.endpoint = endpoint,
		.pair = &s->pair,
		.allowed = allowed,
		.alive = on_alive,
		.guest = on_guest,
		.most = s->most,
		.full = on_full,
		.arg = s,
	};

	s->alive = true;
	assert_int_equal(remote_relay_open(&c, &s->relay), 0);
}

static void start_guest(struct fixture *f, struct guest *g, const char *endpoint,
	const char *host_key, bool anonymous)
{
	struct remote_ear_config c = {
		.loop = f->loop,
		.endpoint = endpoint,
		.host_key = host_key,
		.pair = anonymous ? NULL : &g->pair,
		.message = on_message,
		.refused = on_refused,
		.link = on_link,
		.arg = g,
	};

	assert_int_equal(remote_ear_open(&c, &g->ear), 0);
}

static struct msg make_clock(int64_t raw_ns)
{
	struct msg m;

	memset(&m, 0, sizeof(m));
	(void)snprintf(m.env.sender, sizeof(m.env.sender), "disciplined");
	m.env.boot = 99;
	m.env.seq = 1234;
	m.env.sent_raw_ns = raw_ns;
	m.kind = MSG_clock;
	m.u.clock.mode = clock_mode_realtime;
	m.u.clock.status = sync_synchronised;
	m.u.clock.raw_ns = raw_ns;
	m.u.clock.stratum = 2;
	m.u.clock.bound_ns = 12345;
	return m;
}

static bool has_two(void *arg)
{
	return ((struct guest *)arg)->count >= 2;
}

static bool has_one(void *arg)
{
	return ((struct guest *)arg)->count >= 1;
}

static bool is_strange(void *arg)
{
	return ((struct guest *)arg)->links[REMOTE_STRANGE] > 0;
}

static bool is_denied(void *arg)
{
	return ((struct guest *)arg)->links[REMOTE_DENIED] > 0;
}

static bool is_down(void *arg)
{
	return ((struct guest *)arg)->links[REMOTE_DOWN] > 0;
}

static bool has_refused(void *arg)
{
	return ((struct guest *)arg)->refused > 0;
}

static void draw(struct side *s, struct guest *g, struct keyfile *allowed)
{
	memset(s, 0, sizeof(*s));
	memset(g, 0, sizeof(*g));
	memset(allowed, 0, sizeof(*allowed));
	assert_int_equal(key_draw(&s->pair), 0);
	assert_int_equal(key_draw(&g->pair), 0);
	allowed->count = 1;
	(void)snprintf(allowed->entry[0].key, KEY_SIZE, "%s", g->pair.public);
	(void)snprintf(allowed->entry[0].name, KEY_NAME_SIZE, "guest1");
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
