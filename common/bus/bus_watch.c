/* SPDX-License-Identifier: MIT */
/*
 * A subscriber whose publisher has no socket file would try to connect for ever, twice every two
 * seconds with a wake-up of a thread each. So the runtime directory is watched instead: a peer is
 * connected while its file is there. Where that cannot be watched, all are connected all the time.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "common/bus/bus_private.h"

#define ENDPOINT_SIZE (BUS_PATH_SIZE + 8)
#define EVENTS_SIZE   4096

static int endpoint_of(
	const struct bus_peer *p, char ret_path[BUS_PATH_SIZE], char endpoint[ENDPOINT_SIZE])
{
	int r = bus_place_path(p->bus->run_dir, p->name, ".pub", ret_path);

	(void)snprintf(endpoint, ENDPOINT_SIZE, "ipc://%s", r < 0 ? "" : ret_path);
	return r;
}

static int attach(struct bus_peer *p)
{
	char path[BUS_PATH_SIZE], endpoint[ENDPOINT_SIZE];
	int r = endpoint_of(p, path, endpoint);

	if (r < 0 || p->attached)
		return r;
	bus_socket_mark(&p->sub);
	if (zmq_connect(p->sub.handle, endpoint) < 0)
		return -errno;
	p->attached = true;
	return 0;
}

static void detach(struct bus_peer *p)
{
	char path[BUS_PATH_SIZE], endpoint[ENDPOINT_SIZE];

	if (!p->attached || endpoint_of(p, path, endpoint) < 0)
		return;
	bus_socket_mark(&p->sub);
	(void)zmq_disconnect(p->sub.handle, endpoint);
	p->attached = false;
}

static bool has_file(const struct bus_peer *p)
{
	char path[BUS_PATH_SIZE], endpoint[ENDPOINT_SIZE];

	return endpoint_of(p, path, endpoint) == 0 && access(path, F_OK) == 0;
}

static void close_watch(struct bus *bus)
{
	if (bus->watch_fd < 0)
		return;
	loop_fd_del(bus->config.loop, bus->watch_fd);
	(void)close(bus->watch_fd);
	bus->watch_fd = -1;
}

/* Somebody has bound the path anew: the next try to connect would be up to two seconds away. */
static void on_created(struct bus *bus, const char *file)
{
	for (unsigned int i = 0; i < bus->peer_count; i++) {
		struct bus_peer *p = bus->peers[i];
		size_t n = strlen(p->name);

		if (strncmp(file, p->name, n) != 0 || strcmp(file + n, ".pub") != 0)
			continue;
		p->created = true;
		p->gone = false;
	}
}

/* The directory itself is gone: from here on as if it could not be watched. */
static void on_lost(struct bus *bus)
{
	close_watch(bus);
	for (unsigned int i = 0; i < bus->peer_count; i++)
		(void)attach(bus->peers[i]);
}

static void on_change(void *arg, int fd, short revents)
{
	_Alignas(struct inotify_event) char events[EVENTS_SIZE];
	struct bus *bus = arg;
	bool lost = false;
	ssize_t n = read(fd, events, sizeof(events));

	(void)revents;
	for (ssize_t at = 0; at < n;) {
		struct inotify_event e;

		memcpy(&e, events + at, sizeof(e));
		at += (ssize_t)sizeof(e);
		if (e.len > 0 && (e.mask & (IN_CREATE | IN_MOVED_TO)))
			on_created(bus, events + at);
		lost |= (e.mask & (IN_IGNORED | IN_Q_OVERFLOW)) != 0;
		at += (ssize_t)e.len;
	}
	for (unsigned int i = 0; i < bus->peer_count; i++)
		bus->peers[i]->gone = !has_file(bus->peers[i]);
	if (lost)
		on_lost(bus);
}

void bus_watch_open(struct bus *bus)
{
	if (bus->watch_tried)
		return;
	bus->watch_tried = true;
	bus->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (bus->watch_fd < 0)
		return;
	if (inotify_add_watch(bus->watch_fd, bus->run_dir,
		    IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM) >= 0 &&
		loop_fd_add(bus->config.loop, bus->watch_fd, POLLIN, on_change, bus) == 0)
		return;
	(void)close(bus->watch_fd);
	bus->watch_fd = -1;
}

int bus_watch_peer(struct bus_peer *p)
{
	p->gone = p->bus->watch_fd >= 0 && !has_file(p);
	return p->gone ? 0 : attach(p);
}

void bus_watch_turn(struct bus_peer *p)
{
	if (p->connected || p->bus->watch_fd < 0)
		return;
	if (p->gone || p->created)
		detach(p);
	p->created = false;
	if (!p->gone)
		(void)attach(p);
}

void bus_watch_close(struct bus *bus)
{
	close_watch(bus);
}
