/* SPDX-License-Identifier: MIT */
/*
 * door.h - the one place where clocks are read.
 *
 * The suite's time base is CLOCK_MONOTONIC_RAW: nobody steers it, so history on it stays true
 * whatever is done to CLOCK_REALTIME. Stamps that the kernel gives in CLOCK_REALTIME are carried
 * over here, at once where they are taken, by a bracketed pair of readings.
 *
 * A test may bend the raw clock of a whole suite (all daemons see the same) by the environment
 * variable TIMEBUS_TEST_OSCILLATOR, a comma-separated list of:
 *   epoch=NS      kernel raw instant at which the bend starts (same for all daemons; required)
 *   freq=PPB      rate error; the bent clock runs faster by this
 *   wander=W      random walk of the rate, 1/sqrt(s), a step each second
 *   seed=N        of that walk
 * A wrong value is fatal at door_new() and says what was allowed. Nothing on the machine changes.
 */
#ifndef TB_DOOR_H
#define TB_DOOR_H

#include <time.h>
#include "common/core/tstime.h"

struct door;

/* NULL on error, with a text in error. */
struct door *door_new(char *error, unsigned long error_size);
void door_destroy(struct door **door);

/* The raw clock (bent if a test says so). Never goes back. */
struct ts_raw door_raw(struct door *door);

/* A raw instant as the kernel gives it (PTP_SYS_OFFSET_PRECISE and the like), bent alike. */
struct ts_raw door_raw_from_kernel(struct door *door, int64_t kernel_raw_ns);

/* CLOCK_REALTIME against the raw clock: best of some bracketed readings. width: of the bracket. */
struct door_pair {
	struct ts_raw raw;
	struct ts_utc real;
	struct ts_dur width;
};
struct door_pair door_pair(struct door *door);

/*
 * The raw instant of a CLOCK_REALTIME stamp taken less than some seconds ago. Call it at once:
 * a step of CLOCK_REALTIME between stamp and call goes into the answer (a slew of s ppm over t s
 * adds s*t us). ret_width_ns (may be NULL): width of the bracket used.
 */
struct ts_raw door_raw_from_real(struct door *door, struct ts_utc real, int64_t *ret_width_ns);

/* The same for CLOCK_MONOTONIC stamps. */
struct ts_raw door_raw_from_monotonic(struct door *door, int64_t monotonic_ns);

/* CLOCK_REALTIME for log lines and file names only. */
struct ts_utc door_wall(struct door *door);
/* The same before there is a door: for the log alone. */
struct ts_utc door_wall_early(void);

/* Time from one reading of the raw clock to the next: its precision as found at start, or as the
 * configuration says. ns >= 1. */
int64_t door_precision_ns(const struct door *door);
/* clockprecision: 0 is what was found. */
void door_set_precision(struct door *door, int64_t ns);

/* CLOCK_MONOTONIC: for the service manager, which wants it. */
int64_t door_monotonic_ns(struct door *door);

/* CLOCK_BOOTTIME minus CLOCK_MONOTONIC: grows by each suspend. */
struct ts_dur door_suspended(struct door *door);

#endif
