/* SPDX-License-Identifier: MIT */
#include "common/io/door.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "common/io/oscillator_parse.h"

#define READINGS       5
#define READINGS_QUICK 3
#define AGE_PLAIN_NS   NS_PER_MS /* younger stamps: a rate of 100 ppm shifts them by 0.1 us */
#define BASE_MIN_NS    NS_PER_S	 /* two pairs this far apart tell the rate */
#define BASE_MAX_NS    (64 * NS_PER_S)
#define RATE_MAX       0.101 /* the kernel's own limit of slewing is 10 %; above: it was stepped */

/* A clock against the kernel's raw clock. */
struct bracket {
	int64_t raw_ns;
	int64_t other_ns;
	int64_t width_ns;
};

/* A clock that the kernel may slew, and what its rate was of late. */
struct tracked {
	clockid_t id;
	struct bracket newer, older; /* width_ns == 0: none yet */
};

struct door {
	struct oscillator oscillator;
	bool bent;
	int64_t last_raw_ns;
	int64_t precision_ns, told_precision_ns; /* told: 0 by nobody */
	struct tracked real, monotonic;
};

static int64_t read_clock(clockid_t id)
{
	struct timespec t = {0, 0};

	/* Fails only for a clock that the kernel does not have: it then stands at 0. */
	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t find_precision(void)
{
	int64_t best = NS_PER_MS, last = read_clock(CLOCK_MONOTONIC_RAW);

	for (int i = 0; i < 50; i++) {
		int64_t now = read_clock(CLOCK_MONOTONIC_RAW);

		if (now > last && now - last < best)
			best = now - last;
		last = now;
	}
	return best;
}

struct door *door_new(char *error, unsigned long error_size)
{
	const char *bend = getenv("TIMEBUS_TEST_OSCILLATOR");
	struct door *door = calloc(1, sizeof(*door));

	if (!door) {
		(void)snprintf(error, error_size, "out of memory");
		return NULL;
	}
	if (bend && *bend) {
		if (oscillator_parse(&door->oscillator, bend, error, error_size) < 0) {
			free(door);
			return NULL;
		}
		door->bent = true;
	}
	door->real.id = CLOCK_REALTIME;
	door->monotonic.id = CLOCK_MONOTONIC;
	door->precision_ns = find_precision();
	return door;
}

void door_destroy(struct door **door)
{
	free(*door);
	*door = NULL;
}

struct ts_raw door_raw_from_kernel(struct door *door, int64_t kernel_raw_ns)
{
	if (!door->bent)
		return (struct ts_raw){kernel_raw_ns};
	return (struct ts_raw){oscillator_at(&door->oscillator, kernel_raw_ns)};
}

struct ts_raw door_raw(struct door *door)
{
	struct ts_raw now = door_raw_from_kernel(door, read_clock(CLOCK_MONOTONIC_RAW));

	if (now.ns < door->last_raw_ns)
		now.ns = door->last_raw_ns;
	door->last_raw_ns = now.ns;
	return now;
}

/* The narrowest of some brackets raw-other-raw; each raw reading ends one and starts the next. */
static struct bracket bracket_clock(clockid_t id, int readings)
{
	struct bracket best = {0, 0, INT64_MAX};
	int64_t before = read_clock(CLOCK_MONOTONIC_RAW);

	for (int i = 0; i < readings; i++) {
		int64_t other = read_clock(id);
		int64_t after = read_clock(CLOCK_MONOTONIC_RAW);
		int64_t width = after - before;

		if (width < best.width_ns)
			best = (struct bracket){before + width / 2, other, width};
		before = after;
	}
	if (best.width_ns < 1)
		best.width_ns = 1;
	return best;
}

static void track(struct tracked *clock, const struct bracket *b)
{
	if (clock->newer.width_ns && b->raw_ns - clock->newer.raw_ns < BASE_MIN_NS)
		return;
	clock->older = clock->newer;
	clock->newer = *b;
}

/* Raw seconds per second of the clock, minus one; 0 if not known. */
static double rate_until(const struct tracked *clock, const struct bracket *b)
{
	const struct bracket *base = &clock->newer;
	int64_t raw_ns, other_ns;
	double rate;

	if (base->width_ns && b->raw_ns - base->raw_ns < BASE_MIN_NS)
		base = &clock->older;
	raw_ns = b->raw_ns - base->raw_ns;
	other_ns = ts_sat_sub(b->other_ns, base->other_ns);
	if (!base->width_ns || raw_ns > BASE_MAX_NS || other_ns <= 0)
		return 0.0;
	rate = (double)ts_sat_sub(raw_ns, other_ns) / (double)other_ns;
	return rate > -RATE_MAX && rate < RATE_MAX ? rate : 0.0;
}

static struct ts_raw carry(
	struct door *door, struct tracked *clock, int64_t stamp_ns, int64_t *ret_width_ns)
{
	struct bracket b = bracket_clock(clock->id, READINGS_QUICK);
	int64_t age_ns = ts_sat_sub(b.other_ns, stamp_ns);

	if (age_ns > AGE_PLAIN_NS && age_ns < BASE_MAX_NS)
		age_ns += (int64_t)((double)age_ns * rate_until(clock, &b));
	track(clock, &b);
	if (ret_width_ns)
		*ret_width_ns = b.width_ns;
	return door_raw_from_kernel(door, ts_sat_sub(b.raw_ns, age_ns));
}

struct ts_raw door_raw_from_real(struct door *door, struct ts_utc real, int64_t *ret_width_ns)
{
	return carry(door, &door->real, real.ns, ret_width_ns);
}

struct ts_raw door_raw_from_monotonic(struct door *door, int64_t monotonic_ns)
{
	return carry(door, &door->monotonic, monotonic_ns, NULL);
}

struct door_pair door_pair(struct door *door)
{
	struct bracket b = bracket_clock(CLOCK_REALTIME, READINGS);

	track(&door->real, &b);
	return (struct door_pair){
		.raw = door_raw_from_kernel(door, b.raw_ns),
		.real = {b.other_ns},
		.width = {b.width_ns},
	};
}

struct ts_utc door_wall_early(void)
{
	return (struct ts_utc){read_clock(CLOCK_REALTIME)};
}

struct ts_utc door_wall(struct door *door)
{
	(void)door;
	return door_wall_early();
}

int64_t door_monotonic_ns(struct door *door)
{
	(void)door;
	return read_clock(CLOCK_MONOTONIC);
}

int64_t door_precision_ns(const struct door *door)
{
	return door->told_precision_ns > 0 ? door->told_precision_ns : door->precision_ns;
}

void door_set_precision(struct door *door, int64_t ns)
{
	door->told_precision_ns = ns;
}

struct ts_dur door_suspended(struct door *door)
{
	int64_t before = read_clock(CLOCK_MONOTONIC);
	int64_t boot = read_clock(CLOCK_BOOTTIME);
	int64_t after = read_clock(CLOCK_MONOTONIC);

	(void)door;
	/* The system-call simulator has no CLOCK_BOOTTIME. */
	return (struct ts_dur){boot ? boot - (before + (after - before) / 2) : 0};
}
