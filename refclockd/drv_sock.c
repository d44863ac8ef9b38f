/* SPDX-License-Identifier: MIT */
/*
 * drv_sock.c - chrony's SOCK datagrams.
 *
 * Parameter: the path of the socket. It is taken from the service manager if that passed one whose
 * FileDescriptorName is the last part of the path (chrony.ttyS0.sock), so that senders and this
 * program may start in any order; else it is made here, mode 0660 whatever the umask is: whoever
 * may write to it may move the clock.
 */
#include "refclockd/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/core/bytes.h"
#include "common/core/sock_datagram.h"
#include "refclockd/core/parameter.h"

#define SOCKET_MODE 0660

struct drv_sock {
	struct door *door;
	struct sockaddr_un address;
	int fd;
	bool passed; /* by the service manager: the path is not ours to remove */
	bool made;
};

static int parse(struct parameter *p, const char *text, char error[DRIVER_TEXT_SIZE])
{
	struct sockaddr_un a;
	int rc = parameter_parse(p, text, "", error, DRIVER_TEXT_SIZE);

	if (rc < 0)
		return rc;
	if (p->name[0] == '/' && strlen(p->name) < sizeof(a.sun_path))
		return 0;
	(void)snprintf(error, DRIVER_TEXT_SIZE,
		"socket \"%.64s\" (allowed: an absolute path of at most %zu bytes)", p->name,
		sizeof(a.sun_path) - 1);
	return -EINVAL;
}

static int drv_check(const char *parameter, char error[DRIVER_TEXT_SIZE])
{
	struct parameter p;

	return parse(&p, parameter, error);
}

static int explain(const struct drv_sock *d, const char *what, char error[DRIVER_TEXT_SIZE])
{
	int err = errno;

	(void)snprintf(error, DRIVER_TEXT_SIZE, "cannot %s %.80s: %s", what, d->address.sun_path,
		strerror(err));
	return -err;
}

/* A path that nobody listens on is left over from a program that died. */
static int remove_leftover(const struct drv_sock *d, char error[DRIVER_TEXT_SIZE])
{
	struct stat st;
	int fd, rc;

	if (lstat(d->address.sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return explain(d, "make the socket", error);
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	rc = connect(fd, (const struct sockaddr *)&d->address, sizeof(d->address));
	(void)close(fd);
	if (rc == 0 || errno != ECONNREFUSED) {
		errno = EADDRINUSE;
		return explain(d, "make the socket", error);
	}
	if (unlink(d->address.sun_path) < 0)
		return explain(d, "remove the old socket", error);
	return 0;
}

static int make_socket(struct drv_sock *d, char error[DRIVER_TEXT_SIZE])
{
	int rc = remove_leftover(d, error);

	if (rc < 0)
		return rc;
	d->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return explain(d, "make the socket", error);
	rc = bind(d->fd, (const struct sockaddr *)&d->address, sizeof(d->address));
	if (rc < 0 || chmod(d->address.sun_path, SOCKET_MODE) < 0) {
		rc = explain(d, "make the socket", error);
		(void)close(d->fd);
		return rc;
	}
	d->made = true;
	return 0;
}

/* A stream socket, or one of another path under our name, is a mistake in a unit file. */
static bool is_ours(const struct drv_sock *d, int fd)
{
	struct sockaddr_un have;
	socklen_t size = sizeof(have);
	int type = 0;
	socklen_t type_size = sizeof(type);

	memset(&have, 0, sizeof(have));
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_DGRAM &&
	       getsockname(fd, (struct sockaddr *)&have, &size) == 0 &&
	       have.sun_family == AF_UNIX &&
	       strncmp(have.sun_path, d->address.sun_path, sizeof(have.sun_path)) == 0;
}

static int take_passed(struct drv_sock *d, struct stage_host *host, char error[DRIVER_TEXT_SIZE])
{
	const char *base = strrchr(d->address.sun_path, '/') + 1;
	int flags, fd = host_take_fd(host, base, 0);

	if (fd < 0)
		return -ENOENT;
	if (!is_ours(d, fd)) {
		(void)close(fd);
		(void)snprintf(error, DRIVER_TEXT_SIZE,
			"the socket passed as %.40s is not the datagram socket %.64s", base,
			d->address.sun_path);
		return -EINVAL;
	}
	flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	d->fd = fd;
	d->passed = true;
	return 0;
}

static int drv_open(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE])
{
	struct drv_sock *d = state;
	struct parameter p;
	int rc = parse(&p, setup->parameter, error);

	if (rc < 0)
		return rc;
	d->door = setup->door;
	d->address.sun_family = AF_UNIX;
	(void)str_copy(d->address.sun_path, sizeof(d->address.sun_path), p.name);
	rc = take_passed(d, setup->host, error);
	return rc == -ENOENT ? make_socket(d, error) : rc;
}

static void drv_close(void *state)
{
	struct drv_sock *d = state;

	(void)close(d->fd);
	d->fd = -1;
	if (d->made)
		(void)unlink(d->address.sun_path);
	d->made = false;
}

static int drv_fd(const void *state)
{
	return ((const struct drv_sock *)state)->fd;
}

static enum leap leap_of(int leap)
{
	static const enum leap of[] = {leap_none, leap_insert, leap_remove, leap_unsync};

	return of[leap & 3];
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_sock *d = state;
	unsigned char data[SOCK_DATAGRAM_SIZE + 1];
	struct sock_sample sample;
	int64_t width_ns;
	ssize_t n = recv(d->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n < 0)
		return explain(d, "read", error);
	memset(ret, 0, sizeof(*ret));
	ret->leap = leap_unsync;
	if (sock_datagram_decode(data, (size_t)n, &sample) < 0) {
		ret->reject = reject_format;
		return 0;
	}
	ret->raw = door_raw_from_real(d->door, sample.system, &width_ns);
	ret->utc = sample.reference;
	ret->error_ns = width_ns / 2;
	ret->leap = leap_of(sample.leap);
	ret->pulse = sample.pulse;
	return 0;
}

static void drv_describe(const void *state, char *text, size_t size)
{
	const struct drv_sock *d = state;

	(void)snprintf(text, size, "%s%s", d->address.sun_path,
		d->passed ? " (from the service manager)" : "");
}

const struct driver driver_sock = {
	.word = "SOCK",
	.kind = source_kind_sock,
	.state_size = sizeof(struct drv_sock),
	.polled = false,
	.check = drv_check,
	.open = drv_open,
	.close = drv_close,
	.fd = drv_fd,
	.read = drv_read,
	.describe = drv_describe,
};
_Static_assert(sizeof(struct drv_sock) <= DRIVER_STATE_SIZE, "driver state");
