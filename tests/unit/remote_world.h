/* SPDX-License-Identifier: MIT */
/*
 * remote_world.h - a host that tells its clock over TCP, and guests that listen, on loopback.
 */
#ifndef TB_REMOTE_WORLD_H
#define TB_REMOTE_WORLD_H

#include "tests/unit/bus_fixture.h"

#include <arpa/inet.h>
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

static inline bool on_alive(void *arg)
{
	return ((struct side *)arg)->alive;
}

static inline void on_guest(void *arg, const char *address, const char *key, const char *name)
{
	struct side *s = arg;

	assert_string_equal(address, "127.0.0.1");
	s->allowed += name != NULL;
	s->refused += name == NULL;
	(void)snprintf(s->key, sizeof(s->key), "%s", key);
	(void)snprintf(s->name, sizeof(s->name), "%s", name ? name : "");
}

static inline void on_full(void *arg, bool full)
{
	((struct side *)arg)->full = full ? 1 : -1;
}

static inline void on_message(void *arg, const struct msg *m)
{
	struct guest *g = arg;

	g->count++;
	g->last = *m;
}

static inline void on_refused(void *arg, const char *why)
{
	struct guest *g = arg;

	g->refused++;
	(void)snprintf(g->why, sizeof(g->why), "%s", why);
}

static inline void on_link(void *arg, enum remote_link link)
{
	struct guest *g = arg;

	g->links[link]++;
	g->link = link;
}

/* A port that was free a moment ago. */
static inline void choose(char endpoint[64])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	close(fd);
	(void)snprintf(endpoint, 64, "tcp://127.0.0.1:%d", ntohs(a.sin_port));
}

static inline void start_relay(
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

static inline void start_guest(struct fixture *f, struct guest *g, const char *endpoint,
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

static inline struct msg make_clock(int64_t raw_ns)
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

static inline bool has_one(void *arg)
{
	return ((struct guest *)arg)->count >= 1;
}

static inline bool is_denied(void *arg)
{
	return ((struct guest *)arg)->links[REMOTE_DENIED] > 0;
}

static inline void draw(struct side *s, struct guest *g, struct keyfile *allowed)
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

#endif
