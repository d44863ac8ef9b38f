/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "common/bus/bus_private.h"
#include "common/io/log.h"

static bool on_idle(void *arg)
{
	struct bus *bus = arg;
	bool busy = bus_pub_drain(bus);

	busy |= bus_ctl_drain(bus);
	busy |= bus_sub_drain(bus);
	return busy;
}

static int copy_names(struct bus *bus, const struct bus_config *c)
{
	if (strlen(c->run_dir) >= sizeof(bus->run_dir))
		return bus_place_path(c->run_dir, c->name ? c->name : "", ".pub", bus->pub_path);
	memcpy(bus->run_dir, c->run_dir, strlen(c->run_dir) + 1);
	if (!c->name)
		return 0;
	if (!bus_may_publish(c->name, MSG_hello)) {
		log_errx("%s is not a publisher of this suite", c->name);
		return -EINVAL;
	}
	memcpy(bus->name, c->name, strlen(c->name) + 1);
	return 0;
}

/* Passed sockets cannot be stolen, so only those bound here need the lock. */
static int open_publisher(struct bus *bus)
{
	const struct bus_config *c = &bus->config;
	int r;

	r = bus_place_path(bus->run_dir, bus->name, ".pub", bus->pub_path);
	if (!r)
		r = bus_place_path(bus->run_dir, bus->name, ".ctl", bus->ctl_path);
	if (r < 0)
		return r;
	if (c->pub_fd < 0 || c->ctl_fd < 0) {
		bus->lock_fd = bus_place_lock(bus->run_dir, bus->name);
		if (bus->lock_fd < 0)
			return bus->lock_fd;
	}
	r = bus_pub_open(bus);
	if (!r)
		r = bus_ctl_open(bus);
	return r;
}

int bus_open(const struct bus_config *config, struct bus **ret_bus)
{
	struct bus *bus = calloc(1, sizeof(*bus));
	int r;

	if (!bus)
		return -ENOMEM;
	bus->config = *config;
	bus->lock_fd = -1;
	bus->watch_fd = -1;
	bus_socket_prepare();
	r = copy_names(bus, config);
	if (!r && config->name)
		r = open_publisher(bus);
	if (!r)
		r = loop_idle_add(config->loop, on_idle, bus);
	if (r < 0) {
		bus_close(&bus);
		return r;
	}
	*ret_bus = bus;
	return 0;
}

/* libzmq leaves the files; while the lock is held they are ours. */
static void remove_files(const struct bus *bus)
{
	if (bus->pub.zs && bus->config.pub_fd < 0)
		(void)unlink(bus->pub_path);
	if (bus->ctl.zs && bus->config.ctl_fd < 0)
		(void)unlink(bus->ctl_path);
}

void bus_close(struct bus **bus)
{
	struct bus *b = *bus;

	if (!b)
		return;
	loop_idle_del(b->config.loop, on_idle, b);
	bus_watch_close(b);
	bus_sub_close(b);
	remove_files(b);
	bus_socket_close(&b->ctl);
	bus_socket_close(&b->pub);
	snapshot_destroy(&b->snapshot);
	if (b->lock_fd >= 0)
		close(b->lock_fd);
	free(b);
	*bus = NULL;
}

const struct bus_stats *bus_stats(const struct bus *bus)
{
	return &bus->stats;
}
