/* SPDX-License-Identifier: MIT */
#include "refclockd/core/vmclock_page.h"

#include <errno.h>
#include <string.h>

#define MAGIC	     0x4b4c4356u
#define VERSION	     1
#define SECONDS_MAX  (INT64_MAX / NS_PER_S - 1)
#define EXTEND_MAX_S 86400

enum {
	FLAG_TAI_OFFSET = 1 << 0,
	FLAG_PERIOD_MAX_ERROR = 1 << 4,
	FLAG_TIME_ERROR = 1 << 5,
	FLAG_TIME_MAX_ERROR = 1 << 6,
	FLAG_GENERATION = 1 << 8
};
enum { TIME_UTC = 0, TIME_TAI = 1 };
enum { STATUS_UNKNOWN, STATUS_INITIALIZING, STATUS_SYNCHRONIZED, STATUS_FREERUNNING };

static uint64_t get(const unsigned char *p, int bytes)
{
	uint64_t v = 0;

	for (int i = bytes - 1; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

int vmclock_parse(const unsigned char page[VMCLOCK_PAGE_SIZE], struct vmclock *ret)
{
	uint32_t size = (uint32_t)get(page + 0x04, 4);

	if (get(page, 4) != MAGIC || size < VMCLOCK_SIZE_MIN || get(page + 0x08, 2) != VERSION)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	ret->counter = page[0x0a];
	ret->time_type = page[0x0b];
	ret->sequence = (uint32_t)get(page + VMCLOCK_SEQUENCE_OFFSET, 4);
	ret->marker = get(page + 0x10, 8);
	ret->flags = get(page + 0x18, 8);
	ret->status = page[0x22];
	ret->tai_offset_s = (int16_t)get(page + 0x24, 2);
	ret->leap_indicator = page[0x26];
	ret->period_shift = page[0x27];
	ret->counter_value = get(page + 0x28, 8);
	ret->period_frac = get(page + 0x30, 8);
	ret->period_error = get(page + 0x38, 8);
	ret->period_max_error = get(page + 0x40, 8);
	ret->time_s = get(page + 0x48, 8);
	ret->time_frac = get(page + 0x50, 8);
	ret->time_error_ns = get(page + 0x58, 8);
	ret->time_max_error_ns = get(page + 0x60, 8);
	ret->has_generation = size >= VMCLOCK_PAGE_SIZE && (ret->flags & FLAG_GENERATION);
	ret->generation = ret->has_generation ? get(page + 0x68, 8) : 0;
	return 0;
}

/* ticks * frac / 2^(64 + shift) s in ns. False if that is more than can be extended to. */
static bool elapsed_ns(uint64_t ticks, uint64_t frac, uint8_t shift, int64_t *ret)
{
	unsigned __int128 s64 = (unsigned __int128)ticks * frac; /* unit 2^-(64 + shift) s */

	if (shift > 63)
		return false;
	s64 >>= shift;
	if ((uint64_t)(s64 >> 64) > EXTEND_MAX_S)
		return false;
	*ret = (int64_t)(s64 >> 64) * NS_PER_S +
	       (int64_t)(((s64 & UINT64_MAX) * (unsigned __int128)NS_PER_S) >> 64);
	return true;
}

static enum leap leap_of(const struct vmclock *c)
{
	if (c->leap_indicator == 1)
		return leap_insert;
	return c->leap_indicator == 2 ? leap_remove : leap_none;
}

static int64_t limited_ns(uint64_t a, int64_t b)
{
	return a > INT64_MAX / 2 ? INT64_MAX / 2 : ts_sat_add((int64_t)a, b);
}

static int check(const struct vmclock *c)
{
	if (c->counter == VMCLOCK_NO_COUNTER || c->period_frac == 0 || c->time_s > SECONDS_MAX)
		return -EOPNOTSUPP;
	if (c->time_type != TIME_UTC && (c->time_type != TIME_TAI || !(c->flags & FLAG_TAI_OFFSET)))
		return -EOPNOTSUPP;
	return c->status == STATUS_SYNCHRONIZED || c->status == STATUS_FREERUNNING ? 0 : -EAGAIN;
}

int vmclock_time_at(const struct vmclock *c, uint64_t counter, struct vmclock_time *ret)
{
	/* the page may have been written after the counter was read */
	bool back = (int64_t)(counter - c->counter_value) < 0;
	uint64_t ticks = back ? c->counter_value - counter : counter - c->counter_value;
	int64_t since_ns, drift_ns = 0, ns;
	int rc = check(c);

	if (rc < 0)
		return rc;
	if (!elapsed_ns(ticks, c->period_frac, c->period_shift, &since_ns))
		return -ERANGE;
	if ((c->flags & FLAG_PERIOD_MAX_ERROR) &&
		!elapsed_ns(ticks, c->period_max_error, c->period_shift, &drift_ns))
		return -ERANGE;
	ns = (int64_t)c->time_s * NS_PER_S +
	     (int64_t)(((unsigned __int128)c->time_frac * (unsigned __int128)NS_PER_S) >> 64);
	ns = ts_sat_add(ns, back ? -since_ns : since_ns);
	if (c->time_type == TIME_TAI)
		ns = ts_sat_sub(ns, c->tai_offset_s * NS_PER_S);
	ret->utc.ns = ns;
	ret->error_ns = c->flags & FLAG_TIME_ERROR ? limited_ns(c->time_error_ns, 0) : 0;
	ret->bound_ns =
		c->flags & FLAG_TIME_MAX_ERROR ? limited_ns(c->time_max_error_ns, drift_ns) : 0;
	ret->leap = leap_of(c);
	return 0;
}
