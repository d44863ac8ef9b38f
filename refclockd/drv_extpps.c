/* SPDX-License-Identifier: MIT */
/*
 * drv_extpps.c - pulses on the inputs of PTP hardware clocks.
 *
 * Parameter: as for drv_phc.c, with :extpps, :pin=N (0; -1 leaves the pins alone), :channel=N (0),
 * :clear for the falling edge.
 *
 * The stamp is of the PTP clock, whatever that shows; the clock is read against the raw clock as
 * soon as the stamp arrives.
 */
#include "refclockd/driver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/io/phc_extts.h"
#include "refclockd/core/clockline.h"
#include "refclockd/core/parameter.h"
#include "refclockd/phc_pair.h"

#define OPTIONS	   "nocrossts extpps pin= channel= clear"
#define NUMBER_MAX 255

struct drv_extpps {
	struct phc phc;
	struct door *door;
	struct phc_extts_user pulses;
	struct phc_noise noise;
	struct clockline line; /* of the PTP clock */
};

static int parse_number(const struct parameter *p, const char *word, int min, int *ret, char *error)
{
	const char *text = parameter_option(p, word);

	*ret = 0;
	if (!text || parameter_number(text, false, min, NUMBER_MAX, ret) == 0)
		return 0;
	(void)snprintf(error, DRIVER_TEXT_SIZE, "%s \"%.32s\" (allowed: %d..%d)", word, text, min,
		NUMBER_MAX);
	return -EINVAL;
}

static int parse(
	struct parameter *p, const char *text, struct phc_extts *ret, char error[DRIVER_TEXT_SIZE])
{
	int rc = parameter_parse(p, text, OPTIONS, error, DRIVER_TEXT_SIZE);

	if (rc == 0)
		rc = parse_number(p, "pin", PHC_PIN_NONE, &ret->pin, error);
	if (rc == 0)
		rc = parse_number(p, "channel", 0, &ret->channel, error);
	if (rc == 0)
		ret->falling = parameter_option(p, "clear") != NULL;
	return rc;
}

static int drv_check(const char *parameter, char error[DRIVER_TEXT_SIZE])
{
	struct phc_extts input;
	struct parameter p;

	return parse(&p, parameter, &input, error);
}

static int drv_open(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE])
{
	struct drv_extpps *d = state;
	struct phc_extts input;
	struct parameter p;
	int rc = parse(&p, setup->parameter, &input, error);

	if (rc < 0)
		return rc;
	d->door = setup->door;
	rc = phc_open(p.name, parameter_option(&p, "nocrossts") != NULL, &d->phc, error);
	if (rc < 0)
		return rc;
	rc = phc_extts_attach(setup->extts, d->phc.path, &input, &d->pulses, error);
	if (rc < 0)
		phc_close(&d->phc);
	return rc;
}

static void drv_close(void *state)
{
	struct drv_extpps *d = state;

	phc_extts_detach(&d->pulses);
	phc_close(&d->phc);
}

static int drv_fd(const void *state)
{
	return ((const struct drv_extpps *)state)->pulses.wake_fd;
}

static int explain(const struct drv_extpps *d, int rc, char error[DRIVER_TEXT_SIZE])
{
	return rc == -EAGAIN || rc == -EBUSY ? rc : phc_pair_explain(&d->phc, rc, error);
}

/* The PTP clock against the raw clock, now. */
static int read_pair(struct drv_extpps *d)
{
	struct phc_pair pair;
	int rc = phc_pair_read(&d->phc, &d->noise, d->door, &pair);

	if (rc == 0)
		clockline_add(&d->line, pair.phc_ns, pair.raw, pair.width_ns + 2 * pair.error_ns);
	return rc;
}

static int drv_read(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE])
{
	struct drv_extpps *d = state;
	int64_t stamp_ns = 0;
	int got = phc_extts_read(&d->pulses, &stamp_ns), rc;

	if (got < 0 && got != -EBADMSG)
		return explain(d, got, error);
	memset(ret, 0, sizeof(*ret));
	ret->pulse = true;
	ret->stamp = stamp_hardware;
	if (got == -EBADMSG) {
		ret->reject = reject_format;
		return 0;
	}
	rc = read_pair(d);
	if (rc == -EBUSY && d->line.pairs > 0)
		rc = 0; /* the pair before, and more doubt, will do */
	if (rc < 0)
		return explain(d, rc, error);
	ret->raw = d->line.last;
	if (clockline_raw(&d->line, stamp_ns, &ret->raw, &ret->error_ns) < 0)
		ret->reject = reject_jump;
	return 0;
}

static void drv_describe(const void *state, char *text, size_t size)
{
	const struct drv_extpps *d = state;

	(void)snprintf(text, size, "%s channel %d%s%s%s", d->phc.path, d->pulses.input.channel,
		d->phc.name[0] ? " (" : "", d->phc.name, d->phc.name[0] ? ")" : "");
}

const struct driver driver_extpps = {
	.word = "PHC",
	.kind = source_kind_phc,
	.state_size = sizeof(struct drv_extpps),
	.polled = false,
	.check = drv_check,
	.open = drv_open,
	.close = drv_close,
	.fd = drv_fd,
	.read = drv_read,
	.describe = drv_describe,
};
_Static_assert(sizeof(struct drv_extpps) <= DRIVER_STATE_SIZE, "driver state");
