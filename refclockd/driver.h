/* SPDX-License-Identifier: MIT */
/*
 * driver.h - what a kind of reference clock has to bring along.
 *
 * A driver only gets readings; what they are worth is judged in core/refclock.h. It never waits.
 * Its state lies in the caller's storage, zeroed before open(). open() either succeeds or leaves
 * nothing behind.
 */
#ifndef TB_REFCLOCKD_DRIVER_H
#define TB_REFCLOCKD_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include "common/io/stage.h"
#include "refclockd/core/refclock.h"

#define DRIVER_STATE_SIZE 2560
#define DRIVER_TEXT_SIZE  REFCLOCK_TEXT_SIZE

struct phc_extts_hub;

struct driver_setup {
	struct stage_host *host;
	struct door *door;
	struct phc_extts_hub *extts; /* one for all clocks: their inputs share devices */
	const char *parameter;	     /* NAME[:option[=value]]... */
};

struct driver {
	const char *word; /* of the refclock directive: "PHC" */
	enum source_kind kind;
	size_t state_size;
	bool edges;  /* readings are pulses: polled right after the next edge is due */
	bool polled; /* read() is called every 2^dpoll s; else when the descriptor is readable */

	/* Is that a parameter? No look at the machine. 0, or -EINVAL with what is allowed in error.
	 */
	int (*check)(const char *parameter, char error[DRIVER_TEXT_SIZE]);

	/* 0 or negative errno (-ENODEV: not there now) with a reason in error. */
	int (*open)(void *state, const struct driver_setup *setup, char error[DRIVER_TEXT_SIZE]);
	void (*close)(void *state);

	/* False while what was opened is still being connected to; NULL: never. Until then read()
	 * has no readings; an error of it is one of opening. */
	bool (*ready)(const void *state);

	/* Did what describe() tells change, so that people must hear of it? NULL: never. */
	bool (*news)(void *state);

	/* To be polled for input; NULL where polled. */
	int (*fd)(const void *state);

	/*
	 * One reading. 0, or negative errno: -EAGAIN none (left), -EBUSY none this time, -ENODEV
	 * the device is gone, others failed; with a reason in error unless -EAGAIN or -EBUSY.
	 */
	int (*read)(void *state, struct refclock_reading *ret, char error[DRIVER_TEXT_SIZE]);

	/* File in which the device's driver tells the error bound of the last reading, "" if there
	 * is none. May be NULL. */
	void (*bound_file)(const void *state, char *path, size_t size);

	/* What is in use, for people: "/dev/ptp0 (KVM virtual PTP, precise)". */
	void (*describe)(const void *state, char *text, size_t size);
};

extern const struct driver driver_phc;
extern const struct driver driver_extpps; /* PHC with :extpps */
extern const struct driver driver_pps;
extern const struct driver driver_gpsd;
extern const struct driver driver_vmclock;
extern const struct driver driver_shm;
extern const struct driver driver_sock;
extern const struct driver driver_rtc;

/* By word, in any case of letters; NULL: there is none. */
const struct driver *driver_find(const char *word);

/* The same, but a parameter may ask for another one behind the same word. */
const struct driver *driver_of(const char *word, const char *parameter);

#endif
