/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include "common/bus/bus_private.h"
#include "common/io/log.h"

#define RECONNECT_MS	 100
#define RECONNECT_MAX_MS 2000
#define HANDSHAKE_MS	 10000 /* a socket unit may hold the connection until the daemon is up */
#define FRAME_BYTES_MAX	 65536 /* larger ones cut the connection, smaller ones are refused */
#define REFUSED_EVERY_NS NS_PER_S

static struct bus_peer *find_peer(const struct bus *bus, const char *name)
{
	for (unsigned int i = 0; i < bus->peer_count; i++)
		if (!strcmp(bus->peers[i]->name, name))
			return bus->peers[i];
	return NULL;
}

/* ---- refusals ---- */

static void report_refused(struct bus_peer *p, struct ts_raw now)
{
	uint64_t number = p->refused;

	p->refused = 0;
	p->reported = now;
	if (p->bus->config.refused)
		p->bus->config.refused(p->bus->config.arg, p->name, p->refused_why, number);
}

static void on_report(void *arg, struct ts_raw now)
{
	struct bus_peer *p = arg;

	if (p->refused)
		report_refused(p, now);
}

static void refuse(struct bus_peer *p, const char *why)
{
	struct ts_raw now = door_raw(p->bus->config.door);
	struct ts_raw due = ts_raw_add(p->reported, (struct ts_dur){REFUSED_EVERY_NS});

	p->bus->stats.refused++;
	if (!p->refused++)
		(void)snprintf(p->refused_why, sizeof(p->refused_why), "%s", why);
	if (p->reported.ns == 0 || !ts_raw_before(now, due))
		report_refused(p, now);
	else if (!p->report.linked)
		loop_timer_set(p->bus->config.loop, &p->report, due);
}

/* ---- messages ---- */

/* Whose source is it? NULL if the peer may speak for it, else why not. */
static const char *claim(struct bus_peer *p, const char *source, char why[MSG_ERROR_SIZE])
{
	const struct bus *bus = p->bus;

	if (bus_names_has(&p->names, source))
		return NULL;
	for (unsigned int i = 0; i < bus->peer_count; i++) {
		if (!bus_names_has(&bus->peers[i]->names, source))
			continue;
		(void)snprintf(why, MSG_ERROR_SIZE, "source %s belongs to %s", source,
			bus->peers[i]->name);
		return why;
	}
	if (bus_names_add(&p->names, source) < 0)
		return "it has too many sources";
	return NULL;
}

static const char *admit(struct bus_peer *p, const struct msg *m, char why[MSG_ERROR_SIZE])
{
	const char *source = bus_source_of(m), *reason = bus_admit(p->name, m);

	return reason || !source ? reason : claim(p, source, why);
}

static void deliver(struct bus_peer *p, const struct msg *m, bool wanted)
{
	struct bus *bus = p->bus;

	if (wanted) {
		bus->stats.received++;
		bus->config.message(bus->config.arg, m);
	}
	if (m->kind != MSG_source || !m->u.source.removed)
		return;
	bus_names_remove(&p->names, m->u.source.source);
	/* a verdict on it must not reach those who join later */
	if (bus->snapshot)
		snapshot_forget(bus->snapshot, m->u.source.source);
}

static void take_msg(struct bus_peer *p, const char *topic, const struct msg *m)
{
	struct bus *bus = p->bus;
	char buffer[MSG_ERROR_SIZE];
	struct bus_stream_result r;
	const char *why;

	r = bus_stream_take(&p->stream, &m->env, topic);
	if (r.duplicate) {
		bus->stats.duplicates++;
		return;
	}
	bus->stats.lost += r.lost;
	if ((r.restarted || r.lost) && bus->config.gap)
		bus->config.gap(bus->config.arg, p->name, r.lost);
	why = admit(p, m, buffer);
	if (why)
		refuse(p, why);
	else
		deliver(p, m, r.deliver);
}

static void take_frames(void *arg, const struct bus_frames *f)
{
	struct bus_peer *p = arg;
	char topic[MSG_TOPIC_SIZE], error[MSG_ERROR_SIZE];
	struct msg m;

	if (f->count != 2 || !bus_frame_text(f->frame[0], topic, sizeof(topic))) {
		refuse(p, "not a topic and a body");
		return;
	}
	if (msg_decode(topic, zframe_data(f->frame[1]), zframe_size(f->frame[1]), &m, error) < 0) {
		refuse(p, error);
		return;
	}
	if (strcmp(m.env.sender, p->name)) {
		(void)snprintf(error, sizeof(error), "it calls itself %s", m.env.sender);
		refuse(p, error);
		return;
	}
	take_msg(p, topic, &m);
}

