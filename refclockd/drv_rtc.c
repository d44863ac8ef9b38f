/* SPDX-License-Identifier: MIT */
/*
 * drv_rtc.c - real-time clocks.
 *
 * Parameter: /dev/rtc0, with :utc for one that keeps UTC and not local time.
 *
 * The clock shows whole seconds. It is read on its update interrupt, when a second has just begun;
 * where there are none (or none comes) it is read where its second is expected to turn
 * (core/rtc_turn.h). Both wait behind one descriptor: an epoll of the device and a timer.
 *
 * What disciplined's rtcsync lets the kernel write into it must not come back as a source.
 */
#include "refclockd/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/core/bytes.h"
#include "refclockd/core/parameter.h"
#include "refclockd/core/rtc_late.h"
#include "refclockd/core/rtc_turn.h"

#define OPTIONS "utc"
/* A PC's clock says that it has updated up to 2 ms after the second began (MC146818 data sheet). */
#define INTERRUPT_ERROR_NS (2 * NS_PER_MS)
/* Some update when the interrupt was just switched on: that is no turn of a second. */
#define INTERRUPTS_SKIPPED 1
#define INTERRUPT_WAIT_NS  (4 * NS_PER_S)
/* Turns known to less are published. */
#define TURN_MAX_NS (20 * NS_PER_MS)

