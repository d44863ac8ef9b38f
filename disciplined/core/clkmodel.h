/* SPDX-License-Identifier: MIT */
/*
 * clkmodel.h - what is known of the clock that is steered: where it stood when it was last read,
 * and how fast it runs since. Pure.
 *
 * A clock runs at command + residual: command is what the actuator has in force (as read back, so
 * quantised), residual what the kernel's tick arithmetic adds to it. All rates are ppb against the
 * raw clock.
 */
#ifndef DISCIPLINED_CLKMODEL_H
#define DISCIPLINED_CLKMODEL_H

#include <stdbool.h>
#include "common/core/tstime.h"

/* A new rate takes effect a tick late on older kernels: two ticks at 100 Hz. */
#define CLK_LATE_S 0.02

/* One look at the clock. */
struct clk_reading {
	struct ts_raw raw;	 /* middle of the bracket */
	struct ts_utc clock;	 /* what the clock showed */
	struct ts_dur width;	 /* of the bracket: the error of raw is at most half of it */
	double command_ppb;	 /* rate in force as the actuator reads it back */
	bool alien;		 /* somebody switched on a loop of the kernel's own */
	struct ts_dur suspended; /* time the machine slept since its start */
};

struct clk_model {
	struct ts_raw raw;
	struct ts_utc clock;
	struct ts_dur width, suspended;
	double command_ppb;
	double rate_ppb;     /* command + residual: until the bend */
	double base_ppb;     /* rate without the slew; from the bend on */
	struct ts_raw until; /* the bend; TS_RAW_NEVER: no slew, rate equals base */
	bool bends;	     /* it bends by itself; else only when told */
	double change_ppb;   /* size of the last change of rate since raw */
};

/* What the clock shows at an instant, if nobody interferes. */
struct ts_utc clk_model_at(const struct clk_model *m, struct ts_raw raw);

/* Rate at an instant. */
double clk_model_rate_ppb(const struct clk_model *m, struct ts_raw raw);

/* The instant at which it will show utc. */
struct ts_raw clk_model_when(const struct clk_model *m, struct ts_utc utc);

/* Takes a reading as the new start of the line. */
void clk_model_anchor(struct clk_model *m, const struct clk_reading *r);

/* True while a slew is in force. */
bool clk_model_slewing(const struct clk_model *m);

#endif
