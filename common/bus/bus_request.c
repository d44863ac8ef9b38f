/* SPDX-License-Identifier: MIT */
/* The client's side of the control socket, for programs that have no bus. */
#include <errno.h>
#include <stdio.h>
#include "common/bus/bus_private.h"

#define ERRNO_MAX 4095

static int send_words(zsock_t *zs, int argc, const char *const *argv)
{
	for (int i = 0; i < argc; i++)
		if (zmq_send(zsock_resolve(zs), argv[i], strlen(argv[i]),
			    i + 1 < argc ? ZMQ_SNDMORE : 0) < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return 0;
}

/* "ok" or "error", errno, text. */
static int take_reply(zmsg_t *msg, char *ret_reply, size_t size)
{
	char status[8], number[8], *end;
	zframe_t *f = zmsg_first(msg);
	long error;
	size_t n;

	if (zmsg_size(msg) != 3 || !bus_frame_text(f, status, sizeof(status)) ||
		!bus_frame_text(zmsg_next(msg), number, sizeof(number)))
		return -EPROTO;
	error = strtol(number, &end, 10);
	if (*end || !*number || error < 0 || error > ERRNO_MAX)
		return -EPROTO;
	if (strcmp(status, "ok") ? strcmp(status, "error") || !error : error)
		return -EPROTO;
	f = zmsg_next(msg);
	n = zframe_size(f) < size ? zframe_size(f) : size - 1;
	memcpy(ret_reply, zframe_data(f), n);
	ret_reply[n] = 0;
	return (int)-error;
}

static int exchange(zsock_t *zs, int argc, const char *const *argv, char *reply, size_t size)
{
	int r = send_words(zs, argc, argv);
	zmsg_t *msg;

	if (r < 0)
		return r;
	msg = zmsg_recv(zs);
	if (!msg)
		return -ETIMEDOUT;
	r = take_reply(msg, reply, size);
	zmsg_destroy(&msg);
	return r;
}

int bus_request(const char *run_dir, const char *daemon, int argc, const char *const *argv,
	int timeout_ms, char *reply, size_t reply_size)
{
	char path[BUS_PATH_SIZE], endpoint[BUS_PATH_SIZE + 8];
	zsock_t *zs;
	int r;

	if (argc < 1 || !reply_size)
		return -EINVAL;
	reply[0] = 0;
	r = bus_place_path(run_dir, daemon, ".ctl", path);
	if (!r)
		r = bus_place_probe(path); /* libzmq would wait for it to appear */
	if (r < 0)
		return r;
	bus_socket_prepare();
	zs = zsock_new(ZMQ_DEALER);
	if (!zs)
		return -ENOMEM;
	zsock_set_linger(zs, 0);
	zsock_set_sndtimeo(zs, timeout_ms);
	zsock_set_rcvtimeo(zs, timeout_ms);
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s", path);
	if (zmq_connect(zsock_resolve(zs), endpoint) < 0)
		r = -errno;
	else
		r = exchange(zs, argc, argv, reply, reply_size);
	zsock_destroy(&zs);
	return r;
}
