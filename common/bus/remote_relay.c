/* SPDX-License-Identifier: MIT */
/*
 * Handshakes are judged here, on the loop, by the protocol of ZeroMQ RFC 27 (ZAP): libzmq asks over
 * an inproc socket of the context and holds the connection back until it is answered.
 */
#include <errno.h>
#include <stdlib.h>
#include "common/bus/codec.h"
#include "common/bus/remote_crowd.h"
#include "common/bus/remote_private.h"
#include "common/io/log.h"

#define ZAP_ENDPOINT	"inproc://zeromq.zap.01"
#define ZAP_FRAMES	7
#define ZAP_KEY		6 /* index of the frame with the key */
#define MAPPED		"::ffff:"
#define KEY_BYTES	32
#define HANDSHAKE_MS	3000 /* who does not finish by then is cut off */
#define FRAME_BYTES_MAX 1024 /* bytes: the handshake takes some 300; nobody has to say more */
#define BACKLOG		16
/* A guest that subscribes again and again costs the others at most this often. */
#define NEWCOMER_EVERY_NS (100 * NS_PER_MS)

struct remote_relay {
	struct remote_relay_config config;
	bool any; /* may come; else only those allowed */
	struct keyfile allowed;
	void *context;
	struct bus_socket zap, pub;
	struct remote_crowd crowd;
	bool hooked;
	struct msg last;
	bool has_last;
	struct loop_timer repeat, newcomer;
	struct ts_raw greeted;
};

/* ---- who may come in ---- */

void remote_relay_allow(struct remote_relay *r, const struct keyfile *allowed)
{
	r->any = !allowed;
	if (allowed)
		r->allowed = *allowed;
}

static const char *name_of(const struct remote_relay *r, const char *key)
{
	const struct keyfile_entry *e;

	if (r->any)
		return "anybody";
	e = keyfile_find(&r->allowed, key);
	if (!e)
		return NULL;
	return e->name[0] ? e->name : "unnamed";
}

