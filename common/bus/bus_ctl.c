/* SPDX-License-Identifier: MIT */
/*
 * The control socket: [identity] [empty, if the client is a REQ] word argument... and back
 * "ok" or "error", errno in decimal, text.
 */
#include <errno.h>
#include <stdio.h>
#include "common/bus/bus_private.h"
#include "common/io/log.h"

#define CTL_HWM		100
#define CTL_FRAME_BYTES 4096 /* above: cut off; from BUS_ARG_SIZE on: told what is wrong */

int bus_ctl_open(struct bus *bus)
{
	zsock_t *zs = zsock_new(ZMQ_ROUTER);
	int r;

	if (!zs)
		return -ENOMEM;
	zsock_set_sndhwm(zs, CTL_HWM);
	zsock_set_rcvhwm(zs, CTL_HWM);
	zsock_set_maxmsgsize(zs, CTL_FRAME_BYTES);
	zsock_set_sndtimeo(zs, 0);
	r = bus_place_bind(zs, bus->ctl_path, bus->config.ctl_fd, 0660);
	if (r < 0) {
		zsock_destroy(&zs);
		return r;
	}
	return bus_socket_attach(&bus->ctl, zs, bus->config.loop);
}

static void reply(struct bus *bus, zframe_t *identity, bool delimiter, int result)
{
	zmsg_t *msg = zmsg_new();

	zmsg_addmem(msg, zframe_data(identity), zframe_size(identity));
	if (delimiter)
		zmsg_addmem(msg, NULL, 0);
	zmsg_addstr(msg, result < 0 ? "error" : "ok");
	zmsg_addstrf(msg, "%d", result < 0 ? -result : 0);
	zmsg_addstr(msg, bus->reply);
	bus_socket_mark(&bus->ctl);
	if (zmsg_send(&msg, bus->ctl.zs) < 0)
		zmsg_destroy(&msg); /* the client is gone or does not read */
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

/* Words behind the identity and the delimiter into argv; their number, or -EINVAL with a reason. */
static int read_words(struct bus *bus, const struct bus_frames *f, unsigned int first,
	char words[BUS_ARGS_MAX][BUS_ARG_SIZE], const char *argv[BUS_ARGS_MAX + 1])
{
	unsigned int argc = f->count - first;

	if (argc < 1 || argc > BUS_ARGS_MAX) {
		(void)snprintf(bus->reply, sizeof(bus->reply), "%u words instead of 1 to %d", argc,
			BUS_ARGS_MAX);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < argc; i++) {
		if (!bus_frame_text(f->frame[first + i], words[i], BUS_ARG_SIZE) ||
			!is_printable(words[i])) {
			(void)snprintf(bus->reply, sizeof(bus->reply),
				"word %u is not at most %d printable characters", i + 1,
				BUS_ARG_SIZE - 1);
			return -EINVAL;
		}
		argv[i] = words[i];
	}
	argv[argc] = NULL;
	return (int)argc;
}

static void take_request(void *arg, const struct bus_frames *f)
{
	struct bus *bus = arg;
	char words[BUS_ARGS_MAX][BUS_ARG_SIZE];
	const char *argv[BUS_ARGS_MAX + 1];
	bool delimiter;
	int r;

	if (f->count < 2)
		return;
	delimiter = zframe_size(f->frame[1]) == 0;
	bus->reply[0] = 0;
	r = read_words(bus, f, delimiter ? 2 : 1, words, argv);
	if (r > 0 && bus->config.control)
		r = bus->config.control(bus->config.arg, r, argv, bus->reply, sizeof(bus->reply));
	else if (r > 0)
		r = -ENOSYS;
	bus->reply[sizeof(bus->reply) - 1] = 0;
	reply(bus, f->frame[0], delimiter, r);
}

bool bus_ctl_drain(struct bus *bus)
{
	return bus_socket_drain(&bus->ctl, take_request, bus);
}
