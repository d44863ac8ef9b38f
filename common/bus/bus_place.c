/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/bus/bus_private.h"
#include "common/io/log.h"

int bus_place_path(
	const char *run_dir, const char *name, const char *suffix, char ret_path[BUS_PATH_SIZE])
{
	int n = snprintf(ret_path, BUS_PATH_SIZE, "%s/%s%s", run_dir, name, suffix);

	if (n >= 0 && (size_t)n < BUS_PATH_SIZE)
		return 0;
	log_errx("the path %s/%s%s is longer than the %zu bytes that a socket's may have; "
		 "choose a shorter runtime directory",
		run_dir, name, suffix, BUS_PATH_SIZE - 1);
	return -ENAMETOOLONG;
}

static int lock_failed(int fd, const char *path)
{
	int error = errno;
	char holder[16] = "";
	ssize_t n;

	if (error == EWOULDBLOCK) {
		n = read(fd, holder, sizeof(holder) - 1);
		holder[n > 0 ? strspn(holder, "0123456789") : 0] = 0;
		log_errx("another one runs already, as process %s (it holds %s)",
			*holder ? holder : "unknown", path);
		error = EADDRINUSE;
	} else {
		log_err("cannot lock %s", path);
	}
	close(fd);
	return -error;
}

int bus_place_lock(const char *run_dir, const char *name)
{
	char path[BUS_PATH_SIZE], pid[16];
	int fd, n, r;

	r = bus_place_path(run_dir, name, ".lock", path);
	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		r = -errno;
		log_err("cannot open %s", path);
		return r;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return lock_failed(fd, path);
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	/* the number is only there for the message above */
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n)
		log_warn("cannot write to %s", path);
	return fd;
}

/* libzmq takes any descriptor it is given. */
static int check_listener(int fd)
{
	int listening = 0, domain = 0, flags;
	socklen_t size = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0)
		return -errno;
	size = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
		return -errno;
	if (!listening || domain != AF_UNIX)
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int bus_place_bind(zsock_t *zs, const char *path, int fd, unsigned int mode)
{
	char endpoint[BUS_PATH_SIZE + 8];
	int r;

	if (fd >= 0) {
		r = check_listener(fd);
		if (r < 0) {
			log_errx("descriptor %d, passed for %s, is not a listening unix socket", fd,
				path);
			return r;
		}
		zsock_set_use_fd(zs, fd);
	}
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s", path);
	if (zmq_bind(zsock_resolve(zs), endpoint) < 0) {
		r = -errno;
		log_errx("cannot bind %s: %s", path, zmq_strerror(errno));
		return r;
	}
	if (fd < 0 && chmod(path, (mode_t)mode) < 0)
		log_warn("cannot set the mode of %s", path);
	return 0;
}

int bus_place_probe(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r = 0;

	if (fd < 0)
		return -errno;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno != EAGAIN)
		r = errno == ENOENT ? -ECONNREFUSED : -errno;
	close(fd);
	return r;
}
