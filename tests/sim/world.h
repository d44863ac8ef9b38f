/* SPDX-License-Identifier: MIT */
/*
 * world.h - what is true in the simulator: time, the machine's oscillator and its kernel clock.
 *
 * True time t is int64 ns since the start of the run. Everything else follows from it:
 *
 *   raw(t)  CLOCK_MONOTONIC_RAW: t plus the oscillator's phase error, which is the integral of
 *           freq + random walk (a step each second) + white noise + temperature sine + jumps.
 *           It stands still while the machine sleeps.
 *   utc(t)  POSIX time; jumps by one second at the leap second, if there is one.
 *   kernel  CLOCK_REALTIME: runs on raw at tick and frequency (steps of 2^-16 ppm), a residual of
 *           its tick arithmetic on top, makes leap seconds by itself, forgets its status at a step.
 *
 * Time only goes forward: world_advance() before anything is read.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include "common/bus/msg.h"
#include "common/core/prng.h"
#include "common/core/tstime.h"

#define WORLD_RAW_START_NS (INT64_C(1000) * NS_PER_S)
#define WORLD_EPOCH_NS	   (INT64_C(1780000000) * NS_PER_S)
/* 2026-07-01 00:00:00, the end of the month for scenarios with a leap second. */
#define WORLD_MONTH_END_NS (INT64_C(1782864000) * NS_PER_S)

struct osc_config {
	double freq_ppm;  /* of the raw clock against true time */
	double wander;	  /* random walk of the rate, 1/sqrt(s) */
	double white_ppb; /* white noise of the rate, of a second */
	double temp_ppb;  /* amplitude of the temperature's sine */
	double temp_period_s;
};

struct clock_config {
	double offset_ms;    /* clock minus true time at the start */
	double residual_ppb; /* what the tick arithmetic adds */
	double width_ns;     /* of the bracket of a reading */
	double delay_ms;     /* after which a new rate takes effect */
};

struct kclock {
	struct clock_config config;
	struct ts_raw raw;
	int64_t utc_ns;
	double fraction_ns;
	double command_ppb;    /* as read back */
	double rate_ppb;       /* in force */
	struct ts_raw pending; /* when command takes effect; NEVER: it is in force */
	enum leap leap;
	bool leaped;
	int64_t leap_at_ns;
	double step_noise_ns;
};

struct world {
	struct osc_config osc;
	struct prng osc_noise, read_noise;
	int64_t t, second_end, slept_ns;
	double phase_ns, rate_ppb, walk_ppb, jump_ppb;
	int64_t epoch_ns;
	enum leap leap;
	int64_t leap_t; /* true time of the jump; INT64_MAX: none */
	struct kclock kernel;
};

/* leap_t: true time of the month's end (leap_none: without a leap second); INT64_MAX: far away. */
void world_init(struct world *w, const struct osc_config *osc, const struct clock_config *clock,
	enum leap leap, int64_t leap_t, uint64_t seed);
void world_advance(struct world *w, int64_t t);
/* The machine sleeps; its kernel finds the time again with an error. */
void world_sleep(struct world *w, int64_t ns, int64_t error_ns);

struct ts_raw world_raw(const struct world *w);
struct ts_utc world_utc(const struct world *w);
struct ts_utc world_utc_at(const struct world *w, int64_t t);
/* True time, not before now, at which raw reaches an instant if the rate stays: close enough to
 * look again then. */
int64_t world_when(const struct world *w, struct ts_raw raw);
/* Is it so near to the leap second that nobody can be held to the time? */
bool world_leaping(const struct world *w);

int64_t kclock_utc(struct kclock *k, struct ts_raw now);
void kclock_set(struct kclock *k, struct ts_raw now, double command_ppb);
void kclock_step(struct kclock *k, struct ts_raw now, int64_t ns);
void kclock_leap(struct kclock *k, struct ts_raw now, enum leap leap);
double kclock_rate_ppb(struct kclock *k, struct ts_raw now);

#endif
