/* SPDX-License-Identifier: MIT */
/*
 * The socket is in manual mode: a subscription takes effect when it is confirmed here, right
 * before its snapshot is sent. So a joiner gets the snapshot first and every later message after
 * it, with nothing lost or turned round in between. The snapshot goes to all who asked for such
 * topics at any time; those who have it drop it by its sequence numbers.
 */
#include <errno.h>
#include <sys/random.h>
#include "common/bus/bus_private.h"
#include "common/io/log.h"

#define ASKED_MAX	  16
#define SUBSCRIPTION_MAX  256 /* bytes of a subscription frame */
#define COMPLAIN_EVERY_NS NS_PER_S

/* Subscriptions of one round, answered together. */
struct asked {
	struct bus *bus;
	unsigned int count;
	bool all;
	char prefix[ASKED_MAX][MSG_TOPIC_SIZE];
};

static uint64_t draw_boot(void)
{
	uint64_t boot;

	/* Never from a test's seed: a restart must show. */
	if (getrandom(&boot, sizeof(boot), 0) != (ssize_t)sizeof(boot))
		log_fatal("no random numbers");
	return boot;
}

int bus_pub_open(struct bus *bus)
{
	const struct bus_config *c = &bus->config;
	zsock_t *zs;
	int manual = 1, r;

	bus->boot = draw_boot();
	bus->snapshot = snapshot_new();
	zs = bus->snapshot ? zsock_new(ZMQ_XPUB) : NULL;
	if (!zs)
		return -ENOMEM;
	zsock_set_sndhwm(zs, BUS_HWM);
	zsock_set_rcvhwm(zs, BUS_HWM);
	zsock_set_maxmsgsize(zs, SUBSCRIPTION_MAX);
	if (zmq_setsockopt(zsock_resolve(zs), ZMQ_XPUB_MANUAL, &manual, sizeof(manual)) < 0) {
		r = -errno;
		zsock_destroy(&zs);
		return r;
	}
	r = bus_place_bind(zs, bus->pub_path, c->pub_fd, 0666);
	if (r < 0) {
		zsock_destroy(&zs);
		return r;
	}
	return bus_socket_attach(&bus->pub, zs, c->loop);
}

static void send_body(void *arg, const char *topic, const unsigned char *body, size_t size)
{
	struct bus *bus = arg;

	bus_socket_mark(&bus->pub);
	if (zmq_send(bus->pub.handle, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
		zmq_send(bus->pub.handle, body, size, ZMQ_DONTWAIT) < 0)
		bus->stats.dropped++;
}

static bool is_asked(void *arg, const char *topic)
{
	const struct asked *a = arg;

	if (a->all)
		return true;
	for (unsigned int i = 0; i < a->count; i++)
		if (!strncmp(topic, a->prefix[i], strlen(a->prefix[i])))
			return true;
	return false;
}

static void send_asked(void *arg, const char *topic, const unsigned char *body, size_t size)
{
	struct asked *a = arg;

	send_body(a->bus, topic, body, size);
}

static void answer(struct asked *a)
{
	if (!a->count && !a->all)
		return;
	if (snapshot_replay(a->bus->snapshot, is_asked, send_asked, a) >= 0)
		a->bus->stats.snapshots++;
}

/* Frames come from whoever can connect: 1 or 0, then the prefix. */
static void take_subscription(void *arg, const struct bus_frames *f)
{
	struct asked *a = arg;
	struct bus *bus = a->bus;
	const unsigned char *data = zframe_data(f->frame[0]);
	size_t n = zframe_size(f->frame[0]);

	if (f->count != 1 || n < 1 || data[0] > 1)
		return;
	bus_socket_mark(&bus->pub);
	if (zmq_setsockopt(bus->pub.handle, data[0] ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, data + 1,
		    n - 1) < 0 ||
		!data[0] || n > MSG_TOPIC_SIZE || memchr(data + 1, 0, n - 1))
		return;
	if (n == 1 || a->count == ASKED_MAX) {
		a->all = true;
		return;
	}
	memcpy(a->prefix[a->count], data + 1, n - 1);
	a->prefix[a->count++][n - 1] = 0;
}

bool bus_pub_drain(struct bus *bus)
{
	struct asked asked = {.bus = bus};
	bool busy = bus_socket_drain(&bus->pub, take_subscription, &asked);

	answer(&asked);
	return busy;
}

static void drop(struct bus *bus, const struct msg *m, const char *why)
{
	struct ts_raw now = door_raw(bus->config.door);

	bus->stats.dropped++;
	if (bus->stats.dropped > 1 && ts_raw_sub(now, bus->complained).ns < COMPLAIN_EVERY_NS)
		return;
	bus->complained = now;
	log_errx("a message of kind %d is not published, this is a bug: %s", (int)m->kind, why);
}

/* Keeps the message as it will be sent again; a removal is not kept, it ends the keeping. */
static void keep(struct bus *bus, const struct msg *live, const char *topic)
{
	unsigned char body[MSG_BYTES_MAX];
	struct msg m;
	int n;

	if (live->kind == MSG_source && live->u.source.removed) {
		snapshot_forget(bus->snapshot, live->u.source.source);
		return;
	}
	memcpy(&m, live, sizeof(m));
	m.env.snapshot = true;
	n = msg_encode(&m, body, sizeof(body), NULL);
	if (n < 0)
		return;
	n = snapshot_keep(bus->snapshot, m.kind, topic, m.env.seq, body, (size_t)n);
	if (n && !bus->snapshot_overflowed) {
		bus->snapshot_overflowed = true;
		log_warnx("more topics than the %d kept for late joiners; the stalest is forgotten",
			SNAPSHOT_SERIES_MAX);
	}
}

void bus_publish(struct bus *bus, const struct msg *m)
{
	unsigned char body[MSG_BYTES_MAX];
	char topic[MSG_TOPIC_SIZE], error[MSG_ERROR_SIZE];
	const char *why;
	struct msg full;
	int n;

	if (!bus->pub.zs) {
		drop(bus, m, "this program only listens");
		return;
	}
	memcpy(&full, m, sizeof(full));
	memset(&full.env, 0, sizeof(full.env));
	memcpy(full.env.sender, bus->name, sizeof(full.env.sender));
	full.env.boot = bus->boot;
	full.env.seq = bus->seq + 1;
	full.env.sent_raw_ns = door_raw(bus->config.door).ns;
	n = msg_encode(&full, body, sizeof(body), error);
	why = n < 0 ? error : bus_admit(bus->name, &full);
	if (!why && msg_topic(&full, topic) < 0)
		why = "no topic";
	if (why) {
		drop(bus, m, why);
		return;
	}
	bus->seq++;
	bus->stats.published++;
	send_body(bus, topic, body, (size_t)n);
	keep(bus, &full, topic);
}
