/* SPDX-License-Identifier: MIT */
#include "disciplined/core/leap.h"

#define NS_PER_DAY (86400 * NS_PER_S)
/* Withdrawn later than this the leap happens all the same: the kernel may be in the midst of it. */
#define POINT_OF_NO_RETURN_NS (10 * NS_PER_S)

static int64_t day_number(struct ts_utc t)
{
	int64_t day = t.ns / NS_PER_DAY;

	return t.ns % NS_PER_DAY < 0 ? day - 1 : day;
}

/* Month and day of a day number of 1970, by counting from 1 March in 400-year eras. */
static void month_and_day(int64_t day, int *ret_month, int *ret_day)
{
	int64_t z = day + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t shifted = (5 * of_year + 2) / 153; /* 0: March */

	*ret_day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
	*ret_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
}

bool leap_day(struct ts_utc now)
{
	int month, day;

	month_and_day(day_number(now), &month, &day);
	return (month == 6 && day == 30) || (month == 12 && day == 31);
}

int64_t leap_step_ns(enum leap kind)
{
	if (kind == leap_insert)
		return -NS_PER_S;
	return kind == leap_remove ? NS_PER_S : 0;
}

static struct leap_state from_idle(struct leap_event e)
{
	struct leap_state s = {LEAP_IDLE, leap_none, {0}};
	int64_t midnight_ns = ts_sat_add(day_number(e.now) * NS_PER_DAY, NS_PER_DAY);

	if (leap_step_ns(e.announced) == 0 || !leap_day(e.now))
		return s;
	s.kind = e.announced;
	s.effect.ns = e.announced == leap_remove ? midnight_ns - NS_PER_S : midnight_ns;
	if (s.effect.ns > e.now.ns)
		s.phase = LEAP_ARMED;
	return s;
}

static struct leap_state from_armed(struct leap_state s, struct leap_event e)
{
	int64_t left_ns = ts_utc_sub(s.effect, e.now).ns;

	if (e.passed) {
		s.phase = LEAP_DONE;
		return s;
	}
	if (left_ns > NS_PER_DAY || left_ns < -POINT_OF_NO_RETURN_NS)
		return from_idle(e);
	if (e.announced != s.kind && left_ns > POINT_OF_NO_RETURN_NS)
		return from_idle(e);
	return s;
}

struct leap_state leap_next(struct leap_state s, struct leap_event e)
{
	int64_t since_ns = ts_utc_sub(e.now, s.effect).ns;

	switch (s.phase) {
	case LEAP_ARMED:
		return from_armed(s, e);
	case LEAP_DONE:
		/* further back than the repeated second: the clock was set elsewhere */
		if (since_ns < LEAP_DONE_NS && since_ns > -POINT_OF_NO_RETURN_NS)
			return s;
		return from_idle(e);
	case LEAP_IDLE:
		break;
	}
	return from_idle(e);
}
