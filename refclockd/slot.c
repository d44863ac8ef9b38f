/* SPDX-License-Identifier: MIT */
#include "refclockd/slot.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "refclockd/bound.h"

/* Of one descriptor in one round: others want their turn. */
#define READINGS_A_ROUND 16

static void drain(struct slot *slot);

static void close_device(struct slot *slot)
{
	if (slot->fd_added)
		loop_fd_del(host_loop(slot->host), slot->driver->fd(slot->state));
	slot->fd_added = false;
	if (slot->open)
		slot->driver->close(slot->state);
	slot->open = slot->pending = false;
}

static void tell_opened(struct slot *slot)
{
	char text[DRIVER_TEXT_SIZE] = "";

	slot->driver->describe(slot->state, text, sizeof(text));
	refclock_on_opened(&slot->core, door_raw(host_door(slot->host)), text);
}

static void tell_news(struct slot *slot)
{
	char text[DRIVER_TEXT_SIZE] = "";

	if (!slot->open || !slot->driver->news || !slot->driver->news(slot->state))
		return;
	slot->driver->describe(slot->state, text, sizeof(text));
	refclock_on_news(&slot->core, text);
}

static void tell_lock(struct slot *slot)
{
	const struct slot *other;
	struct lock_reference reference = {.valid = false};

	if (!slot->line.lock)
		return;
	other = slot->lookup(slot->lookup_arg, slot->line.lock);
	if (other && other != slot)
		refclock_reference(&other->core, &reference);
	refclock_set_lock(&slot->core, &reference);
}

static void tell_bound(struct slot *slot, struct refclock_reading *reading)
{
	char file[PARAMETER_SIZE] = "";
	int64_t ns = 0;
	bool none;

	if (!slot->line.bound[0])
		return;
	if (slot->driver->bound_file)
		slot->driver->bound_file(slot->state, file, sizeof(file));
	/* VMClock's own stands in the reading already */
	none = bound_now(slot->line.bound, file, &ns) < 0 && reading->bound_ns == 0;
	if (none && !slot->no_bound)
		log_notice("%s: no error bound can be had from \"%s\"", slot->core.config.name,
			slot->line.bound);
	slot->no_bound = none;
	if (ns > reading->bound_ns)
		reading->bound_ns = ns;
}

/* One reading into the core; false when there is none left. */
static bool read_once(struct slot *slot)
{
	struct refclock_reading reading;
	char error[DRIVER_TEXT_SIZE] = "";
	struct ts_raw now;
	int rc;

	tell_lock(slot);
	rc = slot->driver->read(slot->state, &reading, error);
	if (rc == 0)
		tell_bound(slot, &reading);
	now = door_raw(host_door(slot->host));

	if (slot->pending && rc < 0 && rc != -EAGAIN) {
		close_device(slot);
		refclock_on_open_failed(&slot->core, now, rc, error);
		drain(slot);
		return false;
	}
	if (slot->pending && slot->driver->ready(slot->state)) {
		slot->pending = false;
		tell_opened(slot);
	}
	tell_news(slot);
	if (rc == 0)
		refclock_on_reading(&slot->core, now, &reading);
	else
		refclock_on_read_failed(&slot->core, now, rc, error);
	drain(slot);
	return rc == 0;
}

static void on_readable(void *arg, int fd, short revents)
{
	struct slot *slot = arg;

	(void)fd;
	(void)revents;
	for (int i = 0; i < READINGS_A_ROUND && slot->open; i++)
		if (!read_once(slot))
			break;
}

static int watch_fd(struct slot *slot, char error[DRIVER_TEXT_SIZE])
{
	int rc;

	if (slot->driver->polled)
		return 0;
	rc = loop_fd_add(
		host_loop(slot->host), slot->driver->fd(slot->state), POLLIN, on_readable, slot);
	if (rc < 0)
		(void)snprintf(error, DRIVER_TEXT_SIZE, "cannot wait for it: %s", strerror(-rc));
	slot->fd_added = rc == 0;
	return rc;
}

