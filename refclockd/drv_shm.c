/* SPDX-License-Identifier: MIT */
/*
 * drv_shm.c - NTP shared memory segments.
 *
 * Parameter: the unit, 0..255, with :perm=MODE for a segment that is made here.
 */
#include "refclockd/driver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/io/ntpshm.h"
#include "refclockd/core/parameter.h"

#define OPTIONS "perm="

/* After so many reads without a sample the key is looked up again: somebody may have removed the
 * segment and made another. */
#define STALE_READS 8

struct drv_shm {
	struct ntpshm shm;
	struct door *door;
	int empty;
};

static int parse(const char *text, int *ret_unit, int *ret_perm, char error[DRIVER_TEXT_SIZE])
{
	const char *perm;
	struct parameter p;
	int rc = parameter_parse(&p, text, OPTIONS, error, DRIVER_TEXT_SIZE);

	if (rc < 0)
		return rc;
	if (parameter_number(p.name, false, 0, NTPSHM_UNIT_MAX, ret_unit) < 0) {
		(void)snprintf(error, DRIVER_TEXT_SIZE, "unit \"%.32s\" (allowed: 0..%d)", p.name,
			NTPSHM_UNIT_MAX);
		return -EINVAL;
	}
	*ret_perm = NTPSHM_PERM_AUTO;
	perm = parameter_option(&p, "perm");
	if (perm && parameter_number(perm, true, 0, 0777, ret_perm) < 0) {
		(void)snprintf(error, DRIVER_TEXT_SIZE, "perm \"%.32s\" (allowed: 0..0777)", perm);
		return -EINVAL;
	}
	return 0;
}

static int drv_check(const char *parameter, char error[DRIVER_TEXT_SIZE])
{
	int unit, perm;

	return parse(parameter, &unit, &perm, error);
}

static int drv_open(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE])
{
	struct drv_shm *d = state;
	int unit, perm, rc = parse(setup->parameter, &unit, &perm, error);

	if (rc < 0)
		return rc;
	d->door = setup->door;
	d->empty = 0;
	rc = ntpshm_attach(unit, perm, false, &d->shm, error);
	/* What stands there from before our time has no date that could be trusted. */
	if (rc == 0)
		ntpshm_clear(&d->shm);
	return rc;
}

static void drv_close(void *state)
{
	struct drv_shm *d = state;

	ntpshm_detach(&d->shm);
}

static int no_sample(struct drv_shm *d, char error[DRIVER_TEXT_SIZE])
{
	if (++d->empty < STALE_READS)
		return -EAGAIN;
	d->empty = 0;
	if (!ntpshm_is_stale(&d->shm))
		return -EAGAIN;
	(void)snprintf(error, DRIVER_TEXT_SIZE, "SHM unit %d was removed", d->shm.unit);
	return -ENODEV;
}

static enum leap leap_of(enum ntpshm_leap leap)
{
	switch (leap) {
	case NTPSHM_LEAP_NONE:
		return leap_none;
	case NTPSHM_LEAP_INSERT:
		return leap_insert;
	case NTPSHM_LEAP_DELETE:
		return leap_remove;
	case NTPSHM_LEAP_UNSYNC:
		break;
	}
	return leap_unsync;
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_shm *d = state;
	struct ntpshm_sample sample;
	int64_t width_ns;
	int rc = ntpshm_take(&d->shm, &sample);

	if (rc == -EAGAIN)
		return no_sample(d, error);
	if (rc == -EBUSY)
		return rc;
	d->empty = 0;
	memset(ret, 0, sizeof(*ret));
	ret->leap = leap_unsync;
	if (rc < 0) {
		ret->reject = reject_format;
		return 0;
	}
	ret->raw = door_raw_from_real(d->door, sample.receive, &width_ns);
	ret->utc = sample.reference;
	/* 2^precision: -30 is a nanosecond, 0 a second */
	ret->error_ns = width_ns / 2 + (NS_PER_S >> -sample.precision);
	if (sample.resolution_ns > 1)
		ret->error_ns += sample.resolution_ns;
	ret->leap = leap_of(sample.leap);
	ret->stamp = stamp_none;
	return 0;
}

static void drv_describe(const void *state, char *text, size_t size)
{
	const struct drv_shm *d = state;

	(void)snprintf(
		text, size, "SHM unit %d%s", d->shm.unit, d->shm.readonly ? " (read-only)" : "");
}

const struct driver driver_shm = {
	.word = "SHM",
	.kind = source_kind_shm,
	.state_size = sizeof(struct drv_shm),
	.polled = true,
	.check = drv_check,
	.open = drv_open,
	.close = drv_close,
	.read = drv_read,
	.describe = drv_describe,
};
_Static_assert(sizeof(struct drv_shm) <= DRIVER_STATE_SIZE, "driver state");
