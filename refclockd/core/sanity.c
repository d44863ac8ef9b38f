/* SPDX-License-Identifier: MIT */
#include "refclockd/core/sanity.h"

#include "refclockd/core/pulse.h"

#define FUTURE_SLACK_NS NS_PER_US

int64_t sanity_interval_ns(int log2_s)
{
	return log2_s >= 0 ? NS_PER_S << log2_s : NS_PER_S >> -log2_s;
}

int64_t sanity_limited(int64_t ns)
{
	return ns < 0 ? 0 : ns > REFCLOCK_ERROR_MAX_NS ? REFCLOCK_ERROR_MAX_NS : ns;
}

int64_t sanity_dispersion_ns(const struct refclock *rc, const struct refclock_reading *reading)
{
	int64_t precision_ns =
		rc->config.precision_ns > 0
			? rc->config.precision_ns
			: ts_sat_add(rc->config.clock_precision_ns, reading->error_ns);

	return sanity_limited(precision_ns);
}

static int64_t tai_s(const struct refclock *rc, struct ts_utc tai)
{
	return rc->leaps && rc->leaps->count > 0 ? leaplist_of_tai_s(rc->leaps, tai)
						 : REFCLOCK_TAI_OFFSET_S;
}

struct ts_utc sanity_utc(const struct refclock *rc, const struct refclock_reading *reading)
{
	int64_t utc_ns = ts_sat_add(reading->utc.ns, rc->config.offset_ns);

	if (rc->config.tai)
		utc_ns = ts_sat_sub(utc_ns, tai_s(rc, (struct ts_utc){utc_ns}) * NS_PER_S);
	return (struct ts_utc){utc_ns};
}

enum leap sanity_leap(const struct refclock *rc, const struct refclock_reading *reading)
{
	struct ts_utc utc = sanity_utc(rc, reading);

	if (!rc->config.tai || reading->leap != leap_none || !rc->leaps ||
		!leaplist_good(rc->leaps, utc))
		return reading->leap;
	return leaplist_announces(rc->leaps, utc);
}

/* How far b lies from where a clock at a would have got to. */
static int64_t departure_ns(const struct refclock_reading *a, const struct refclock_reading *b)
{
	return ts_sat_sub(ts_utc_sub(b->utc, a->utc).ns, ts_raw_sub(b->raw, a->raw).ns);
}

/* A pulse may have been given a wrong number only: less than half a period is the source's own. */
static int64_t jump_ns(const struct refclock *rc, const struct refclock_reading *reading)
{
	return reading->edge ? lock_period_ns(rc->config.lock.rate) / 2 : REFCLOCK_JUMP_NS;
}

static bool continues(const struct refclock *rc, const struct refclock_reading *a,
	const struct refclock_reading *b)
{
	int64_t off_ns = departure_ns(a, b), apart_ns = ts_raw_sub(b->raw, a->raw).ns;
	int64_t limit_ns;

	if (apart_ns < 0)
		apart_ns = apart_ns == INT64_MIN ? INT64_MAX : -apart_ns;
	limit_ns = ts_sat_add(jump_ns(rc, b), apart_ns / (1000000 / REFCLOCK_JUMP_PPM));
	return off_ns <= limit_ns && off_ns >= -limit_ns;
}

static enum reject check_jump(
	struct refclock *rc, const struct refclock_reading *reading, int64_t *ret_jump_ns)
{
	if (!rc->has_last || reading->pulse || rc->last.pulse ||
		continues(rc, &rc->last, reading)) {
		rc->jump_readings = 0;
		return reject_ok;
	}
	if (rc->jump_readings > 0 && continues(rc, &rc->jumped, reading))
		rc->jump_readings++;
	else
		rc->jump_readings = 1;
	rc->jumped = *reading;
	if (rc->jump_readings < REFCLOCK_JUMP_READINGS)
		return reading->edge ? reject_second : reject_jump;
	rc->jump_readings = 0;
	*ret_jump_ns = departure_ns(&rc->last, reading);
	return reject_ok;
}

static bool repeats(const struct refclock *rc, const struct refclock_reading *reading)
{
	if (reading->edge && rc->has_last)
		return pulse_repeats(rc, reading);
	if (rc->jump_readings > 0 && rc->jumped.utc.ns == reading->utc.ns)
		return true;
	return rc->has_last && rc->last.utc.ns == reading->utc.ns;
}

static enum reject check_age(
	const struct refclock *rc, struct ts_raw now, const struct refclock_reading *reading)
{
	int64_t age_ns = ts_raw_sub(now, reading->raw).ns;
	int64_t slack_ns = FUTURE_SLACK_NS + sanity_limited(reading->width_ns) +
			   sanity_limited(reading->error_ns);

	if (age_ns < -slack_ns)
		return reject_future;
	if (age_ns > 2 * sanity_interval_ns(rc->config.poll))
		return reject_stale;
	return reject_ok;
}

static bool noisy(const struct refclock *rc, const struct refclock_reading *reading)
{
	int64_t limit_ns = rc->config.max_dispersion_ns;

	return limit_ns > 0 &&
	       sanity_dispersion_ns(rc, reading) + sanity_limited(reading->width_ns) / 2 > limit_ns;
}

enum reject sanity_check(struct refclock *rc, struct ts_raw now,
	const struct refclock_reading *reading, int64_t *ret_jump_ns)
{
	enum reject r;

	*ret_jump_ns = 0;
	if (reading->reject != reject_ok)
		return reading->reject;
	if (reading->raw.ns < 0 || reading->utc.ns < 0 || sanity_utc(rc, reading).ns < 0)
		return reject_format;
	r = check_age(rc, now, reading);
	if (r != reject_ok)
		return r;
	if (reading->leap == leap_unsync)
		return reject_unsync;
	if (repeats(rc, reading))
		return reject_duplicate;
	r = check_jump(rc, reading, ret_jump_ns);
	if (r != reject_ok)
		return r;
	rc->last = *reading;
	rc->has_last = true;
	return noisy(rc, reading) ? reject_noisy : reject_ok;
}
