/* SPDX-License-Identifier: MIT */
/*
 * drv_pps.c - pulses that the kernel stamps (RFC 2783), by the ioctls behind that interface.
 *
 * Parameter: /dev/pps0, with :clear for the other edge.
 *
 * The kernel keeps the last edge only, and poll() on older ones does not wait for the next: the
 * device is asked right after an edge is due. The stamps are of CLOCK_REALTIME.
 */
#include "refclockd/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pps.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/core/bytes.h"
#include "refclockd/core/clockline.h"
#include "refclockd/core/parameter.h"

#define OPTIONS	    "clear"
#define RFC_VERSION PPS_API_VERS_1
/* After so many reads without a pulse it is looked whether the device is still there. */
#define STALE_READS 8

struct drv_pps {
	struct door *door;
	struct clockline line; /* CLOCK_REALTIME */
	char path[PARAMETER_DEVICE_SIZE];
	int fd;
	bool clear;
	bool has_sequence;
	__u32 sequence;
	int empty;
};

static int parse(struct parameter *p, const char *text, char error[DRIVER_TEXT_SIZE])
{
	return parameter_parse_device(p, text, OPTIONS, error, DRIVER_TEXT_SIZE);
}

static int drv_check(const char *parameter, char error[DRIVER_TEXT_SIZE])
{
	struct parameter p;

	return parse(&p, parameter, error);
}

static int explain(const struct drv_pps *d, int rc, const char *what, char error[DRIVER_TEXT_SIZE])
{
	if (rc == -ENXIO)
		rc = -ENODEV;
	(void)snprintf(error, DRIVER_TEXT_SIZE, "%s: %s%s", d->path, what,
		*what		? ""
		: rc == -ENODEV ? "the device is gone"
				: strerror(-rc));
	return rc;
}

static const char *edge_word(const struct drv_pps *d)
{
	return d->clear ? "clear" : "assert";
}

static bool captures(const struct drv_pps *d, int mode)
{
	return (mode & (d->clear ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT)) != 0;
}

/* Setting the mode takes CAP_SYS_TIME, which nobody but the steering daemon has: most devices
 * capture what they can from the beginning on. */
static int set_mode(const struct drv_pps *d, char error[DRIVER_TEXT_SIZE])
{
	struct pps_kparams params;
	int can = 0;

	memset(&params, 0, sizeof(params));
	if (ioctl(d->fd, PPS_GETCAP, &can) < 0 || ioctl(d->fd, PPS_GETPARAMS, &params) < 0)
		return explain(d, errno == ENODEV ? -ENODEV : -ENOTTY,
			errno == ENODEV ? "" : "is not a PPS device", error);
	if (captures(d, params.mode))
		return 0;
	if (!captures(d, can)) {
		(void)snprintf(error, DRIVER_TEXT_SIZE, "%s cannot capture the %s edge", d->path,
			edge_word(d));
		return -EOPNOTSUPP;
	}
	params.api_version = RFC_VERSION;
	params.mode = PPS_TSFMT_TSPEC | (params.mode & PPS_CAPTUREBOTH) |
		      (d->clear ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT);
	if (ioctl(d->fd, PPS_SETPARAMS, &params) == 0)
		return 0;
	(void)snprintf(error, DRIVER_TEXT_SIZE,
		"%s does not capture the %s edge, and it cannot be told to: %s", d->path,
		edge_word(d), strerror(errno));
	return -EPERM;
}

static int drv_open(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE])
{
	struct drv_pps *d = state;
	struct parameter p;
	int rc = parse(&p, setup->parameter, error);

	if (rc < 0)
		return rc;
	d->door = setup->door;
	d->clear = parameter_option(&p, "clear") != NULL;
	(void)str_copy(d->path, sizeof(d->path), p.name);
	d->fd = open(d->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (d->fd < 0 && (errno == EACCES || errno == EPERM))
		d->fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (d->fd < 0) {
		rc = errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
		(void)snprintf(
			error, DRIVER_TEXT_SIZE, "cannot open %s: %s", d->path, strerror(-rc));
		return rc;
	}
	rc = set_mode(d, error);
	if (rc < 0)
		(void)close(d->fd);
	return rc;
}

static void drv_close(void *state)
{
	struct drv_pps *d = state;

	(void)close(d->fd);
	d->fd = -1;
}

static int no_pulse(struct drv_pps *d, char error[DRIVER_TEXT_SIZE])
{
	struct stat st;

	if (++d->empty < STALE_READS)
		return -EAGAIN;
	d->empty = 0;
	return stat(d->path, &st) == 0 ? -EAGAIN : explain(d, -ENODEV, "", error);
}

/* The kernel's answer; *ret_new is false if the edge is the one of the time before. */
static int fetch(struct drv_pps *d, struct pps_ktime *ret, bool *ret_new)
{
	struct pps_fdata data;
	__u32 sequence;
	bool first = !d->has_sequence;

	memset(&data, 0, sizeof(data)); /* flags without TIME_INVALID, 0 s: do not wait */
	if (ioctl(d->fd, PPS_FETCH, &data) < 0)
		return errno == ETIMEDOUT || errno == EINTR ? -EAGAIN : -errno;
	sequence = d->clear ? data.info.clear_sequence : data.info.assert_sequence;
	*ret = d->clear ? data.info.clear_tu : data.info.assert_tu;
	*ret_new = !first && sequence != d->sequence;
	d->has_sequence = true;
	d->sequence = sequence;
	return 0;
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_pps *d = state;
	struct pps_ktime t = {0};
	struct door_pair pair;
	bool is_new = false;
	int rc = fetch(d, &t, &is_new);

	if (rc == -EAGAIN)
		return rc;
	if (rc < 0)
		return explain(d, rc, "", error);
	pair = door_pair(d->door);
	clockline_add(&d->line, pair.real.ns, pair.raw, pair.width.ns);
	if (!is_new)
		return no_pulse(d, error);
	d->empty = 0;
	memset(ret, 0, sizeof(*ret));
	ret->raw = pair.raw;
	ret->pulse = true;
	ret->stamp = stamp_kernel;
	if (t.sec < 0 || t.sec >= INT64_MAX / NS_PER_S || t.nsec < 0 || t.nsec >= NS_PER_S)
		ret->reject = reject_format;
	else if (clockline_raw(&d->line, t.sec * NS_PER_S + t.nsec, &ret->raw, &ret->error_ns) < 0)
		ret->reject = reject_jump;
	return 0;
}

static void drv_describe(const void *state, char *text, size_t size)
{
	const struct drv_pps *d = state;

	(void)snprintf(text, size, "%s (%s edge)", d->path, edge_word(d));
}

const struct driver driver_pps = {
	.word = "PPS",
	.kind = source_kind_pps,
	.state_size = sizeof(struct drv_pps),
	.edges = true,
	.polled = true,
	.check = drv_check,
	.open = drv_open,
	.close = drv_close,
	.read = drv_read,
	.describe = drv_describe,
};
_Static_assert(sizeof(struct drv_pps) <= DRIVER_STATE_SIZE, "driver state");
