/* SPDX-License-Identifier: MIT */
#include "refclockd/core/rtc_turn.h"

#define SPAN_MAX_S 1000 /* then the drift has made a whole second doubtful */

static struct ts_raw later(struct ts_raw t, int64_t ns)
{
	return ts_raw_add(t, (struct ts_dur){ns});
}

static int64_t drift_ns(int64_t ns)
{
	return ns / 1000000 * RTC_TURN_DRIFT_PPM;
}

/* The beginning of another second, which may be further off than the last reading. */
static void carry(struct rtc_turn *t, struct ts_raw now, int64_t second)
{
	int64_t on_ns = (second - t->second) * NS_PER_S, since_ns = ts_raw_sub(now, t->last).ns;
	int64_t doubt_ns = drift_ns(on_ns > since_ns ? on_ns : since_ns);

	t->lo = later(t->lo, on_ns - doubt_ns);
	t->hi = later(t->hi, on_ns + doubt_ns);
	t->second = second;
	t->last = now;
}

/* How often in a row the turn was on the same side of the reading. One that takes about as long as
 * the turn is known to hardly tells. */
static bool runs_away(struct rtc_turn *t, struct ts_raw lo, struct ts_raw hi)
{
	int64_t least_ns = ts_raw_sub(t->hi, t->lo).ns / 4;
	bool late = ts_raw_sub(lo, t->lo).ns > least_ns,
	     early = ts_raw_sub(t->hi, hi).ns > least_ns;

	if (late == early)
		t->run = 0;
	else if (late)
		t->run = t->run > 0 ? t->run + 1 : 1;
	else
		t->run = t->run < 0 ? t->run - 1 : -1;
	return t->run > RTC_TURN_RUN_MAX || t->run < -RTC_TURN_RUN_MAX;
}

bool rtc_turn_add(struct rtc_turn *t, struct ts_raw before, struct ts_raw after, int64_t second)
{
	struct ts_raw lo = later(before, -NS_PER_S - drift_ns(NS_PER_S)), hi = after;
	int64_t apart_s = ts_sat_sub(second, t->second);
	bool first = !t->valid;

	if (t->valid && apart_s <= SPAN_MAX_S && apart_s >= 0) {
		carry(t, after, second);
		if (!runs_away(t, lo, hi) && ts_raw_before(lo, t->hi) && ts_raw_before(t->lo, hi)) {
			t->lo = ts_raw_before(lo, t->lo) ? t->lo : lo;
			t->hi = ts_raw_min(hi, t->hi);
			return true;
		}
	}
	*t = (struct rtc_turn){true, second, lo, hi, after, 0};
	return first;
}

struct ts_raw rtc_turn_next(const struct rtc_turn *t, struct ts_raw now)
{
	struct ts_raw middle = later(t->lo, ts_raw_sub(t->hi, t->lo).ns / 2);
	int64_t ahead_ns;

	if (!t->valid)
		return now;
	ahead_ns = ts_raw_sub(later(now, RTC_TURN_GAP_NS), middle).ns;
	if (ahead_ns > 0)
		middle = later(middle, (ahead_ns / NS_PER_S + 1) * NS_PER_S);
	return middle;
}