struct drv_rtc {
	struct door *door;
	char path[PARAMETER_DEVICE_SIZE];
	int fd, timer, epoll;
	bool utc;
	bool interrupts;
	bool changed; /* to reading without them */
	int skip;
	struct rtc_turn turn;
	struct rtc_late late;
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

static int explain(const struct drv_rtc *d, int rc, const char *what, char error[DRIVER_TEXT_SIZE])
{
	if (rc == -ENXIO || rc == -ENOENT)
		rc = -ENODEV;
	(void)snprintf(error, DRIVER_TEXT_SIZE, "%s: %s", d->path,
		what		? what
		: rc == -EBUSY	? "another program has it open"
		: rc == -ENODEV ? "it is not there"
				: strerror(-rc));
	return rc;
}

static void arm(const struct drv_rtc *d, int64_t in_ns)
{
	struct itimerspec t = {.it_value = {in_ns / NS_PER_S, in_ns % NS_PER_S}};

	(void)timerfd_settime(d->timer, 0, &t, NULL);
}

static void close_all(struct drv_rtc *d)
{
	const int fd[] = {d->fd, d->timer, d->epoll};

	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		if (fd[i] >= 0)
			(void)close(fd[i]);
	d->fd = d->timer = d->epoll = -1;
}

static int wait_for(const struct drv_rtc *d, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static int start(struct drv_rtc *d)
{
	int rc = 0;

	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (d->timer < 0 || d->epoll < 0)
		return -errno;
	rc = wait_for(d, d->timer);
	if (rc < 0)
		return rc;
	/* a device that cannot be waited for has no interrupts either */
	d->interrupts = ioctl(d->fd, RTC_UIE_ON, 0) == 0;
	if (d->interrupts && wait_for(d, d->fd) < 0) {
		(void)ioctl(d->fd, RTC_UIE_OFF, 0);
		d->interrupts = false;
	}
	d->skip = INTERRUPTS_SKIPPED;
	arm(d, d->interrupts ? INTERRUPT_WAIT_NS : 1);
	return 0;
}

static int drv_open(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE])
{
	struct drv_rtc *d = state;
	struct parameter p;
	int rc = parse(&p, setup->parameter, error);

	if (rc < 0)
		return rc;
	d->door = setup->door;
	d->utc = parameter_option(&p, "utc") != NULL;
	d->timer = d->epoll = -1;
	(void)str_copy(d->path, sizeof(d->path), p.name);
	d->fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	rc = d->fd < 0 ? -errno : start(d);
	if (rc == 0)
		return 0;
	close_all(d);
	return explain(d, rc, NULL, error);
}

static void drv_close(void *state)
{
	struct drv_rtc *d = state;

	if (d->interrupts)
		(void)ioctl(d->fd, RTC_UIE_OFF, 0);
	close_all(d);
}

static int drv_fd(const void *state)
{
	return ((const struct drv_rtc *)state)->epoll;
}

/* Seconds since 1970, -1 for a time that is none. */
static int64_t seconds_of(const struct drv_rtc *d, const struct rtc_time *r)
{
	struct tm tm = {
		.tm_sec = r->tm_sec,
		.tm_min = r->tm_min,
		.tm_hour = r->tm_hour,
		.tm_mday = r->tm_mday,
		.tm_mon = r->tm_mon,
		.tm_year = r->tm_year,
		.tm_isdst = d->utc ? 0 : -1,
	};

	if (r->tm_sec < 0 || r->tm_sec > 59 || r->tm_min < 0 || r->tm_min > 59 || r->tm_hour < 0 ||
		r->tm_hour > 23 || r->tm_mday < 1 || r->tm_mday > 31 || r->tm_mon < 0 ||
		r->tm_mon > 11 || r->tm_year < 70 || r->tm_year > 300)
		return -1;
	return d->utc ? timegm(&tm) : mktime(&tm);
}

/* 0, or negative errno with a reason. */
static int read_seconds(const struct drv_rtc *d, int64_t *ret_s, char error[DRIVER_TEXT_SIZE])
{
	struct rtc_time r;

	memset(&r, 0, sizeof(r));
	if (ioctl(d->fd, RTC_RD_TIME, &r) < 0)
		return explain(d, -errno,
			errno == EINVAL ? "it does not know the time (battery?)" : NULL, error);
	*ret_s = seconds_of(d, &r);
	return 0;
}

static void fill(struct refclock_reading *ret, struct ts_raw raw, int64_t second)
{
	memset(ret, 0, sizeof(*ret));
	ret->raw = raw;
	ret->stamp = stamp_daemon;
	ret->utc.ns = second < 0 ? 0 : second * NS_PER_S;
	if (second < 0)
		ret->reject = reject_format;
}

/* After an interrupt, which came just before `raw`. */
static int read_update(
	struct drv_rtc *d, struct ts_raw raw, struct refclock_reading *ret, char *error)
{
	unsigned long what = 0;
	ssize_t n = read(d->fd, &what, sizeof(what));
	int64_t second = 0;
	int rc;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN
							 : explain(d, -errno, NULL, error);
	if (n == 0)
		return explain(d, -ENODEV, NULL, error);
	if (n != (ssize_t)sizeof(what) || !(what & RTC_UF))
		return -EAGAIN;
	arm(d, INTERRUPT_WAIT_NS);
	if (d->skip > 0) {
		d->skip--;
		return -EAGAIN;
	}
	rc = read_seconds(d, &second, error);
	if (rc < 0)
		return rc;
	if (ts_raw_sub(door_raw(d->door), raw).ns > NS_PER_S / 2)
		return -EAGAIN; /* we were held up: that may be the next second */
	fill(ret, raw, second);
	ret->error_ns = INTERRUPT_ERROR_NS + rtc_late_add(&d->late, raw, second);
	return 0;
}

/* Where the second is expected to turn. */
static int read_turn(struct drv_rtc *d, struct refclock_reading *ret, char *error)
{
	struct ts_raw before = door_raw(d->door), after;
	int64_t second = 0, width_ns;
	int rc = read_seconds(d, &second, error);

	after = door_raw(d->door);
	if (rc < 0 || second < 0) {
		arm(d, NS_PER_S);
		fill(ret, after, second);
		return rc;
	}
	(void)rtc_turn_add(&d->turn, before, after, second);
	arm(d, ts_raw_sub(rtc_turn_next(&d->turn, after), after).ns);
	width_ns = ts_raw_sub(d->turn.hi, d->turn.lo).ns;
	if (width_ns > TURN_MAX_NS)
		return -EAGAIN;
	fill(ret, after, second);
	ret->utc.ns += ts_raw_sub(after, d->turn.lo).ns - width_ns / 2;
	ret->width_ns = width_ns;
	return 0;
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_rtc *d = state;
	struct ts_raw now = door_raw(d->door);
	bool expired;
	uint64_t n;
	int rc = d->interrupts ? read_update(d, now, ret, error) : -EAGAIN;

	if (rc != -EAGAIN)
		return rc;
	expired = read(d->timer, &n, sizeof(n)) == (ssize_t)sizeof(n);
	if (expired && d->interrupts) {
		(void)ioctl(d->fd, RTC_UIE_OFF, 0);
		(void)epoll_ctl(d->epoll, EPOLL_CTL_DEL, d->fd, NULL);
		d->interrupts = false;
		d->changed = true;
	}
	return expired ? read_turn(d, ret, error) : -EAGAIN;
}

static bool drv_news(void *state)
{
	struct drv_rtc *d = state;
	bool changed = d->changed;

	d->changed = false;
	return changed;
}

static void drv_describe(const void *state, char *text, size_t size)
{
	const struct drv_rtc *d = state;

	(void)snprintf(text, size, "%s (%s, %s)", d->path, d->utc ? "UTC" : "local time",
		d->interrupts ? "update interrupts" : "read at the turn of its second");
}

const struct driver driver_rtc = {
	.word = "RTC",
	.kind = source_kind_rtc,
	.state_size = sizeof(struct drv_rtc),
	.polled = false,
	.check = drv_check,
	.open = drv_open,
	.close = drv_close,
	.news = drv_news,
	.fd = drv_fd,
	.read = drv_read,
	.describe = drv_describe,
};
_Static_assert(sizeof(struct drv_rtc) <= DRIVER_STATE_SIZE, "driver state");
