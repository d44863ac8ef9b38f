/* SPDX-License-Identifier: MIT */
/*
 * slot.h - one reference clock of the stage: its core and its driver, wired together.
 */
#ifndef TB_REFCLOCKD_SLOT_H
#define TB_REFCLOCKD_SLOT_H

#include <stddef.h>
#include "refclockd/config.h"
#include "refclockd/driver.h"
#include "refclockd/host.h"

struct slot;

#define SLOT_AUTO (-1) /* number of a clock that no line asked for */

/* Where a source that others are locked to is looked up by its reference id; NULL: there is none.
 */
typedef const struct slot *(*slot_lookup_fn)(void *arg, uint32_t refid);

struct slot {
	bool used;
	int number;		   /* of its line, or SLOT_AUTO */
	struct refclock_line line; /* as configured: lines that did not change keep running */
	struct stage_host *host;
	slot_lookup_fn lookup;
	void *lookup_arg;
	const struct leaplist *leaps;
	struct phc_extts_hub *extts;
	const struct driver *driver;
	bool open;
	bool fd_added;
	bool pending;  /* opened, not yet ready */
	bool no_bound; /* it was said that there is none */
	_Alignas(max_align_t) unsigned char state[DRIVER_STATE_SIZE];
	struct refclock core;
	struct host behind; /* the host whose clock it is, if the line names one */
};

/* Starts a clock. The slot must be unused but for host, lookup, leaps and extts, which the caller
 * has set. */
void slot_start(struct slot *slot, const struct refclock_line *line,
	const struct refclock_config *core, int number);

/* Ends it; says so on the bus if the source is gone from the configuration. */
void slot_stop(struct slot *slot, bool removed);

void slot_expire(struct slot *slot, struct ts_raw now);

#endif