static void open_device(struct slot *slot)
{
	struct driver_setup setup = {
		.host = slot->host,
		.door = host_door(slot->host),
		.extts = slot->extts,
		.parameter = slot->line.parameter,
	};
	char text[DRIVER_TEXT_SIZE] = "";
	int rc;

	close_device(slot); /* one that never got ready */
	memset(slot->state, 0, sizeof(slot->state));
	rc = slot->driver->open(slot->state, &setup, text);
	slot->open = rc == 0;
	if (rc == 0)
		rc = watch_fd(slot, text);
	if (rc < 0) {
		close_device(slot);
		refclock_on_open_failed(&slot->core, door_raw(setup.door), rc, text);
		return;
	}
	slot->pending = slot->driver->ready && !slot->driver->ready(slot->state);
	if (!slot->pending)
		tell_opened(slot);
}

static void publish_source(struct slot *slot, const struct msg_source *source)
{
	struct msg m = {.kind = MSG_source};

	m.u.source = *source;
	host_fold_source(&slot->behind, &m.u.source);
	host_publish(slot->host, &m);
}

static void publish_sample(struct slot *slot, const struct msg_sample *sample)
{
	struct msg m = {.kind = MSG_sample};

	m.u.sample = *sample;
	host_fold_sample(&slot->behind, &m.u.sample);
	host_publish(slot->host, &m);
}

static void on_host_changed(void *arg)
{
	struct slot *slot = arg;
	struct msg_source source;

	refclock_describe(&slot->core, &source);
	publish_source(slot, &source);
}

static void act(struct slot *slot, const struct refclock_out *out)
{
	switch (out->type) {
	case REFCLOCK_OUT_NONE:
		break;
	case REFCLOCK_OUT_SAMPLE:
		publish_sample(slot, &out->u.sample);
		break;
	case REFCLOCK_OUT_SOURCE:
		publish_source(slot, &out->u.source);
		break;
	case REFCLOCK_OUT_EVENT:
		host_event(slot->host, out->u.event.code, slot->core.config.name,
			out->u.event.value_ns, "%s", out->u.event.text);
		break;
	case REFCLOCK_OUT_CLOSE:
		close_device(slot);
		break;
	case REFCLOCK_OUT_OPEN:
		open_device(slot);
		break;
	case REFCLOCK_OUT_READ:
		if (slot->open)
			(void)read_once(slot);
		break;
	}
}

static void drain(struct slot *slot)
{
	struct refclock_out out;

	while (refclock_next_out(&slot->core, &out))
		act(slot, &out);
}

void slot_start(struct slot *slot, const struct refclock_line *line,
	const struct refclock_config *core, int number)
{
	struct refclock_config config = *core;
	struct stage_host *host = slot->host;
	struct ts_raw now;

	slot->used = true;
	slot->number = number;
	slot->line = *line;
	slot->open = slot->fd_added = slot->pending = slot->no_bound = false;
	slot->driver = driver_of(line->driver, line->parameter);
	config.clock_precision_ns = door_precision_ns(host_door(host));
	now = door_raw(host_door(host));
	refclock_init(&slot->core, &config, now);
	refclock_set_leaps(&slot->core, slot->leaps);
	host_event(host, EVENT_source_added, config.name, 0, "%s", config.configured);
	host_start(
		&slot->behind, host, &slot->line, slot->core.config.name, on_host_changed, slot);
	/* Opened at once: the host looks after start() whether passed sockets were taken. */
	refclock_on_deadline(&slot->core, now);
	drain(slot);
}

void slot_stop(struct slot *slot, bool removed)
{
	struct msg_source source;

	close_device(slot);
	host_stop(&slot->behind);
	if (removed) {
		refclock_describe(&slot->core, &source);
		source.removed = true;
		publish_source(slot, &source);
		host_event(slot->host, EVENT_source_removed, slot->core.config.name, 0, "%s",
			slot->core.config.configured);
	}
	slot->used = false;
}

void slot_expire(struct slot *slot, struct ts_raw now)
{
	if (ts_raw_before(now, refclock_deadline(&slot->core)))
		return;
	refclock_on_deadline(&slot->core, now);
	drain(slot);
}
