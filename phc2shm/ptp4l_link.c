/* SPDX-License-Identifier: MIT */
#include "phc2shm/ptp4l_link.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/core/bytes.h"

#define ANSWERS_MAX 64 /* in a turn */

/* ptp4l answers to the address it was asked from: the kernel draws an abstract one, which leaves
 * no file behind. */
static int connect_to(const char *path)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX}, peer = {.sun_family = AF_UNIX};
	int fd;

	if (!str_copy(peer.sun_path, sizeof(peer.sun_path), path))
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&own, sizeof(own.sun_family)) == 0 &&
		connect(fd, (const struct sockaddr *)&peer, sizeof(peer)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

void ptp4l_link_close(struct ptp4l_link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}

static void take(struct ptp4l_link *l, int64_t now_ns)
{
	uint8_t data[PTP4L_DATAGRAM_MAX];

	for (int i = 0; l->fd >= 0 && i < ANSWERS_MAX; i++) {
		ssize_t n = recv(l->fd, data, sizeof(data), MSG_DONTWAIT);

		if (n < 0)
			return;
		(void)ptp4l_take(&l->ptp4l, data, (size_t)n, now_ns);
	}
}

static int ask(struct ptp4l_link *l, enum ptp4l_set set)
{
	uint8_t request[PTP4L_REQUEST_SIZE];

	ptp4l_request(&l->ptp4l, set, request);
	if (send(l->fd, request, sizeof(request), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	/* A full queue empties itself; anything else needs a new connection. */
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
}

void ptp4l_link_turn(struct ptp4l_link *l, int64_t now_ns)
{
	take(l, now_ns);
	if (!ptp4l_wants_ask(&l->ptp4l, now_ns))
		return;
	if (l->fd < 0)
		l->fd = connect_to(l->path);
	if (l->fd >= 0 && ask(l, PTP4L_TIME_PROPERTIES) == 0 && ask(l, PTP4L_PORT) == 0)
		return;
	ptp4l_link_close(l);
	ptp4l_gone(&l->ptp4l, now_ns);
}
