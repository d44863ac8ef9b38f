/* SPDX-License-Identifier: MIT */
/*
 * drv_phc.c - PTP hardware clocks.
 *
 * Parameter: /dev/ptp0, eth0, "KVM virtual PTP" or kvm, each with :nocrossts (no PRECISE). With
 * :extpps it is drv_extpps.c that takes over.
 */
#include "refclockd/driver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/core/phc_noise.h"
#include "common/io/phc.h"
#include "refclockd/core/parameter.h"

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

static int explain(const struct drv_phc *d, int rc, char error[DRIVER_TEXT_SIZE])
{
	(void)snprintf(error, DRIVER_TEXT_SIZE, "%s: %s", d->phc.path,
		rc == -ENODEV ? "the device is gone" : strerror(-rc));
	return rc;
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_phc *d = state;
	struct phc_batch batch;
	struct phc_best best;
	int rc = phc_read(&d->phc, PHC_SCALE_RAW, PHC_BATCH_MAX, &batch);

	if (rc == 0)
		rc = phc_noise_best(&d->noise, &batch, &best);
	if (rc < 0)
		return explain(d, rc, error);
	memset(ret, 0, sizeof(*ret));
	ret->utc.ns = best.phc_ns;
	ret->width_ns = best.width_ns;
	ret->error_ns = best.noise_ns;
	if (batch.scale == PHC_SCALE_RAW) {
		ret->raw = door_raw_from_kernel(d->door, best.system_ns);
	} else {
		int64_t width_ns;

		ret->raw = door_raw_from_real(d->door, (struct ts_utc){best.system_ns}, &width_ns);
		ret->error_ns += width_ns / 2;
	}
	ret->stamp = batch.method == PHC_METHOD_PRECISE	  ? stamp_hardware
		     : batch.method == PHC_METHOD_GETTIME ? stamp_daemon
							  : stamp_kernel;
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
