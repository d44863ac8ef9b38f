/* SPDX-License-Identifier: MIT */
#include "ntpexchd/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/core/bytes.h"
#include "common/core/ntptime.h"
#include "ntpexchd/core/cookie.h"

#define STALE_MAX      4096
#define STAMPS_A_ROUND 64

/* ---- what is told ---- */

struct ts_line serve_line(const struct serve *v)
{
	struct door_pair pair;

	if (v->has_clock)
		return (struct ts_line){{v->clock.raw_ns}, {v->clock.utc_ns}, v->clock.rate_ppb};
	pair = door_pair(host_door(v->host));
	return (struct ts_line){pair.raw, pair.real, 0};
}

struct ntp_served serve_served(const struct serve *v, struct ts_raw now, struct ts_utc utc)
{
	static const struct msg_clock none = {.status = sync_unsynchronised};
	int64_t precision_ns = door_precision_ns(host_door(v->host));
	struct ntp_served s =
		ntp_served_from_clock(v->has_clock ? &v->clock : &none, precision_ns, now);

	if (ntp_local_applies(&v->local, &s, v->activated))
		s = ntp_local_served(&v->local, s.precision, utc);
	else if (v->refid != 0 && s.stratum < 16)
		s.refid = v->refid;
	return s;
}

void serve_clock(struct serve *v, const struct msg_clock *clock, uint32_t refid)
{
	int64_t distance = ts_sat_add(clock->root_delay_ns / 2, clock->root_dispersion_ns);

	v->clock = *clock;
	v->has_clock = true;
	ntp_scale_clock(&v->scale, clock, cookie_hash(v->key, ++v->epochs));
	v->refid = refid;
	if (clock->status == sync_synchronised && distance <= v->local.activate_ns)
		v->activated = true;
}

/* ---- one request ---- */

static uint64_t client_of(const struct serve *v, const struct ntp_address *from)
{
	uint64_t half[2];

	memcpy(half, from->bytes, sizeof half);
	return cookie_hash(v->key, cookie_hash(v->key, half[0]) ^ half[1]);
}

static void answer(struct serve *v, int fd, const struct udp_packet *packet)
{
	struct ntp_address from = udp_plain_address(&packet->from);
	struct ntp_server_request request = {.bytes = packet->bytes,
		.size = packet->size,
		.port = udp_port(&packet->from),
		.allowed = access_allowed(&v->access, &from),
		.xleave = &v->xleave,
		.client = client_of(v, &from)};
	enum ntp_server_verdict verdict = NTP_SERVER_DENIED;
	struct door *door = host_door(v->host);
	uint8_t bytes[NTP_SENT_MAX];
	struct ts_utc transmit;
	size_t size;
	struct ntp_served served;
	struct ts_line line;
	bool interleaved;

	v->counts.received++;
	v->counts.kernel_stamps += packet->stamp == stamp_kernel;
	v->counts.hardware_stamps += packet->stamp == stamp_hardware;
	if (request.allowed) {
		line = serve_line(v);
		request.received = ts_line_at(&line, packet->raw);
		served = serve_served(v, packet->raw, request.received);
		served.has_mono = v->scale.valid;
		served.mono_epoch = v->scale.epoch;
		served.mono_shift = ntp_scale_shift(&v->scale, packet->raw);
		verdict = ntp_server_answer(&request, &served, bytes, &size);
	}
	v->counts.verdict[verdict]++;
	interleaved = verdict == NTP_SERVER_INTERLEAVED;
	if (verdict != NTP_SERVER_ANSWER && !interleaved)
		return;
	v->counts.monotonic += size > NTP_HEADER_SIZE;
	transmit = ts_line_at(&line, door_raw(door));
	if (!interleaved)
		ntp_server_stamp(bytes, transmit);
	/* Those who ask in interleaved mode will ask for this one too. */
	if (udp_answer(fd, packet, bytes, size, interleaved, nics_wanted(v->nics)) < 0)
		v->counts.failed++;
	else
		xleave_note(&v->xleave, request.client, ntp_packet_receive(bytes),
			ntp_from_utc(transmit));
}

