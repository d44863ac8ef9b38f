/* SPDX-License-Identifier: MIT */
#include "phc2shm/core/scale.h"

#define DAY_S 86400

static int listed(const struct leaplist *list, int64_t utc_ns)
{
	struct ts_utc utc = {utc_ns};

	if (!leaplist_good(list, utc))
		return 0;
	switch (leaplist_announces(list, utc)) {
	case leap_insert:
		return 1;
	case leap_remove:
		return -1;
	default:
		return 0;
	}
}

static struct scale_now by_list(const struct scale *s, int64_t utc_ns)
{
	int yesterday = listed(s->list, ts_sat_sub(utc_ns, NS_PER_S));
	struct scale_now now = {.offset_s = s->offset_s, .leap = listed(s->list, utc_ns)};
	int64_t next = ts_sat_add(utc_ns, NS_PER_S);

	/* the list's day ends, or has just ended */
	now.suspended = (now.leap && !listed(s->list, next)) || (yesterday && !now.leap);
	return now;
}

static struct scale_now by_flag(const struct scale *s, int64_t utc_ns)
{
	int64_t second = utc_ns / NS_PER_S % DAY_S;
	struct scale_now now = {.offset_s = s->offset_s, .leap = s->leap};

	if (!s->leap)
		return now;
	now.suspended = second == DAY_S - 1 || second == 0;
	if (second < SCALE_LATE_S) {
		now.leap = 0;
		if (!s->fixed)
			now.offset_s -= s->leap;
	}
	return now;
}

struct scale_now scale_at(const struct scale *s, int64_t phc_ns)
{
	int64_t utc_ns = ts_sat_add(phc_ns, s->offset_s * NS_PER_S);

	return s->list ? by_list(s, utc_ns) : by_flag(s, utc_ns);
}
