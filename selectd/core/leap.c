/* SPDX-License-Identifier: MIT */
#include "selectd/core/leap.h"

#define NEAR_NS (5 * NS_PER_S)
#define ECHO_NS (86400 * NS_PER_S)
#define DAY_NS	(86400 * NS_PER_S)

/* Gregorian calendar in eras of 400 years that start in March, so that the leap day is the last. */
static int64_t days_to_next_month(int64_t day)
{
	static const int64_t start[13] = {
		0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337, 366};
	int64_t era_day = (day + 719468) % 146097;
	int64_t year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	int64_t year_day = era_day - (365 * year + year / 4 - year / 100);
	int64_t next_year = year + 1; /* February belongs to the civil year that follows */
	bool leap_year = next_year % 4 == 0 && (next_year % 100 != 0 || next_year % 400 == 0);
	int month = 0;

	while (start[month + 1] <= year_day)
		month++;
	if (month == 11)
		return (leap_year ? 366 : 365) - year_day;
	return start[month + 1] - year_day;
}

struct ts_utc leap_month_end(struct ts_utc utc)
{
	int64_t day = utc.ns / DAY_NS;

	if (utc.ns < 0)
		return (struct ts_utc){INT64_MAX};
	day += days_to_next_month(day);
	return (struct ts_utc){day > INT64_MAX / DAY_NS ? INT64_MAX : day * DAY_NS};
}

struct ts_raw leap_when(const struct ts_line *line, enum leap kind)
{
	struct ts_utc end = leap_month_end(line->utc);

	if (kind == leap_remove)
		end = ts_utc_add(end, (struct ts_dur){-NS_PER_S});
	else if (kind != leap_insert)
		return TS_RAW_NEVER;
	return ts_line_when(line, end);
}

struct ts_dur leap_shift(enum leap kind)
{
	if (kind == leap_insert)
		return (struct ts_dur){-NS_PER_S};
	return (struct ts_dur){kind == leap_remove ? NS_PER_S : 0};
}

static bool within(struct ts_raw a, struct ts_raw b, int64_t ns)
{
	int64_t d = ts_raw_sub(a, b).ns;

	return d > -ns && d < ns;
}

bool leap_is_near(const struct leap_plan *plan, struct ts_raw raw)
{
	if (plan->has_past && within(raw, plan->past, NEAR_NS))
		return true;
	return plan->kind != leap_none && within(raw, plan->when, NEAR_NS);
}

bool leap_is_echo(const struct leap_plan *plan, struct ts_raw raw)
{
	return plan->has_past && within(raw, plan->past, ECHO_NS);
}
