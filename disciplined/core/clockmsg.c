/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include "disciplined/core/discipline_private.h"

static enum leap told_leap(const struct discipline *d)
{
	if (d->status == sync_unsynchronised)
		return leap_unsync;
	return d->leap.phase == LEAP_ARMED ? d->leap.kind : leap_none;
}

static int64_t held_ns(const struct discipline *d)
{
	const struct msg_estimate *e = &d->target.est;
	int64_t newest_ns = e->sample_raw_ns > 0 ? e->sample_raw_ns : e->raw_ns;
	int64_t age_ns = ts_sat_sub(d->model.raw.ns, newest_ns);

	return d->status == sync_holdover && age_ns > 0 ? age_ns : 0;
}

/* What stands behind the clock, as far as it is known. */
static void fill_reference(const struct discipline *d, struct msg_clock *c)
{
	const struct msg_estimate *e = &d->target.est;
	int64_t e_ns = llabs_ns(c->offset_ns);
	double age_s = fmax(0, ts_dur_to_s(ts_raw_sub(d->model.raw, d->target.line.raw)));
	double grown_ns = fmin(age_s * target_drift_ppb(d), 1e18);

	/* e_ns was read within a bracket, and may be off by half of it */
	e_ns = ts_sat_add(e_ns, (d->model.width.ns + 1) / 2);
	c->bound_ns = ts_sat_add(target_bound_ns(d, d->model.raw), e_ns);
	if (c->bound_ns > BOUND_UNKNOWN_NS)
		c->bound_ns = BOUND_UNKNOWN_NS;
	c->bound_drift_ppb = fmin(target_drift_ppb(d), 1e9);
	c->stratum = e->stratum;
	c->refid = e->refid;
	c->root_delay_ns = e->root_delay_ns;
	c->root_dispersion_ns =
		ts_sat_add(e->root_dispersion_ns, ts_sat_add((int64_t)grown_ns, e_ns));
	if (c->root_dispersion_ns > BOUND_UNKNOWN_NS)
		c->root_dispersion_ns = BOUND_UNKNOWN_NS;
	c->reference_utc_ns = e->utc_ns;
	memcpy(c->selected, e->selected, sizeof(c->selected));
	c->estimate_seq = d->target.seq;
	c->offset_sd_ns = fmin(target_offset_sd_ns(&d->target, d->rate_sd_ppb, d->model.raw), 1e18);
	c->skew_ppb = fmin(d->rate_sd_ppb, 1e9);
	c->holdover_ns = held_ns(d);
}

void discipline_clock(const struct discipline *d, struct msg_clock *ret)
{
	struct msg_clock c = {0};

	c.mode = d->denied != 0 ? clock_mode_none : d->policy.mode;
	c.status = d->status;
	c.raw_ns = d->model.raw.ns;
	c.utc_ns = d->model.clock.ns;
	c.rate_ppb = d->model.rate_ppb;
	c.frequency_ppb = d->model.base_ppb;
	c.offset_ns = in_range_ns(discipline_offset_ns(d));
	c.steps = d->steps;
	c.step_ns = in_range_ns(d->last_step_ns);
	c.step_raw_ns = d->last_step_raw.ns;
	c.leap = told_leap(d);
	c.foreign = d->foreign;
	c.bound_ns = BOUND_UNKNOWN_NS;
	c.bound_drift_ppb = d->policy.maxclockerror_ppm * 1e3;
	c.stratum = 16;
	if (d->target.valid && d->status != sync_unsynchronised)
		fill_reference(d, &c);
	*ret = c;
}
