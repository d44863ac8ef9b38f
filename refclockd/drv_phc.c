/* SPDX-License-Identifier: MIT */
/*
 * drv_phc.c - PTP hardware clocks.
 *
 * Parameter: /dev/ptp0, eth0, "KVM virtual PTP" or kvm, each with :nocrossts (no PRECISE). With
 * :extpps it is drv_extpps.c that takes over.
 */
#include "refclockd/driver.h"

#include <stdio.h>
#include <string.h>

#include "refclockd/core/parameter.h"
#include "refclockd/phc_pair.h"

/* extpps: what is allowed, for whoever reads the error; it never gets here */
#define OPTIONS "nocrossts extpps"

struct drv_phc {
	struct phc phc;
	struct phc_noise noise;
	struct door *door;
};

static int parse(struct parameter *p, const char *text, char error[DRIVER_TEXT_SIZE])
{
	return parameter_parse(p, text, OPTIONS, error, DRIVER_TEXT_SIZE);
}

static int drv_check(const char *parameter, char error[DRIVER_TEXT_SIZE])
{
	struct parameter p;

	return parse(&p, parameter, error);
}

static int drv_open(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE])
{
	struct drv_phc *d = state;
	struct parameter p;
	int rc = parse(&p, setup->parameter, error);

	if (rc < 0)
		return rc;
	d->door = setup->door;
	return phc_open(p.name, parameter_option(&p, "nocrossts") != NULL, &d->phc, error);
}

static void drv_close(void *state)
{
	struct drv_phc *d = state;

	phc_close(&d->phc);
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_phc *d = state;
	struct phc_pair pair;
	int rc = phc_pair_read(&d->phc, &d->noise, d->door, &pair);

	if (rc < 0)
		return phc_pair_explain(&d->phc, rc, error);
	memset(ret, 0, sizeof(*ret));
	ret->raw = pair.raw;
	ret->utc.ns = pair.phc_ns;
	ret->width_ns = pair.width_ns;
	ret->error_ns = pair.error_ns;
	ret->stamp = pair.stamp;
	return 0;
}

/* AWS ENA has such a file. */
static void drv_bound_file(const void *state, char *path, size_t size)
{
	const struct drv_phc *d = state;

	phc_device_file(&d->phc, "phc_error_bound", path, size);
}

static void drv_describe(const void *state, char *text, size_t size)
{
	const struct drv_phc *d = state;

	(void)snprintf(text, size, "%s%s%s%s", d->phc.path, d->phc.name[0] ? " (" : "", d->phc.name,
		d->phc.name[0] ? ")" : "");
}

const struct driver driver_phc = {
	.word = "PHC",
	.kind = source_kind_phc,
	.state_size = sizeof(struct drv_phc),
	.polled = true,
	.check = drv_check,
	.open = drv_open,
	.close = drv_close,
	.read = drv_read,
	.bound_file = drv_bound_file,
	.describe = drv_describe,
};
_Static_assert(sizeof(struct drv_phc) <= DRIVER_STATE_SIZE, "driver state");
