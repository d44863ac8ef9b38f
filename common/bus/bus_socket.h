/* SPDX-License-Identifier: MIT */
/*
 * bus_socket.h - a ZeroMQ socket on the loop. Private to common/bus.
 *
 * ZMQ_FD is edge-triggered: it tells once that something changed, and any call on the socket may
 * swallow that. So each call marks the socket, and the loop's idle hook asks marked sockets (only
 * those: the question costs a system call) for ZMQ_EVENTS until nothing is left to read.
 */
#ifndef TB_BUS_SOCKET_H
#define TB_BUS_SOCKET_H

#include <czmq.h>
#include "common/io/loop.h"

#define BUS_FRAMES_MAX 20 /* of one message; further ones are thrown away and counted */
#define BUS_ROUND_MAX  64 /* messages of one socket in a round */

struct bus_socket {
	zsock_t *zs;  /* NULL: of a context of its own, see bus_socket_adopt() */
	void *handle; /* for zmq_* calls */
	int fd;
	bool marked;
	struct loop *loop;
};

struct bus_frames {
	unsigned int count; /* may be above BUS_FRAMES_MAX */
	zframe_t *frame[BUS_FRAMES_MAX];
};

/* Sets czmq up, once a process, for a host that has its own signal handling. */
void bus_socket_prepare(void);

/* Takes zs over. 0 or negative errno (zs is destroyed then). */
int bus_socket_attach(struct bus_socket *s, zsock_t *zs, struct loop *loop);
/* The same for a socket of libzmq alone, which belongs to another context than czmq's. */
int bus_socket_adopt(struct bus_socket *s, void *handle, struct loop *loop);
void bus_socket_close(struct bus_socket *s);

static inline void bus_socket_mark(struct bus_socket *s)
{
	s->marked = true;
}

/* Hands waiting messages over, at most BUS_ROUND_MAX. True if there was any. */
bool bus_socket_drain(
	struct bus_socket *s, void (*take)(void *arg, const struct bus_frames *f), void *arg);

/* Copies a frame as a string; false if it does not fit or has a NUL inside. */
bool bus_frame_text(zframe_t *frame, char *ret_text, size_t size);

#endif