static void reply(struct remote_relay *r, zframe_t *id, bool allow)
{
	const char *status = allow ? "200" : "400", *text = allow ? "OK" : "key not allowed";
	void *s = r->zap.handle;

	bus_socket_mark(&r->zap);
	if (zmq_send(s, "1.0", 3, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return;
	(void)zmq_send(s, zframe_data(id), zframe_size(id), ZMQ_SNDMORE);
	(void)zmq_send(s, status, 3, ZMQ_SNDMORE);
	(void)zmq_send(s, text, strlen(text), ZMQ_SNDMORE);
	(void)zmq_send(s, "", 0, ZMQ_SNDMORE);
	(void)zmq_send(s, "", 0, 0);
}

static void take_handshake(void *arg, const struct bus_frames *f)
{
	struct remote_relay *r = arg;
	char address[64] = "?", key[KEY_SIZE] = "", mechanism[16] = "";
	const char *name = NULL;

	if (f->count < 2)
		return;
	if (f->count == ZAP_FRAMES && bus_frame_text(f->frame[3], address, sizeof(address)) &&
		bus_frame_text(f->frame[5], mechanism, sizeof(mechanism)) &&
		!strcmp(mechanism, "CURVE") && zframe_size(f->frame[ZAP_KEY]) == KEY_BYTES &&
		zmq_z85_encode(key, zframe_data(f->frame[ZAP_KEY]), KEY_BYTES))
		name = name_of(r, key);
	reply(r, f->frame[1], name != NULL);
	/* the socket takes both versions of IP */
	r->config.guest(r->config.arg,
		strncmp(address, MAPPED, strlen(MAPPED)) ? address : address + strlen(MAPPED), key,
		name);
}

/* ---- what goes out ---- */

static void send_last(struct remote_relay *r, bool again)
{
	unsigned char body[MSG_BYTES_MAX];
	char topic[MSG_TOPIC_SIZE];
	int n;

	if (!r->has_last)
		return;
	r->last.env.snapshot = again;
	r->last.env.sent_raw_ns = door_raw(r->config.door).ns;
	n = msg_encode(&r->last, body, sizeof(body), NULL);
	if (n < 0 || msg_topic(&r->last, topic) < 0)
		return;
	bus_socket_mark(&r->pub);
	if (zmq_send(r->pub.handle, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
		(void)zmq_send(r->pub.handle, body, (size_t)n, ZMQ_DONTWAIT);
}

static void rearm(struct remote_relay *r, struct ts_raw now)
{
	loop_timer_set(
		r->config.loop, &r->repeat, ts_raw_add(now, (struct ts_dur){REMOTE_REPEAT_NS}));
}

static void on_repeat(void *arg, struct ts_raw now)
{
	struct remote_relay *r = arg;

	if (r->config.alive(r->config.arg))
		send_last(r, true);
	rearm(r, now);
}

static void on_newcomer(void *arg, struct ts_raw now)
{
	struct remote_relay *r = arg;

	r->greeted = now;
	send_last(r, true);
}

void remote_relay_send(struct remote_relay *r, const struct msg *m)
{
	if (m->kind != MSG_clock)
		return;
	memcpy(&r->last, m, sizeof(r->last));
	r->has_last = true;
	send_last(r, false);
	rearm(r, door_raw(r->config.door));
}

/* 1 and a prefix; anything else is not for us. */
static void take_subscription(void *arg, const struct bus_frames *f)
{
	struct remote_relay *r = arg;
	struct ts_raw due = ts_raw_add(r->greeted, (struct ts_dur){NEWCOMER_EVERY_NS});

	if (zframe_size(f->frame[0]) < 1 || *zframe_data(f->frame[0]) != 1 || r->newcomer.linked)
		return;
	loop_timer_set(r->config.loop, &r->newcomer, due);
}

static bool on_idle(void *arg)
{
	struct remote_relay *r = arg;
	bool busy = bus_socket_drain(&r->zap, take_handshake, r);

	busy |= bus_socket_drain(&r->pub, take_subscription, r);
	busy |= remote_crowd_drain(&r->crowd);
	return busy;
}

/* ---- sockets ---- */

/* First: without a handler libzmq would let everybody in. */
static int open_zap(struct remote_relay *r)
{
	static const struct remote_option none[] = {{0, 0}};
	void *s = zmq_socket(r->context, ZMQ_REP);
	int result = s ? remote_options(s, none) : -ENOMEM;

	if (result == 0 && zmq_bind(s, ZAP_ENDPOINT) < 0)
		result = -errno;
	if (result < 0) {
		if (s)
			(void)zmq_close(s);
		return result;
	}
	return bus_socket_adopt(&r->zap, s, r->config.loop);
}

static int set_up_pub(struct remote_relay *r, void *s)
{
	static const struct remote_option options[] = {
		{ZMQ_XPUB_VERBOSE, 1}, /* every newcomer shows */
		{ZMQ_CURVE_SERVER, 1},
		{ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
		{ZMQ_BACKLOG, BACKLOG},
		{0, 0},
	};
	int64_t most = FRAME_BYTES_MAX;
	int result = remote_options(s, options);

	if (result < 0)
		return result;
	if (zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &most, sizeof(most)) < 0 ||
		zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, r->config.pair->secret, KEY_SIZE) < 0 ||
		zmq_setsockopt(s, ZMQ_ZAP_DOMAIN, "timebus", 7) < 0)
		return -errno;
	return 0;
}

static int open_pub(struct remote_relay *r)
{
	void *s = zmq_socket(r->context, ZMQ_XPUB);
	int result = s ? set_up_pub(r, s) : -ENOMEM;

	if (result < 0) {
		if (s)
			(void)zmq_close(s);
		return result;
	}
	return bus_socket_adopt(&r->pub, s, r->config.loop);
}

/* Counted from the first connection on. */
static int open_door(struct remote_relay *r)
{
	int result;

	r->crowd = (struct remote_crowd){
		.most = r->config.most ? r->config.most : REMOTE_CONNECTIONS_MAX,
		.full = r->config.full,
		.arg = r->config.arg,
	};
	result = remote_crowd_open(&r->crowd, r->context, r->pub.handle, r->config.loop);
	if (result == 0 && zmq_bind(r->pub.handle, r->config.endpoint) < 0)
		result = -errno;
	return result;
}

int remote_relay_open(const struct remote_relay_config *config, struct remote_relay **ret)
{
	struct remote_relay *r = calloc(1, sizeof(*r));
	int result;

	if (!r)
		return -ENOMEM;
	r->config = *config;
	remote_relay_allow(r, config->allowed);
	r->repeat = (struct loop_timer){.fn = on_repeat, .arg = r};
	r->newcomer = (struct loop_timer){.fn = on_newcomer, .arg = r};
	r->context = zmq_ctx_new();
	result = r->context ? open_zap(r) : -ENOMEM;
	if (result == 0)
		result = open_pub(r);
	if (result == 0)
		result = open_door(r);
	if (result == 0)
		result = loop_idle_add(config->loop, on_idle, r);
	r->hooked = result == 0;
	if (result < 0) {
		remote_relay_close(&r);
		return result;
	}
	r->config.pair = NULL; /* the caller's; libzmq has its copy */
	r->config.allowed = NULL;
	rearm(r, door_raw(config->door));
	*ret = r;
	return 0;
}

void remote_relay_close(struct remote_relay **relay)
{
	struct remote_relay *r = *relay;

	if (!r)
		return;
	if (r->hooked)
		loop_idle_del(r->config.loop, on_idle, r);
	loop_timer_del(r->config.loop, &r->repeat);
	loop_timer_del(r->config.loop, &r->newcomer);
	remote_crowd_close(&r->crowd);
	bus_socket_close(&r->pub);
	bus_socket_close(&r->zap);
	/* At once, so that the address is free for the next: there is no name that it could wait
	 * for. */
	if (r->context)
		(void)zmq_ctx_term(r->context);
	free(r);
	*relay = NULL;
}
