/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "common/bus/codec.h"
#include "common/bus/remote_private.h"

#define TOPIC		 "clock"
#define SENDER		 "disciplined"
#define RECONNECT_MS	 250
#define RECONNECT_MAX_MS 4000
#define CONNECT_MS	 5000
#define HANDSHAKE_MS	 10000
#define FRAME_BYTES_MAX	 4096
#define WATCHED                                                                                    \
	(ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |                    \
		ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |            \
		ZMQ_EVENT_DISCONNECTED)

struct remote_ear {
	struct remote_ear_config config;
	void *context;
	struct bus_socket sub, monitor;
	bool hooked;
};

/* ---- what comes in ---- */

static void take_frames(void *arg, const struct bus_frames *f)
{
	struct remote_ear *e = arg;
	char topic[MSG_TOPIC_SIZE], error[MSG_ERROR_SIZE];
	struct msg m;

	if (f->count != 2 || !bus_frame_text(f->frame[0], topic, sizeof(topic))) {
		e->config.refused(e->config.arg, "not a topic and a body");
		return;
	}
	if (msg_decode(topic, zframe_data(f->frame[1]), zframe_size(f->frame[1]), &m, error) < 0) {
		e->config.refused(e->config.arg, error);
		return;
	}
	if (m.kind != MSG_clock || strcmp(m.env.sender, SENDER)) {
		e->config.refused(e->config.arg, "not a clock message of " SENDER);
		return;
	}
	e->config.message(e->config.arg, &m);
}

/* libzmq's own format: an event's number in the first two bytes, in host order. */
static void take_monitor(void *arg, const struct bus_frames *f)
{
	struct remote_ear *e = arg;
	enum remote_link link = REMOTE_DOWN;
	uint16_t event;

	if (f->count < 1 || zframe_size(f->frame[0]) < sizeof(event))
		return;
	memcpy(&event, zframe_data(f->frame[0]), sizeof(event));
	if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
		link = REMOTE_UP;
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		link = REMOTE_DENIED;
	else if (event != ZMQ_EVENT_DISCONNECTED)
		link = REMOTE_STRANGE;
	e->config.link(e->config.arg, link);
}

static bool on_idle(void *arg)
{
	struct remote_ear *e = arg;
	bool busy = bus_socket_drain(&e->monitor, take_monitor, e);

	busy |= bus_socket_drain(&e->sub, take_frames, e);
	return busy;
}

/* ---- sockets ---- */

static int set_keys(void *s, const char *host_key, const struct key_pair *own)
{
	struct key_pair drawn = {"", ""};
	int r = 0;

	if (!own) {
		r = key_draw(&drawn);
		own = &drawn;
	}
	if (r == 0 && (zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, host_key, KEY_SIZE) < 0 ||
			      zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, own->public, KEY_SIZE) < 0 ||
			      zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, own->secret, KEY_SIZE) < 0))
		r = -errno;
	explicit_bzero(&drawn, sizeof(drawn));
	return r;
}

static int set_up(struct remote_ear *e, void *s)
{
	static const struct remote_option options[] = {
		{ZMQ_RECONNECT_IVL, RECONNECT_MS},
		{ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS},
		{ZMQ_CONNECT_TIMEOUT, CONNECT_MS},
		{ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
		{0, 0},
	};
	int64_t most = FRAME_BYTES_MAX;
	int r = remote_options(s, options);

	if (r == 0)
		r = set_keys(s, e->config.host_key, e->config.pair);
	if (r == 0 && (zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &most, sizeof(most)) < 0 ||
			      zmq_setsockopt(s, ZMQ_SUBSCRIBE, TOPIC, strlen(TOPIC)) < 0))
		r = -errno;
	return r;
}

static int open_monitor(struct remote_ear *e)
{
	static const char endpoint[] = "inproc://monitor"; /* the only one of its context */
	void *pair;

	if (zmq_socket_monitor(e->sub.handle, endpoint, WATCHED) < 0)
		return -errno;
	pair = zmq_socket(e->context, ZMQ_PAIR);
	if (pair && zmq_connect(pair, endpoint) < 0) {
		(void)zmq_close(pair);
		return -errno;
	}
	return bus_socket_adopt(&e->monitor, pair, e->config.loop);
}

static int open_sub(struct remote_ear *e)
{
	void *s = zmq_socket(e->context, ZMQ_SUB);
	int r = s ? set_up(e, s) : -ENOMEM;

	if (r < 0) {
		if (s)
			(void)zmq_close(s);
		return r;
	}
	r = bus_socket_adopt(&e->sub, s, e->config.loop);
	if (r == 0)
		r = open_monitor(e);
	if (r == 0 && zmq_connect(e->sub.handle, e->config.endpoint) < 0)
		r = -errno;
	return r;
}

int remote_ear_open(const struct remote_ear_config *config, struct remote_ear **ret)
{
	struct remote_ear *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->config = *config;
	e->context = zmq_ctx_new();
	r = e->context ? open_sub(e) : -ENOMEM;
	if (r == 0)
		r = loop_idle_add(config->loop, on_idle, e);
	e->hooked = r == 0;
	if (r < 0) {
		remote_ear_close(&e);
		return r;
	}
	/* the caller's; libzmq has its copies */
	e->config.pair = NULL;
	e->config.host_key = e->config.endpoint = NULL;
	*ret = e;
	return 0;
}

void remote_ear_close(struct remote_ear **ear)
{
	struct remote_ear *e = *ear;

	if (!e)
		return;
	if (e->hooked)
		loop_idle_del(e->config.loop, on_idle, e);
	/* First: libzmq loses the memory of an event that nobody can take any more. */
	if (e->sub.handle)
		(void)zmq_socket_monitor(e->sub.handle, NULL, 0);
	bus_socket_close(&e->monitor);
	bus_socket_close(&e->sub);
	remote_context_end(e->context);
	free(e);
	*ear = NULL;
}
