/* SPDX-License-Identifier: MIT */
#include "ntpexchd/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ntpexchd/client_config.h"
#include "ntpexchd/core/ntp_refid.h"

#define STAMPS_A_ROUND 16

static struct door *door_of(const struct source *s)
{
	return host_door(s->env->host);
}

/* ---- socket ---- */

static void on_packet(struct source *s)
{
	struct udp_packet packet;
	int r = udp_receive(s->fd, door_of(s), &packet);

	if (r == 0) {
		nics_receive(s->env->nics, &packet);
		ntp_client_receive(&s->core, packet.bytes, packet.size, packet.raw, packet.stamp,
			door_raw(door_of(s)));
	} else if (r != -EAGAIN && r != -EINTR) {
		ntp_client_note(&s->core, strerror(-r));
	}
}

static void take_stamps(struct source *s)
{
	struct udp_transmit t;

	/* There is one request at a time; a stamp of an earlier one cannot be true for it. */
	for (int i = 0; i < STAMPS_A_ROUND; i++) {
		if (!udp_transmit_stamp(s->fd, door_of(s), &t))
			return;
		nics_transmit(s->env->nics, &t);
		ntp_client_stamp(
			&s->core, s->core.request.id, t.raw, t.stamp, door_raw(door_of(s)));
	}
}

static void on_socket(void *arg, int fd, short revents)
{
	struct source *s = arg;
	int r;

	(void)fd;
	if (revents & (POLLERR | POLLPRI)) {
		take_stamps(s);
		r = revents & POLLERR ? udp_take_error(s->fd) : 0;
		if (r < 0)
			ntp_client_note(&s->core, strerror(-r));
	}
	if (revents & POLLIN)
		on_packet(s);
	source_drain(s);
}

void source_close(struct source *s)
{
	if (s->fd < 0)
		return;
	loop_fd_del(host_loop(s->env->host), s->fd);
	close(s->fd);
	s->fd = -1;
}

/* The configured address of that family to ask from, and port. True if anything was configured. */
static bool local_end(const struct config *config, int family, union udp_address *ret)
{
	bool any = config->acquisition_port != 0;

	memset(ret, 0, sizeof *ret);
	ret->any.sa_family = (sa_family_t)family;
	for (int i = 0; i < config->bind_acquisitions; i++) {
		union udp_address a;

		if (udp_parse(config->bind_acquisition[i].address, 0, &a) < 0 ||
			a.any.sa_family != family)
			continue;
		*ret = a;
		any = true;
	}
	udp_set_port(ret, (uint16_t)config->acquisition_port);
	return any;
}

static void learn_own_refid(struct source *s, int fd)
{
	union udp_address own;
	socklen_t size = sizeof own;
	struct ntp_address plain;

	memset(&own, 0, sizeof own);
	if (getsockname(fd, &own.any, &size) < 0)
		return;
	plain = udp_plain_address(&own);
	ntp_client_own_refid(&s->core, ntp_refid_of(&plain));
}

static int open_socket(struct source *s)
{
	union udp_address local;
	struct udp_options options = {.family = s->address.any.sa_family,
		.transmit_stamps = true,
		.hardware = nics_wanted(s->env->nics)};
	int fd, r;

	if (local_end(s->env->config, options.family, &local)) {
		options.bind = &local;
		options.reuse = s->env->config->acquisition_port != 0;
	}
	fd = udp_open(&options, &s->transmit_stamps);
	if (fd < 0)
		return fd;
	r = connect(fd, &s->address.any, udp_address_size(&s->address)) < 0 ? -errno : 0;
	if (r == 0)
		r = loop_fd_add(host_loop(s->env->host), fd, POLLIN | POLLPRI, on_socket, s);
	if (r < 0) {
		close(fd);
		return r;
	}
	learn_own_refid(s, fd);
	s->fd = fd;
	return 0;
}

static void send_request(struct source *s, uint64_t id, const uint8_t *bytes, size_t size)
{
	struct ts_raw t1;
	int r = s->fd < 0 ? open_socket(s) : 0;

	if (r == 0) {
		t1 = door_raw(door_of(s));
		if (send(s->fd, bytes, size, 0) < 0)
			r = -errno;
	}
	if (r < 0) {
		ntp_client_send_failed(&s->core, id, strerror(-r));
		/* A route may have come up for another local address. */
		source_close(s);
		return;
	}
	ntp_client_sent(&s->core, id, t1, s->transmit_stamps);
	/* The stamp is mostly there by now, which saves a round of the loop. */
	if (s->transmit_stamps)
		take_stamps(s);
}

/* ---- answers ---- */

static void act(struct source *s, const struct ntp_client_out *out)
{
	switch (out->kind) {
	case NTP_OUT_MESSAGE:
		host_publish(s->env->host, &out->u.message);
		break;
	case NTP_OUT_EVENT:
		host_event(s->env->host, out->u.event.code, s->core.config.source,
			out->u.event.value_ns, "%s", out->u.event.text);
		break;
	case NTP_OUT_SEND:
		send_request(s, out->u.send.id, out->u.send.bytes, out->u.send.size);
		break;
	case NTP_OUT_RESOLVE:
		s->wants_other = true;
		source_close(s);
		break;
	}
}

void source_drain(struct source *s)
{
	struct ntp_client_out out;

	while (ntp_client_next_out(&s->core, door_raw(door_of(s)), &out))
		act(s, &out);
}

/* ---- life ---- */

struct source *source_new(
	struct source_env *env, const struct config_source *config, const char *name)
{
	struct source *s = calloc(1, sizeof *s);
	uint64_t key[2] = {env->seed, env->created++};
	struct ntp_client_config core;
	struct ts_raw now;

	if (!s)
		return NULL;
	s->env = env;
	s->fd = -1;
	now = door_raw(door_of(s));
	client_config(config, name, door_precision_ns(door_of(s)), &core);
	ntp_client_init(&s->core, &core, cookie_hash(key, (uint64_t)now.ns), now);
	if (config->offline)
		ntp_client_online(&s->core, false, now);
	host_event(env->host, EVENT_source_added, name, 0, "%s %s",
		config->is_pool ? "member of pool" : "server", config->name);
	return s;
}

void source_destroy(struct source **s)
{
	if (!*s)
		return;
	source_close(*s);
	free(*s);
	*s = NULL;
}

void source_remove(struct source **s)
{
	if (!*s)
		return;
	ntp_client_remove(&(*s)->core);
	source_drain(*s);
	host_event((*s)->env->host, EVENT_source_removed, (*s)->core.config.source, 0, "%s is gone",
		(*s)->core.config.source);
	source_destroy(s);
}

void source_set_address(struct source *s, const union udp_address *address)
{
	char text[64];

	udp_format(address, text, sizeof text);
	source_close(s);
	s->address = *address;
	s->has_address = true;
	ntp_client_address(&s->core, text, udp_port(address), door_raw(door_of(s)));
	source_drain(s);
}
