/* SPDX-License-Identifier: MIT */
/*
 * drv_vmclock.c - the page in which a hypervisor tells a guest the time.
 *
 * Parameter: /dev/vmclock0.
 *
 * The page is mapped, not read: between two equal even sequence numbers it is whole. The counter is
 * read between two readings of the raw clock. Of a page without time, or with that of a counter
 * that this processor does not have (some hosts fill in the disruption marker only), the readings
 * are not synchronised; its marker is watched all the same.
 */
#include "refclockd/driver.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#define OWN_COUNTER VMCLOCK_X86_TSC
#elif defined(__aarch64__)
#define OWN_COUNTER VMCLOCK_ARM_VCNT
#else
#define OWN_COUNTER VMCLOCK_NO_COUNTER
#endif

#include "common/core/bytes.h"
#include "refclockd/core/parameter.h"
#include "refclockd/core/vmclock_page.h"

#define MAP_SIZE 4096
#define TRIES	 100
#define BRACKETS 8

struct drv_vmclock {
	struct stage_host *host;
	struct door *door;
	char path[PARAMETER_DEVICE_SIZE];
	int fd;
	const volatile unsigned char *page;
	bool has_marker;
	uint64_t marker, generation;
};

static int parse(struct parameter *p, const char *text, char error[DRIVER_TEXT_SIZE])
{
	return parameter_parse_device(p, text, "", error, DRIVER_TEXT_SIZE);
}

static int drv_check(const char *parameter, char error[DRIVER_TEXT_SIZE])
{
	struct parameter p;

	return parse(&p, parameter, error);
}

static int explain(const struct drv_vmclock *d, int rc, const char *what, char *error)
{
	(void)snprintf(error, DRIVER_TEXT_SIZE, "%s: %s", d->path, what ? what : strerror(-rc));
	return rc;
}

/* A file in the place of the device is for tests: one that is too short would end us by SIGBUS. */
static int map(struct drv_vmclock *d, char error[DRIVER_TEXT_SIZE])
{
	struct stat st;
	void *p;

	if (fstat(d->fd, &st) < 0 || (S_ISREG(st.st_mode) && st.st_size < MAP_SIZE))
		return explain(d, -EINVAL, "too short for a VMClock page", error);
	p = mmap(NULL, MAP_SIZE, PROT_READ, MAP_SHARED, d->fd, 0);
	if (p == MAP_FAILED)
		return explain(d, -errno, NULL, error);
	d->page = p;
	return 0;
}

static int drv_open(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE])
{
	struct drv_vmclock *d = state;
	struct parameter p;
	int rc = parse(&p, setup->parameter, error);

	if (rc < 0)
		return rc;
	d->host = setup->host;
	d->door = setup->door;
	(void)str_copy(d->path, sizeof(d->path), p.name);
	d->fd = open(d->path, O_RDONLY | O_CLOEXEC);
	if (d->fd < 0) {
		rc = errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
		return explain(d, rc, NULL, error);
	}
	rc = map(d, error);
	if (rc < 0)
		(void)close(d->fd);
	return rc;
}

static void drv_close(void *state)
{
	struct drv_vmclock *d = state;

	(void)munmap((void *)(uintptr_t)d->page, MAP_SIZE);
	(void)close(d->fd);
	d->fd = -1;
	d->page = NULL;
}

static uint64_t read_counter(void)
{
#if defined(__x86_64__) || defined(__i386__)
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
#elif defined(__aarch64__)
	uint64_t t;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(t)::"memory");
	return t;
#else
	return 0;
#endif
}

static uint32_t sequence(const struct drv_vmclock *d)
{
	const volatile uint32_t *p =
		(const volatile uint32_t *)(uintptr_t)(d->page + VMCLOCK_SEQUENCE_OFFSET);

	return le32toh(__atomic_load_n(p, __ATOMIC_ACQUIRE));
}

/* A whole page. -EBUSY: the host does not stop writing. */
static int copy_page(const struct drv_vmclock *d, unsigned char copy[VMCLOCK_PAGE_SIZE])
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t before = sequence(d);

		if (before & 1)
			continue;
		for (int k = 0; k < VMCLOCK_PAGE_SIZE; k++)
			copy[k] = d->page[k];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (sequence(d) == before)
			return 0;
	}
	return -EBUSY;
}

/* The narrowest of some brackets. */
static uint64_t read_bracket(struct door *door, struct ts_raw *ret_raw, int64_t *ret_width_ns)
{
	uint64_t best = 0;

	*ret_width_ns = INT64_MAX;
	for (int i = 0; i < BRACKETS; i++) {
		struct ts_raw before = door_raw(door);
		uint64_t counter = read_counter();
		int64_t width_ns = ts_raw_sub(door_raw(door), before).ns;

		if (width_ns >= *ret_width_ns)
			continue;
		*ret_width_ns = width_ns;
		*ret_raw = ts_raw_add(before, (struct ts_dur){width_ns / 2});
		best = counter;
	}
	return best;
}

static void watch_disruption(struct drv_vmclock *d, const struct vmclock *c)
{
	bool moved = d->has_marker && c->marker != d->marker;
	bool restored = d->has_marker && c->has_generation && c->generation != d->generation;

	if (moved || restored)
		host_event(d->host, EVENT_disruption, NULL, 0, "%s: this machine was %s", d->path,
			restored ? "restored from a snapshot" : "moved to another host");
	d->has_marker = true;
	d->marker = c->marker;
	d->generation = c->generation;
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_vmclock *d = state;
	unsigned char copy[VMCLOCK_PAGE_SIZE];
	struct vmclock_time t;
	struct vmclock c;
	uint64_t counter;
	int rc = copy_page(d, copy);

	if (rc < 0)
		return rc;
	if (vmclock_parse(copy, &c) < 0)
		return explain(d, -EBADMSG, "not a VMClock page of version 1", error);
	watch_disruption(d, &c);
	memset(ret, 0, sizeof(*ret));
	counter = read_bracket(d->door, &ret->raw, &ret->width_ns);
	ret->stamp = stamp_daemon;
	rc = c.counter == OWN_COUNTER ? vmclock_time_at(&c, counter, &t) : -EOPNOTSUPP;
	if (rc < 0) {
		ret->reject = rc == -ERANGE ? reject_format : reject_unsync;
		ret->leap = leap_unsync;
		return 0;
	}
	ret->utc = t.utc;
	ret->error_ns = t.error_ns;
	ret->bound_ns = t.bound_ns;
	ret->leap = t.leap;
	return 0;
}

static void drv_describe(const void *state, char *text, size_t size)
{
	const struct drv_vmclock *d = state;

	(void)snprintf(text, size, "%s", d->path);
}

const struct driver driver_vmclock = {
	.word = "VMCLOCK",
	.kind = source_kind_vmclock,
	.state_size = sizeof(struct drv_vmclock),
	.polled = true,
	.check = drv_check,
	.open = drv_open,
	.close = drv_close,
	.read = drv_read,
	.describe = drv_describe,
};
_Static_assert(sizeof(struct drv_vmclock) <= DRIVER_STATE_SIZE, "driver state");
