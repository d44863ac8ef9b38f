/* SPDX-License-Identifier: MIT */
/*
 * actuator.h - the hand on a clock: what disciplined may do to it, for the kernel's and for the
 * shadow clock alike.
 *
 * Calls return 0 or negative errno; -EPERM means that this process may not. What is really in force
 * shows in the next read(): a rate is quantised by the kernel, and others may have changed it.
 */
#ifndef DISCIPLINED_ACTUATOR_H
#define DISCIPLINED_ACTUATOR_H

#include "common/core/shadow_page.h"
#include "common/io/door.h"
#include "disciplined/core/discipline.h"

struct actuator;

struct actuator_ops {
	/* Raw clock and steered clock together, and the rate in force. */
	void (*read)(struct actuator *a, struct clk_reading *ret);
	/* command_ppb now, base_ppb from `until` on. The kernel cannot do the second by itself. */
	int (*set_rate)(
		struct actuator *a, double command_ppb, double base_ppb, struct ts_raw until);
	int (*step)(struct actuator *a, int64_t step_ns);
	/* tai_s: TAI minus UTC, 0 not known. */
	int (*set_status)(struct actuator *a, const struct discipline_status *s, int tai_s);
	/* The clock's own line, started at an instant; NULL: it has none, the model's is told. */
	void (*line)(const struct actuator *a, struct ts_raw from, struct shadow_line *ret);
	void (*destroy)(struct actuator *a);
};

struct actuator {
	const struct actuator_ops *ops;
};

/* CLOCK_REALTIME. rtcsync: STA_UNSYNC is cleared while synchronised, upon which the kernel writes
 * the RTC every 11 minutes. NULL: no memory. */
struct actuator *actuator_kernel_new(struct door *door, bool rtcsync);

/* A software clock that follows a line on the raw clock; begins with the one given. */
struct actuator *actuator_shadow_new(struct door *door, const struct shadow_line *line);

#endif
