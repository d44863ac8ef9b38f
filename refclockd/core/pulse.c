/* SPDX-License-Identifier: MIT */
#include "refclockd/core/pulse.h"

#include "refclockd/core/sanity.h"

void refclock_set_lock(struct refclock *rc, const struct lock_reference *reference)
{
	rc->lock = *reference;
}

void refclock_set_estimate(struct refclock *rc, const struct refclock_estimate *estimate)
{
	rc->estimate = *estimate;
}

void refclock_reference(const struct refclock *rc, struct lock_reference *ret)
{
	*ret = (struct lock_reference){.valid = rc->open && rc->has_last && !rc->last.pulse &&
						rc->last_reject != reject_tai &&
						rc->last_reject != reject_second};
	if (!ret->valid)
		return;
	ret->raw = rc->last.raw;
	ret->utc = sanity_utc(rc, &rc->last);
	ret->error_ns = ts_sat_add(sanity_dispersion_ns(rc, &rc->last), rc->last.width_ns / 2);
	ret->leap = rc->last.leap;
}

/* Without a source to lock to, whole seconds are left to selectd, which judges its own estimate
 * better than anybody. Those of a free-running clock mean nothing. */
static bool leave_to_selectd(const struct refclock *rc)
{
	if (rc->config.local)
		return true;
	return !rc->config.locked && rc->config.lock.rate == 1 && rc->config.lock.width_ns == 0;
}

struct lock_reference pulse_estimate_at(const struct refclock_estimate *e, struct ts_raw raw)
{
	double age_s = ts_dur_to_s(ts_raw_sub(raw, e->line.raw));
	int64_t growth_ns = ts_dur_from_s((age_s < 0 ? -age_s : age_s) * e->drift_ppb * 1e-9).ns;

	return (struct lock_reference){.valid = e->valid,
		.raw = raw,
		.utc = ts_line_at(&e->line, raw),
		.error_ns = ts_sat_add(e->bound_ns, growth_ns),
		.leap = e->leap};
}

void pulse_number(struct refclock *rc, struct refclock_reading *reading)
{
	struct lock_reference by =
		rc->config.locked ? rc->lock : pulse_estimate_at(&rc->estimate, reading->raw);
	int64_t shift_ns = 0;

	reading->edge = reading->pulse;
	reading->pulse = reading->pulse || rc->config.pps || rc->config.local;
	if (!reading->pulse || reading->reject != reject_ok || leave_to_selectd(rc))
		return;
	reading->reject = lock_pulse(&rc->config.lock, &by, reading->raw, sanity_utc(rc, reading),
		reading->error_ns, &shift_ns);
	if (reading->reject != reject_ok)
		return;
	reading->utc = ts_utc_add(reading->utc, (struct ts_dur){shift_ns});
	if (!rc->config.locked)
		return;
	reading->pulse = false;
	reading->leap = by.leap;
}

bool pulse_repeats(const struct refclock *rc, const struct refclock_reading *reading)
{
	return ts_raw_sub(reading->raw, rc->last.raw).ns < lock_period_ns(rc->config.lock.rate) / 2;
}

static int64_t interval_ns(const struct refclock *rc)
{
	int64_t period_ns = lock_period_ns(rc->config.lock.rate);
	int64_t dpoll_ns = sanity_interval_ns(rc->config.dpoll);

	return dpoll_ns > period_ns ? dpoll_ns : period_ns;
}

void pulse_schedule(struct refclock *rc, struct ts_raw now, const struct refclock_reading *reading)
{
	int64_t age_ns = ts_raw_sub(now, reading->raw).ns, period_ns = interval_ns(rc);
	int64_t past = age_ns < 0 ? 0 : age_ns / period_ns;

	rc->missed = 0;
	if (reading->raw.ns < 0 || age_ns < -period_ns)
		return;
	rc->next_read = ts_raw_add(
		reading->raw, (struct ts_dur){(past + 1) * period_ns + REFCLOCK_EDGE_LAG_NS});
}

bool pulse_missed(struct refclock *rc, struct ts_raw now)
{
	static const int64_t again_ns[] = {REFCLOCK_EDGE_RETRY_1_NS, REFCLOCK_EDGE_RETRY_2_NS};

	if (rc->missed < 2)
		rc->next_read = ts_raw_add(now, (struct ts_dur){again_ns[rc->missed]});
	if (rc->missed <= REFCLOCK_MISSED_MAX)
		rc->missed++;
	return rc->missed == REFCLOCK_MISSED_MAX && rc->state == source_state_reachable;
}
