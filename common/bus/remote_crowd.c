/* SPDX-License-Identifier: MIT */
#include "common/bus/remote_crowd.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

#define WATCHED (ZMQ_EVENT_LISTENING | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED)

static int shut_door(int fd)
{
	struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog program = {.len = 1, .filter = nothing};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int open_door(int fd)
{
	int ignored = 0;

	return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof(ignored));
}

static void judge(struct remote_crowd *c)
{
	bool full = c->count >= c->most;

	if (c->listening < 0 || full == c->shut)
		return;
	if ((full ? shut_door(c->listening) : open_door(c->listening)) < 0)
		return;
	c->shut = full;
	c->full(c->arg, full);
}

/* libzmq's own format: an event's number in the first two bytes, its value in the next four, both
 * in host order. */
static void take_event(void *arg, const struct bus_frames *f)
{
	struct remote_crowd *c = arg;
	uint16_t event;
	int32_t value;

	if (f->count < 1 || zframe_size(f->frame[0]) < sizeof(event) + sizeof(value))
		return;
	memcpy(&event, zframe_data(f->frame[0]), sizeof(event));
	memcpy(&value, zframe_data(f->frame[0]) + sizeof(event), sizeof(value));
	if (event == ZMQ_EVENT_LISTENING)
		c->listening = value;
	else if (event == ZMQ_EVENT_ACCEPTED)
		c->count++;
	else if (event == ZMQ_EVENT_DISCONNECTED && c->count > 0)
		c->count--;
	judge(c);
}

bool remote_crowd_drain(struct remote_crowd *c)
{
	return bus_socket_drain(&c->monitor, take_event, c);
}

int remote_crowd_open(struct remote_crowd *c, void *context, void *socket, struct loop *loop)
{
	static const char endpoint[] = "inproc://crowd"; /* the only one of its context */
	void *pair;

	c->listening = -1;
	if (zmq_socket_monitor(socket, endpoint, WATCHED) < 0)
		return -errno;
	c->watched = socket;
	pair = zmq_socket(context, ZMQ_PAIR);
	if (pair && zmq_connect(pair, endpoint) < 0) {
		(void)zmq_close(pair);
		return -errno;
	}
	return bus_socket_adopt(&c->monitor, pair, loop);
}

void remote_crowd_close(struct remote_crowd *c)
{
	/* First: libzmq loses the memory of an event that nobody can take any more. */
	if (c->watched)
		(void)zmq_socket_monitor(c->watched, NULL, 0);
	c->watched = NULL;
	bus_socket_close(&c->monitor);
}
