/* SPDX-License-Identifier: MIT */
#include "refclockd/core/rtc_late.h"

static void turn_over(struct rtc_late *l, int64_t behind_ns)
{
	l->earliest_ns[1] = l->earliest_ns[0];
	l->earliest_ns[0] = behind_ns;
	l->count = 0;
	if (l->halves < 2)
		l->halves++;
}

int64_t rtc_late_add(struct rtc_late *l, struct ts_raw raw, int64_t second)
{
	/* the difference wraps for seconds that are none, which differ from all others as much */
	int64_t behind_ns = (int64_t)((uint64_t)raw.ns - (uint64_t)second * (uint64_t)NS_PER_S);
	int64_t earliest_ns;

	if (l->halves == 0 || l->count == RTC_LATE_READINGS)
		turn_over(l, behind_ns);
	l->count++;
	if (behind_ns < l->earliest_ns[0])
		l->earliest_ns[0] = behind_ns;
	earliest_ns = l->earliest_ns[0];
	if (l->halves == 2 && l->earliest_ns[1] < earliest_ns)
		earliest_ns = l->earliest_ns[1];
	return ts_sat_sub(behind_ns, earliest_ns);
}
