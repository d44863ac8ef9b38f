/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "common/bus/bus_socket.h"

#define LINGER_MS 100 /* what was said last before a stop should still be heard */

void bus_socket_prepare(void)
{
	static bool prepared;

	if (prepared)
		return;
	prepared = true;
	/* without the variable it would take SIGINT and SIGTERM over before it can be told not to
	 */
	(void)setenv("ZSYS_SIGHANDLER", "false", 1);
	zsys_handler_set(NULL);
	zsys_set_linger(LINGER_MS);
}

static void on_fd(void *arg, int fd, short revents)
{
	struct bus_socket *s = arg;

	(void)fd;
	(void)revents;
	bus_socket_mark(s);
}

int bus_socket_attach(struct bus_socket *s, zsock_t *zs, struct loop *loop)
{
	int fd, r;

	if (!zs)
		return -ENOMEM;
	fd = (int)zsock_fd(zs);
	r = loop_fd_add(loop, fd, POLLIN, on_fd, s);
	if (r < 0) {
		zsock_destroy(&zs);
		return r;
	}
	*s = (struct bus_socket){zs, zsock_resolve(zs), fd, true, loop};
	return 0;
}

int bus_socket_adopt(struct bus_socket *s, void *handle, struct loop *loop)
{
	int fd = -1, r;
	size_t size = sizeof(fd);

	if (!handle)
		return -ENOMEM;
	r = zmq_getsockopt(handle, ZMQ_FD, &fd, &size) < 0 ? -errno
							   : loop_fd_add(loop, fd, POLLIN, on_fd, s);
	if (r < 0) {
		(void)zmq_close(handle);
		return r;
	}
	*s = (struct bus_socket){NULL, handle, fd, true, loop};
	return 0;
}

void bus_socket_close(struct bus_socket *s)
{
	if (!s->handle)
		return;
	loop_fd_del(s->loop, s->fd);
	if (s->zs)
		zsock_destroy(&s->zs);
	else
		(void)zmq_close(s->handle);
	memset(s, 0, sizeof(*s));
}

static bool is_readable(struct bus_socket *s)
{
	int events = 0;
	size_t size = sizeof(events);

	if (zmq_getsockopt(s->handle, ZMQ_EVENTS, &events, &size) < 0)
		return false;
	return events & ZMQ_POLLIN;
}

/* All parts of a message arrive together, so only the first could be missing. */
static bool receive(struct bus_socket *s, struct bus_frames *f)
{
	zframe_t *frame;
	bool more;

	f->count = 0;
	do {
		frame = zframe_recv_nowait(s->handle);
		if (!frame)
			return f->count > 0;
		more = zframe_more(frame);
		if (f->count < BUS_FRAMES_MAX)
			f->frame[f->count] = frame;
		else
			zframe_destroy(&frame);
		f->count++;
	} while (more);
	return true;
}

static void release(struct bus_frames *f)
{
	for (unsigned int i = 0; i < f->count && i < BUS_FRAMES_MAX; i++)
		zframe_destroy(&f->frame[i]);
}

bool bus_socket_drain(
	struct bus_socket *s, void (*take)(void *arg, const struct bus_frames *f), void *arg)
{
	struct bus_frames f;
	unsigned int n = 0;

	if (!s->handle || !s->marked)
		return false;
	while (n < BUS_ROUND_MAX) {
		if (!is_readable(s)) {
			s->marked = false;
			break;
		}
		if (!receive(s, &f))
			break;
		take(arg, &f);
		release(&f);
		n++;
	}
	return n > 0;
}

bool bus_frame_text(zframe_t *frame, char *ret_text, size_t size)
{
	size_t n = zframe_size(frame);

	if (n >= size || memchr(zframe_data(frame), 0, n))
		return false;
	memcpy(ret_text, zframe_data(frame), n);
	ret_text[n] = 0;
	return true;
}