/* libzmq's own format: an event's number in the first two bytes, in host order. */
static void take_monitor(void *arg, const struct bus_frames *f)
{
	struct bus_peer *p = arg;
	uint16_t event;

	if (f->count < 1 || zframe_size(f->frame[0]) < sizeof(event))
		return;
	memcpy(&event, zframe_data(f->frame[0]), sizeof(event));
	p->connected = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
}

bool bus_sub_drain(struct bus *bus)
{
	bool busy = false;

	for (unsigned int i = 0; i < bus->peer_count; i++) {
		struct bus_peer *p = bus->peers[i];

		busy |= bus_socket_drain(&p->monitor, take_monitor, p);
		if (bus_socket_drain(&p->sub, take_frames, p))
			busy = true;
		else
			bus_watch_turn(p);
	}
	return busy;
}

/* ---- sockets ---- */

static int open_monitor(struct bus_peer *p)
{
	static unsigned int serial;
	char endpoint[64];
	zsock_t *pair;

	/* Never a name twice: libzmq frees that of a closed socket only when its own thread gets to
	 * it. */
	(void)snprintf(endpoint, sizeof(endpoint), "inproc://timebus-monitor-%u", ++serial);
	if (zmq_socket_monitor(p->sub.handle, endpoint,
		    ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) < 0)
		return -errno;
	pair = zsock_new(ZMQ_PAIR);
	if (pair && zmq_connect(zsock_resolve(pair), endpoint) < 0)
		zsock_destroy(&pair);
	return bus_socket_attach(&p->monitor, pair, p->bus->config.loop);
}

static int open_sub(struct bus_peer *p)
{
	char path[BUS_PATH_SIZE];
	zsock_t *zs;
	int r;

	r = bus_place_path(p->bus->run_dir, p->name, ".pub", path);
	if (r < 0)
		return r;
	zs = zsock_new(ZMQ_SUB);
	if (!zs)
		return -ENOMEM;
	zsock_set_rcvhwm(zs, BUS_HWM);
	zsock_set_reconnect_ivl(zs, RECONNECT_MS);
	zsock_set_reconnect_ivl_max(zs, RECONNECT_MAX_MS);
	zsock_set_handshake_ivl(zs, HANDSHAKE_MS);
	zsock_set_maxmsgsize(zs, FRAME_BYTES_MAX);
	zsock_set_subscribe(zs, "");
	r = bus_socket_attach(&p->sub, zs, p->bus->config.loop);
	if (r < 0)
		return r;
	r = open_monitor(p);
	return r < 0 ? r : bus_watch_peer(p);
}

static void close_peer(struct bus_peer *p)
{
	loop_timer_del(p->bus->config.loop, &p->report);
	/* First: libzmq loses the memory of an event that nobody can take any more. */
	if (p->sub.handle)
		(void)zmq_socket_monitor(p->sub.handle, NULL, 0);
	bus_socket_close(&p->monitor);
	bus_socket_close(&p->sub);
	free(p);
}

void bus_sub_close(struct bus *bus)
{
	while (bus->peer_count)
		close_peer(bus->peers[--bus->peer_count]);
}

static int add_peer(struct bus *bus, const char *name, struct bus_peer **ret_peer)
{
	struct bus_peer *p;
	int r;

	if (bus->peer_count == BUS_PEERS_MAX)
		return -ENOSPC;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	bus_watch_open(bus);
	p->bus = bus;
	p->report.fn = on_report;
	p->report.arg = p;
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	r = open_sub(p);
	if (r < 0) {
		close_peer(p);
		return r;
	}
	bus->peers[bus->peer_count++] = p;
	*ret_peer = p;
	return 0;
}

/*
 * All of a publisher comes in under the subscription ""; a further one that comes and goes at once
 * changes nothing of that, but makes the publisher send its snapshot of these topics again.
 */
static void ask_again(struct bus_peer *p, const char *prefix)
{
	bus_socket_mark(&p->sub);
	zsock_set_subscribe(p->sub.zs, prefix);
	zsock_set_unsubscribe(p->sub.zs, prefix);
}

int bus_subscribe(struct bus *bus, const char *publisher, const char *topic_prefix)
{
	struct bus_peer *p = find_peer(bus, publisher);
	int r;

	if (!bus_may_publish(publisher, MSG_hello))
		return -EINVAL;
	if (!p) {
		r = add_peer(bus, publisher, &p);
		if (r < 0)
			return r;
	}
	r = bus_stream_filter(&p->stream, topic_prefix);
	if (r < 0)
		return r == -EEXIST ? 0 : r;
	if (p->stream.high)
		ask_again(p, topic_prefix);
	return 0;
}

bool bus_connected(const struct bus *bus, const char *publisher)
{
	const struct bus_peer *p = find_peer(bus, publisher);

	return p && p->connected;
}

int bus_probe(const struct bus *bus, const char *publisher)
{
	char path[BUS_PATH_SIZE];
	int r = bus_place_path(bus->run_dir, publisher, ".pub", path);

	return r < 0 ? r : bus_place_probe(path);
}