/* The card's stamp comes after the kernel's. */
static void take_stamps(struct serve *v, int fd)
{
	struct ts_line line = serve_line(v);
	struct udp_transmit t;

	for (int i = 0; i < STAMPS_A_ROUND; i++) {
		if (!udp_transmit_stamp(fd, host_door(v->host), &t))
			return;
		nics_transmit(v->nics, &t);
		if (t.stamp != stamp_none && t.has_payload)
			xleave_stamp(&v->xleave, ntp_packet_receive(t.payload),
				ntp_from_utc(ts_line_at(&line, t.raw)));
	}
}

static void on_request(void *arg, int fd, short revents)
{
	struct serve *v = arg;
	struct udp_packet packet;

	if (revents & (POLLERR | POLLPRI)) {
		take_stamps(v, fd);
		(void)udp_take_error(fd);
	}
	if ((revents & POLLIN) && udp_receive(fd, host_door(v->host), &packet) == 0) {
		nics_receive(v->nics, &packet);
		answer(v, fd, &packet);
	}
}

/* ---- sockets ---- */

/* What came while nobody was served is not answered late. */
static void discard(int fd)
{
	uint8_t byte;

	for (int i = 0; i < STALE_MAX && recv(fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0; i++)
		;
}

static int watch(struct serve *v, int i)
{
	int r = 0;

	if (v->socket[i].stale)
		discard(v->socket[i].fd);
	v->socket[i].stale = false;
	if (!v->socket[i].watched)
		r = loop_fd_add(
			host_loop(v->host), v->socket[i].fd, POLLIN | POLLPRI, on_request, v);
	v->socket[i].watched = r == 0;
	return r;
}

static void unwatch(struct serve *v, int i)
{
	if (v->socket[i].watched)
		loop_fd_del(host_loop(v->host), v->socket[i].fd);
	v->socket[i].watched = false;
}

static void keep(struct serve *v, int fd, int family, uint16_t port, bool passed)
{
	v->socket[v->sockets].fd = fd;
	v->socket[v->sockets].family = family;
	v->socket[v->sockets].port = port;
	v->socket[v->sockets].passed = passed;
	v->socket[v->sockets].watched = v->socket[v->sockets].stale = false;
	v->sockets++;
}

static void take_passed(struct serve *v)
{
	union udp_address own;
	socklen_t size;
	int fd;

	while (v->sockets < SERVE_SOCKETS_MAX &&
		(fd = host_take_fd(v->host, "ntp", (unsigned int)v->sockets)) >= 0) {
		size = sizeof own;
		memset(&own, 0, sizeof own);
		(void)getsockname(fd, &own.any, &size);
		udp_adopt(fd, own.any.sa_family, nics_wanted(v->nics));
		keep(v, fd, own.any.sa_family, udp_port(&own), true);
	}
}

static void close_own(struct serve *v)
{
	int kept = 0;

	for (int i = 0; i < v->sockets; i++) {
		if (v->socket[i].passed) {
			v->socket[kept++] = v->socket[i];
			continue;
		}
		unwatch(v, i);
		close(v->socket[i].fd);
	}
	v->sockets = kept;
}

static bool has_passed(const struct serve *v)
{
	for (int i = 0; i < v->sockets; i++)
		if (v->socket[i].passed)
			return true;
	return false;
}

bool serve_wanted(const struct serve *v)
{
	return v->config->port != 0 && access_any(&v->access);
}

bool serve_active(const struct serve *v)
{
	for (int i = 0; i < v->sockets; i++)
		if (v->socket[i].watched)
			return true;
	return false;
}

/* The address to serve on; false if that family is not wanted. */
static bool bind_address(const struct serve *v, int family, union udp_address *ret)
{
	const struct config *c = v->config;

	memset(ret, 0, sizeof *ret);
	ret->any.sa_family = (sa_family_t)family;
	udp_set_port(ret, (uint16_t)c->port);
	for (int i = 0; i < c->binds; i++) {
		union udp_address a;

		if (udp_parse(c->bind[i].address, (uint16_t)c->port, &a) < 0 ||
			a.any.sa_family != family)
			continue;
		*ret = a;
		return true;
	}
	return c->binds == 0;
}

static bool is_open(const struct serve *v, int family)
{
	for (int i = 0; i < v->sockets; i++)
		if (v->socket[i].family == family)
			return true;
	return false;
}

/* 0, also where there is nothing to open: this family is not wanted, or the kernel has it not. */
static int open_one(struct serve *v, int family)
{
	union udp_address bind;
	struct udp_options options = {.family = family,
		.bind = &bind,
		.packet_info = true,
		.hardware = nics_wanted(v->nics)};
	int fd;

	if (is_open(v, family) || !bind_address(v, family, &bind))
		return 0;
	options.reuse = v->config->acquisition_port == v->config->port;
	fd = udp_open(&options, NULL);
	if (fd == -EAFNOSUPPORT || (fd == -EINVAL && family == AF_INET6))
		return 0;
	if (fd < 0)
		return fd;
	keep(v, fd, family, (uint16_t)v->config->port, false);
	return 0;
}

static void told_failure(struct serve *v, int r, struct ts_raw now)
{
	char why[sizeof v->error];

	v->retry_at = ts_raw_add(now, (struct ts_dur){SERVE_RETRY_NS});
	snprintf(why, sizeof why, "cannot serve on UDP port %d: %s%s", v->config->port,
		strerror(-r),
		r == -EACCES	   ? " (needs a passed socket or CAP_NET_BIND_SERVICE)"
		: r == -EADDRINUSE ? " (another NTP server runs)"
				   : "");
	if (strcmp(why, v->error) != 0)
		host_event(v->host, EVENT_config_error, NULL, 0, "%s", why);
	str_copy(v->error, sizeof v->error, why);
}

static void open_all(struct serve *v, struct ts_raw now)
{
	int r = 0, failed = 0;

	v->retry_at = TS_RAW_NEVER;
	if (serve_wanted(v) && !has_passed(v)) {
		failed = open_one(v, AF_INET);
		r = open_one(v, AF_INET6);
		failed = failed < 0 ? failed : r;
	}
	for (int i = 0; i < v->sockets; i++) {
		if (!serve_wanted(v)) {
			unwatch(v, i);
			v->socket[i].stale = true;
			continue;
		}
		r = watch(v, i);
		failed = failed < 0 ? failed : r;
	}
	if (failed < 0)
		told_failure(v, failed, now);
	else
		v->error[0] = '\0';
}

/* ---- life ---- */

static void configure(struct serve *v, const struct config *config)
{
	v->config = config;
	config_access(config, &v->access);
	v->local = (struct ntp_local){.enabled = config->local,
		.stratum = config->local_stratum,
		.distance_ns = ts_dur_from_s(config->local_distance_s).ns,
		.activate_ns = ts_dur_from_s(config->local_activate_s).ns};
}

void serve_start(struct serve *v, struct stage_host *host, const struct config *config,
	struct nics *nics, uint64_t seed)
{
	v->host = host;
	v->nics = nics;
	v->key[0] = seed;
	v->key[1] = ~seed;
	configure(v, config);
	take_passed(v);
	open_all(v, door_raw(host_door(host)));
}

void serve_reload(struct serve *v, const struct config *config)
{
	configure(v, config);
	close_own(v);
	open_all(v, door_raw(host_door(v->host)));
}

void serve_stop(struct serve *v)
{
	for (int i = 0; i < v->sockets; i++) {
		unwatch(v, i);
		close(v->socket[i].fd);
	}
	v->sockets = 0;
}

struct ts_raw serve_deadline(const struct serve *v)
{
	return v->retry_at;
}

void serve_expire(struct serve *v, struct ts_raw now)
{
	if (!ts_raw_before(now, v->retry_at))
		open_all(v, now);
}
