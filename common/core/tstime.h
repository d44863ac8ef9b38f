/* SPDX-License-Identifier: MIT */
/*
 * tstime.h - instants and durations, one type a time scale. Pure.
 *
 * Everything is int64 nanoseconds; the struct around it makes the compiler refuse to mix
 * scales. An absolute time never stands in a double (one ulp at 2026 is 238 ns); differences may.
 *
 *   ts_raw  an instant of CLOCK_MONOTONIC_RAW as the clock door (common/io/door.h) reads it:
 *           the suite's own oscillator, which nobody steers. Comparable over all daemons of
 *           one machine and boot. TS_RAW_NEVER as a deadline means "none".
 *   ts_utc  POSIX time: nanoseconds since 1970-01-01 without leap seconds.
 *   ts_dur  a difference.
 *
 * Sums and differences saturate at the ends of int64 instead of wrapping.
 */
#ifndef TB_TSTIME_H
#define TB_TSTIME_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)

struct ts_raw {
	int64_t ns;
};
struct ts_utc {
	int64_t ns;
};
struct ts_dur {
	int64_t ns;
};

#define TS_RAW_NEVER ((struct ts_raw){INT64_MAX})

static inline int64_t ts_sat_add(int64_t a, int64_t b)
{
	int64_t r;

	if (__builtin_add_overflow(a, b, &r))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return r;
}

static inline int64_t ts_sat_sub(int64_t a, int64_t b)
{
	int64_t r;

	if (__builtin_sub_overflow(a, b, &r))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return r;
}

static inline int64_t ts_saturate(__int128 v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

static inline struct ts_raw ts_raw_add(struct ts_raw t, struct ts_dur d)
{
	return (struct ts_raw){ts_sat_add(t.ns, d.ns)};
}

static inline struct ts_dur ts_raw_sub(struct ts_raw a, struct ts_raw b)
{
	return (struct ts_dur){ts_sat_sub(a.ns, b.ns)};
}

static inline bool ts_raw_before(struct ts_raw a, struct ts_raw b)
{
	return a.ns < b.ns;
}

static inline struct ts_raw ts_raw_min(struct ts_raw a, struct ts_raw b)
{
	return a.ns < b.ns ? a : b;
}

static inline bool ts_raw_is_never(struct ts_raw t)
{
	return t.ns == INT64_MAX;
}

static inline struct ts_utc ts_utc_add(struct ts_utc t, struct ts_dur d)
{
	return (struct ts_utc){ts_sat_add(t.ns, d.ns)};
}

static inline struct ts_dur ts_utc_sub(struct ts_utc a, struct ts_utc b)
{
	return (struct ts_dur){ts_sat_sub(a.ns, b.ns)};
}

/* Seconds as a double to a duration; saturates, NaN gives 0. For configured values and
 * differences only. */
struct ts_dur ts_dur_from_s(double seconds);

static inline double ts_dur_to_s(struct ts_dur d)
{
	return (double)d.ns * 1e-9;
}

/*
 * A straight line from the raw clock to UTC: at raw the reference shows utc and runs rate_ppb
 * faster than the raw clock (rate_ppb = 1e9 (dUTC/draw - 1)).
 */
struct ts_line {
	struct ts_raw raw;
	struct ts_utc utc;
	double rate_ppb;
};

/* UTC that the line gives at an instant. Exact to 1 ns within some days of line.raw: the rate
 * acts on the difference only. */
struct ts_utc ts_line_at(const struct ts_line *line, struct ts_raw raw);

/* The raw instant at which the line reaches utc (the inverse of ts_line_at within 1 ns). */
struct ts_raw ts_line_when(const struct ts_line *line, struct ts_utc utc);

#endif
