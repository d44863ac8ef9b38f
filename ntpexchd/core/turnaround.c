/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/turnaround.h"

#include "common/core/tstime.h"

void turnaround_add(struct turnaround *t, int64_t turn_ns)
{
	t->turn_ns[t->count % TURNAROUND_KEPT] = turn_ns;
	t->count++;
}

static int64_t range_of(const int64_t v[TURNAROUND_KEPT])
{
	int64_t low = v[0], high = v[0];

	for (int i = 1; i < TURNAROUND_KEPT; i++) {
		low = v[i] < low ? v[i] : low;
		high = v[i] > high ? v[i] : high;
	}
	return ts_sat_sub(high, low);
}

bool turnaround_guess(const struct turnaround *t, double offset_sd_ns, int64_t *ret_turn_ns,
	int64_t *ret_range_ns)
{
	int64_t range, sum = 0;

	if (t->count < TURNAROUND_KEPT)
		return false;
	range = range_of(t->turn_ns);
	if ((double)range > offset_sd_ns)
		return false;
	/* Differences to one of them cannot overflow. */
	for (int i = 0; i < TURNAROUND_KEPT; i++)
		sum += (t->turn_ns[i] - t->turn_ns[0]) / TURNAROUND_KEPT;
	*ret_turn_ns = t->turn_ns[0] + sum;
	*ret_range_ns = range;
	return true;
}
