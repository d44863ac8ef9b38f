/* SPDX-License-Identifier: MIT */
/*
 * drv_gpsd.c - gpsd's JSON stream.
 *
 * Parameter: the receiver as gpsd knows it (/dev/ttyS0), of the gpsd on this machine; or an IPv4
 * address or localhost, for any receiver of the gpsd there. Options: :host=ADDRESS of a gpsd
 * elsewhere, :port=N (2947), :pps for pulses (PPS objects) instead of the serial time (TOFF
 * objects).
 *
 * Only watched, never configured. The stamps are of the CLOCK_REALTIME of gpsd's machine, so they
 * are good for a gpsd on this one only: an address elsewhere is for forwarded ports. Connecting
 * goes on while the loop runs; the greeting of gpsd ends it.
 */
#include "refclockd/driver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/core/bytes.h"
#include "refclockd/core/clockline.h"
#include "refclockd/core/gpsd_json.h"
#include "refclockd/core/parameter.h"

#define OPTIONS	  "host= port= pps"
#define PORT	  2947
#define LINE_SIZE 2048
#define WATCH	  "?WATCH={\"enable\":true,\"json\":true,\"pps\":true};\n"

struct drv_gpsd {
	struct door *door;
	struct clockline line;
	struct sockaddr_in address;
	int fd;
	bool pps;
	bool greeted;
	char device[GPSD_DEVICE_SIZE]; /* "" any */
	int mode;		       /* of the last TPV, -1 none */
	int64_t seen, used;	       /* satellites, -1 not told */
	bool news;
	size_t have;
	bool cut; /* the line in the buffer goes on */
	char buffer[LINE_SIZE];
};

static int parse_address(const char *text, struct in_addr *ret)
{
	if (strcmp(text, "localhost") == 0)
		text = "127.0.0.1";
	return inet_pton(AF_INET, text, ret) == 1 ? 0 : -EINVAL;
}

static int refuse(const char *what, const char *word, const char *allowed, char *error)
{
	(void)snprintf(error, DRIVER_TEXT_SIZE, "%s \"%.40s\" (allowed: %s)", what, word, allowed);
	return -EINVAL;
}

static int parse(struct drv_gpsd *d, const char *text, char error[DRIVER_TEXT_SIZE])
{
	const char *host, *port;
	struct parameter p;
	int n = PORT, rc = parameter_parse(&p, text, OPTIONS, error, DRIVER_TEXT_SIZE);

	if (rc < 0)
		return rc;
	host = parameter_option(&p, "host");
	port = parameter_option(&p, "port");
	d->pps = parameter_option(&p, "pps") != NULL;
	d->address.sin_family = AF_INET;
	if (p.name[0] != '/' && host)
		return refuse("device", p.name, "a path, where host is given", error);
	if (p.name[0] == '/' && !str_copy(d->device, sizeof(d->device), p.name))
		return refuse("device", p.name, "at most 63 bytes", error);
	if (!host)
		host = p.name[0] == '/' ? "localhost" : p.name;
	if (parse_address(host, &d->address.sin_addr) < 0)
		return refuse("receiver", host, "a device, an IPv4 address or localhost", error);
	if (port && parameter_number(port, false, 1, 65535, &n) < 0)
		return refuse("port", port, "1..65535", error);
	d->address.sin_port = htons((uint16_t)n);
	return 0;
}

static int drv_check(const char *parameter, char error[DRIVER_TEXT_SIZE])
{
	struct drv_gpsd d = {.fd = -1};

	return parse(&d, parameter, error);
}

static void place_of(const struct drv_gpsd *d, char *text, size_t size)
{
	char address[INET_ADDRSTRLEN] = "";

	(void)inet_ntop(AF_INET, &d->address.sin_addr, address, sizeof(address));
	(void)snprintf(text, size, "%s:%d", address, ntohs(d->address.sin_port));
}

/* A gpsd that is not there is a missing device. */
static int lost(const struct drv_gpsd *d, int err, char error[DRIVER_TEXT_SIZE])
{
	char place[40];

	place_of(d, place, sizeof(place));
	(void)snprintf(error, DRIVER_TEXT_SIZE, "gpsd at %s: %s", place,
		err ? strerror(err) : "connection closed");
	return -ENODEV;
}

