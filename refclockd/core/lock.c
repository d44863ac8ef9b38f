/* SPDX-License-Identifier: MIT */
#include "refclockd/core/lock.h"

int64_t lock_period_ns(int rate)
{
	return (NS_PER_S + rate / 2) / rate;
}

static int64_t magnitude(int64_t ns)
{
	return ns < 0 ? (ns == INT64_MIN ? INT64_MAX : -ns) : ns;
}

/* The multiple of 1/rate s nearest to ns: rates that do not divide a second must not add up
 * errors, so whole seconds are kept apart. */
static int64_t nearest_multiple(int64_t ns, int rate)
{
	int64_t s = ns / NS_PER_S, rest = ns % NS_PER_S, k;

	if (rest < 0) {
		rest += NS_PER_S;
		s--;
	}
	k = (rest * rate + NS_PER_S / 2) / NS_PER_S;
	return ts_sat_add(s * NS_PER_S, (k * NS_PER_S + rate / 2) / rate);
}

/* How far reference and pulse may be apart. */
static int64_t limit_ns(const struct lock_config *config)
{
	int64_t period_ns = lock_period_ns(config->rate), gap_ns;

	if (config->width_ns <= 0 || config->width_ns >= period_ns)
		return (int64_t)((double)period_ns * LOCK_LIMIT);
	gap_ns = period_ns - config->width_ns;
	return (gap_ns < config->width_ns ? gap_ns : config->width_ns) / 2;
}

enum reject lock_pulse(const struct lock_config *config, const struct lock_reference *ref,
	struct ts_raw raw, struct ts_utc utc, int64_t error_ns, int64_t *ret_shift_ns)
{
	int64_t limit = limit_ns(config), age_ns, off_ns, shift_ns, doubt_ns;

	if (!ref->valid || ref->leap == leap_unsync)
		return reject_unlocked;
	age_ns = ts_raw_sub(raw, ref->raw).ns;
	if (magnitude(age_ns) > config->max_age * lock_period_ns(config->rate))
		return reject_unlocked;
	doubt_ns = ts_sat_add(
		ts_sat_add(ref->error_ns, error_ns), magnitude(age_ns) / 1000000 * LOCK_DRIFT_PPM);
	if (doubt_ns > limit)
		return reject_unlocked;
	off_ns = ts_sat_sub(ts_sat_add(ref->utc.ns, age_ns), utc.ns);
	shift_ns = nearest_multiple(off_ns, config->rate);
	if (magnitude(ts_sat_sub(off_ns, shift_ns)) > limit)
		return reject_edge;
	*ret_shift_ns = shift_ns;
	return reject_ok;
}
