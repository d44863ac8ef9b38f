/* SPDX-License-Identifier: MIT */
/*
 * remote.h - the clock topic to other machines and from them, over TCP with CURVE keys.
 *
 * The relay has one socket that listens, and sends nothing but `clock`, in the codec of the bus,
 * with the sender, boot and number that it came with and the time at which it leaves: so that the
 * listener, whose raw clock is another one, knows how old it is. It is sent when it is new, to each
 * newcomer, and again every REMOTE_REPEAT_NS, so that silence shows. Only who holds the secret key
 * of an allowed public one gets through the handshake; what others send is not read.
 *
 * The listener demands the key of the relay, and takes nothing but clock messages of disciplined
 * that pass the codec's checks.
 *
 * Both live in a context of libzmq of their own, with an I/O thread of its own: looking up a name,
 * or a flood of strangers, delays nothing on the local bus. libzmq connects again by itself.
 */
#ifndef TB_REMOTE_H
#define TB_REMOTE_H

#include "common/bus/key.h"
#include "common/bus/msg.h"
#include "common/io/door.h"
#include "common/io/loop.h"

/* Often enough that an unsynchronised host, or a dead one, is noticed within half a minute; rare
 * enough that nobody sees it in the processor's time. */
#define REMOTE_REPEAT_NS (8 * NS_PER_S)

/* Connections of a relay at a time, allowed and strange: a quarter of the descriptors that a service
 * has by default. */
#define REMOTE_CONNECTIONS_MAX 256

/* ---- the relay ---- */

struct remote_relay;

struct remote_relay_config {
	struct loop *loop;
	struct door *door;
	const char *endpoint; /* tcp://ADDRESS:PORT */
	const struct key_pair *pair;
	const struct keyfile *allowed; /* copied; NULL: anybody */
	/* May the last clock be said again: is its sender still there? */
	bool (*alive)(void *arg);
	/* Somebody came: by an allowed key (name as its file has it) or was refused (NULL). */
	void (*guest)(void *arg, const char *address, const char *key, const char *name);
	unsigned int most; /* connections; 0: REMOTE_CONNECTIONS_MAX */
	/* So many are connected that no more are taken; and when there is room again. */
	void (*full)(void *arg, bool full);
	void *arg;
};

/* 0 or negative errno (-EADDRINUSE, -EADDRNOTAVAIL: not now). */
int remote_relay_open(const struct remote_relay_config *config, struct remote_relay **ret);
void remote_relay_close(struct remote_relay **r);

/* Who may come from now on; copied; NULL: anybody. Who is there stays. */
void remote_relay_allow(struct remote_relay *r, const struct keyfile *allowed);

/* A clock message as it came from the bus. */
void remote_relay_send(struct remote_relay *r, const struct msg *m);

/* ---- the listener ---- */

struct remote_ear;

enum remote_link {
	REMOTE_DOWN,	/* not connected */
	REMOTE_UP,	/* the handshake succeeded: it is the host of that key, and it takes ours */
	REMOTE_STRANGE, /* who answers is not the host of that key, or no timebus at all */
	REMOTE_DENIED	/* it is, but does not take our key */
};

struct remote_ear_config {
	struct loop *loop;
	const char *endpoint;	     /* tcp://NAME-OR-ADDRESS:PORT */
	const char *host_key;	     /* public */
	const struct key_pair *pair; /* our own; NULL: one is drawn, for hosts that allow anybody */
	void (*message)(void *arg, const struct msg *m);
	void (*refused)(void *arg, const char *why);
	void (*link)(void *arg, enum remote_link link);
	void *arg;
};

int remote_ear_open(const struct remote_ear_config *config, struct remote_ear **ret);
void remote_ear_close(struct remote_ear **e);

#endif
