/* SPDX-License-Identifier: MIT */
/*
 * bus.h - publish/subscribe over ZeroMQ for one daemon or one tool.
 *
 * A publisher owns two sockets in the runtime directory: <name>.pub (XPUB) and <name>.ctl
 * (ROUTER). They are passed by the service manager (FileDescriptorName "pub" and "ctl") or bound
 * here under a lock (<name>.lock), since a second bind on an ipc path would silently steal it.
 *
 * Late joiners: when a subscription arrives, the last value of every matching state topic and the
 * last 64 samples of every matching source are sent again, marked as snapshot, in their first
 * order. A subscriber takes a message once: what it has seen of that boot (by seq) is dropped.
 *
 * Subscribers connect to each publisher by name over a socket of its own, so that identity is the
 * endpoint, not a claim: a message whose sender is not that daemon, whose kind that daemon does
 * not publish, or that is malformed is refused and counted. Nothing waits: a publisher that is not
 * there is a state; reconnection backs off from 0.1 to 2 s.
 */
#ifndef TB_BUS_H
#define TB_BUS_H

#include <stdint.h>
#include "common/bus/msg.h"
#include "common/io/door.h"
#include "common/io/loop.h"

struct bus;

struct bus_config {
	const char *run_dir;
	const char *name; /* of the publisher; NULL: a tool that only listens */
	int pub_fd, ctl_fd; /* listening sockets passed in, or -1 */
	struct loop *loop;
	struct door *door;
	/* A checked message, in order for each publisher. */
	void (*message)(void *arg, const struct msg *m);
	/* lost messages of a publisher (> 0), or its restart (0). May be NULL. */
	void (*gap)(void *arg, const char *publisher, uint64_t lost);
	/* A message was refused: why, in words. Called at most once a second a publisher, with the
	 * number refused since the last call. May be NULL. */
	void (*refused)(void *arg, const char *publisher, const char *why, uint64_t number);
	/* A control request; argv[0] is the word. Fill reply; 0 or negative errno. */
	int (*control)(void *arg, int argc, const char *const *argv, char *reply,
		size_t reply_size);
	void *arg;
};

struct bus_stats {
	uint64_t published, dropped, received, refused, lost, snapshots, duplicates;
};

/* 0 or negative errno (-EADDRINUSE: another daemon of this name runs), reason logged. */
int bus_open(const struct bus_config *config, struct bus **ret_bus);
void bus_close(struct bus **bus);

/* Fills the envelope, checks, encodes, sends. A message that fails msg_check() is a bug of the
 * caller: logged, counted as dropped, not sent. */
void bus_publish(struct bus *bus, const struct msg *m);

/* May be called before the publisher exists, and again for further topics ("" for all). */
int bus_subscribe(struct bus *bus, const char *publisher, const char *topic_prefix);

/* May a daemon of that name publish that kind? Names not in the suite may not publish anything. */
bool bus_may_publish(const char *publisher, enum msg_kind kind);

/* True once the publisher's socket has completed a handshake and is connected now. */
bool bus_connected(const struct bus *bus, const char *publisher);

/* Who listens at the publisher's path, asked by a connection that ends at once: 0 if anybody does,
 * even one who is stopped or not up yet; -ECONNREFUSED, -EACCES or another negative errno. */
int bus_probe(const struct bus *bus, const char *publisher);

const struct bus_stats *bus_stats(const struct bus *bus);

/* One request to a daemon's control socket, from a tool; blocks up to timeout_ms. 0, the daemon's
 * negative errno, -ETIMEDOUT or -ECONNREFUSED; reply is NUL-terminated text. */
int bus_request(const char *run_dir, const char *daemon, int argc, const char *const *argv,
	int timeout_ms, char *reply, size_t reply_size);

#endif