static int drv_open(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE])
{
	struct drv_gpsd *d = state;
	int rc = parse(d, setup->parameter, error), on = 1;

	if (rc < 0)
		return rc;
	d->door = setup->door;
	d->mode = -1;
	d->seen = d->used = -1;
	d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return lost(d, errno, error);
	(void)setsockopt(d->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	rc = connect(d->fd, (const struct sockaddr *)&d->address, sizeof(d->address));
	if (rc == 0 || errno == EINPROGRESS)
		return 0;
	rc = lost(d, errno, error);
	(void)close(d->fd);
	return rc;
}

static void drv_close(void *state)
{
	struct drv_gpsd *d = state;

	(void)close(d->fd);
	d->fd = -1;
}

static int drv_fd(const void *state)
{
	return ((const struct drv_gpsd *)state)->fd;
}

static bool drv_ready(const void *state)
{
	return ((const struct drv_gpsd *)state)->greeted;
}

static bool concerns_us(const struct drv_gpsd *d, const struct gpsd_object *o)
{
	return !d->device[0] || strcmp(d->device, o->device) == 0;
}

/* Any change of the fix is news; of the satellites, whether there are any. */
static void take_state(struct drv_gpsd *d, const struct gpsd_object *o)
{
	int mode = (int)o->number[GPSD_MODE];

	if (o->class == GPSD_TPV && o->has[GPSD_MODE] && o->number[GPSD_MODE] >= 0 &&
		o->number[GPSD_MODE] <= 3) {
		d->news |= mode != d->mode;
		d->mode = mode;
	}
	if (o->class == GPSD_SKY && o->has[GPSD_USAT] && o->has[GPSD_NSAT]) {
		d->news |= d->used < 0 || (d->used == 0) != (o->number[GPSD_USAT] == 0);
		d->used = o->number[GPSD_USAT];
		d->seen = o->number[GPSD_NSAT];
	}
}

static int greet(struct drv_gpsd *d, char error[DRIVER_TEXT_SIZE])
{
	if (send(d->fd, WATCH, sizeof(WATCH) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		(ssize_t)sizeof(WATCH) - 1)
		return lost(d, errno, error);
	d->greeted = true;
	return -EAGAIN;
}

static void fill_reading(
	struct drv_gpsd *d, const struct gpsd_object *o, struct refclock_reading *ret)
{
	struct door_pair pair = door_pair(d->door);
	struct ts_utc clock;

	memset(ret, 0, sizeof(*ret));
	ret->raw = pair.raw;
	ret->leap = d->mode == 0 || d->mode == 1 ? leap_unsync : leap_none;
	ret->stamp = o->class == GPSD_PPS ? stamp_kernel : stamp_daemon;
	clockline_add(&d->line, pair.real.ns, pair.raw, pair.width.ns);
	if (gpsd_json_pair(o, &ret->utc, &clock) < 0)
		ret->reject = reject_format;
	else if (clockline_raw(&d->line, clock.ns, &ret->raw, &ret->error_ns) < 0)
		ret->reject = reject_jump;
	ret->error_ns += gpsd_json_error_ns(o);
}

/* 0: a reading; -EAGAIN: nothing of it. */
static int take_line(struct drv_gpsd *d, const char *text, size_t size, bool cut,
	struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct gpsd_object o;

	if (gpsd_json_parse(text, size, cut, &o) < 0) {
		if (!d->greeted)
			return lost(d, EPROTO, error);
		return -EAGAIN;
	}
	if (o.class == GPSD_VERSION && !d->greeted)
		return greet(d, error);
	if (!d->greeted || !concerns_us(d, &o))
		return -EAGAIN;
	take_state(d, &o);
	if (o.class != (d->pps ? GPSD_PPS : GPSD_TOFF))
		return -EAGAIN;
	fill_reading(d, &o, ret);
	return 0;
}

/* The next line of the buffer. A line that does not fit is taken by its beginning; its rest is
 * thrown away as it comes. -ENODATA: there is none yet. */
static int next_line(struct drv_gpsd *d, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	char *end = memchr(d->buffer, '\n', d->have);
	size_t size = end ? (size_t)(end - d->buffer) : d->have, eaten = end ? size + 1 : size;
	bool rest = d->cut;
	int rc = -EAGAIN;

	if (!end && d->have < LINE_SIZE)
		return -ENODATA;
	if (!rest && size > 0)
		rc = take_line(d, d->buffer, size, !end, ret, error);
	d->cut = !end;
	d->have -= eaten;
	memmove(d->buffer, d->buffer + eaten, d->have);
	return rc;
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_gpsd *d = state;

	for (int i = 0; i < 64; i++) {
		int rc = next_line(d, ret, error);
		ssize_t n;

		if (rc == -EAGAIN)
			continue;
		if (rc != -ENODATA)
			return rc;
		n = recv(d->fd, d->buffer + d->have, LINE_SIZE - d->have, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return -EAGAIN;
		if (n <= 0)
			return lost(d, n < 0 ? errno : 0, error);
		d->have += (size_t)n;
	}
	return -EAGAIN;
}

static void drv_describe(const void *state, char *text, size_t size)
{
	static const char *const words[] = {"fix unknown", "no fix", "2D fix", "3D fix"};
	const struct drv_gpsd *d = state;
	char place[40], satellites[40] = "";

	place_of(d, place, sizeof(place));
	if (d->used >= 0)
		(void)snprintf(satellites, sizeof(satellites), ", %d of %d satellites",
			(int)d->used, (int)d->seen);
	(void)snprintf(text, size, "%s%s%.20s%s%s%s%s", place, d->device[0] ? " " : "", d->device,
		d->mode < 0 ? "" : " (", d->mode < 0 ? "" : words[d->mode],
		d->mode < 0 ? "" : satellites, d->mode < 0 ? "" : ")");
}

static bool drv_news(void *state)
{
	struct drv_gpsd *d = state;
	bool news = d->news;

	d->news = false;
	return news;
}

const struct driver driver_gpsd = {
	.word = "GPSD",
	.kind = source_kind_gpsd,
	.state_size = sizeof(struct drv_gpsd),
	.polled = false,
	.check = drv_check,
	.open = drv_open,
	.close = drv_close,
	.fd = drv_fd,
	.ready = drv_ready,
	.read = drv_read,
	.news = drv_news,
	.describe = drv_describe,
};
_Static_assert(sizeof(struct drv_gpsd) <= DRIVER_STATE_SIZE, "driver state");
