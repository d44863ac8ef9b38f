/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "disciplined/pagefill.h"

/* The kernel does not end a slew by itself: so long after its end nobody can say where it is. */
#define SLEW_GRACE_NS (5 * NS_PER_S)
/* A kernel's residual is smaller; what somebody else set for a purpose is not. */
#define AS_LEFT_PPB 500.0
/* A kernel clock farther from the page than this was moved by somebody meanwhile. */
#define CONTINUE_MAX_NS NS_PER_MS

static void fill_time(
	const struct discipline *d, const struct msg_clock *c, struct shadow_line *line)
{
	line->raw_ns = c->raw_ns;
	line->utc_ns = c->utc_ns;
	line->rate_ppb = c->rate_ppb;
	line->base_ppb = c->frequency_ppb;
	line->bend_raw_ns = d->model.until.ns;
	line->leap_raw_ns = SHADOW_NEVER;
	line->leap_step_ns = 0;
	if (d->leap.phase == LEAP_ARMED && d->policy.leap_mode == LEAP_MODE_SYSTEM) {
		line->leap_raw_ns = d->leap_raw.ns;
		line->leap_step_ns = leap_step_ns(d->leap.kind);
	}
}

static int64_t void_ns(const struct discipline *d)
{
	int64_t at_ns = d->lost.ns;

	if (!d->policy.exact && clk_model_slewing(&d->model)) {
		int64_t grace_ns = ts_sat_add(d->model.until.ns, SLEW_GRACE_NS);

		at_ns = grace_ns < at_ns ? grace_ns : at_ns;
	}
	return at_ns;
}

static uint32_t status_of(enum sync status)
{
	if (status == sync_synchronised)
		return SHADOW_SYNCHRONISED;
	return status == sync_holdover ? SHADOW_HOLDOVER : SHADOW_UNSYNCHRONISED;
}

static uint32_t leap_of(enum leap leap)
{
	switch (leap) {
	case leap_insert:
		return 1;
	case leap_remove:
		return 2;
	case leap_unsync:
		return 3;
	default:
		return 0;
	}
}

static uint32_t mode_of(enum clock_mode mode)
{
	if (mode == clock_mode_shadow)
		return SHADOW_MODE_SHADOW;
	return mode == clock_mode_realtime ? SHADOW_MODE_REALTIME : SHADOW_MODE_NONE;
}

void pagefill_line(const struct discipline *d, const struct msg_clock *c, bool own_line, int tai_s,
	struct shadow_line *line)
{
	if (!own_line)
		fill_time(d, c, line);
	line->bound_ns = c->bound_ns;
	line->drift_ppb = c->bound_drift_ppb;
	line->void_raw_ns = void_ns(d);
	line->offset_ns = c->offset_ns;
	line->mode = mode_of(c->mode);
	line->status = status_of(c->status);
	line->leap = leap_of(c->leap);
	line->tai_s = tai_s;
	line->stratum = (uint32_t)c->stratum;
	line->refid = (uint32_t)c->refid;
	line->root_delay_ns = c->root_delay_ns;
	line->root_dispersion_ns = c->root_dispersion_ns;
	line->reference_utc_ns = c->reference_utc_ns;
	line->disruption = (uint64_t)d->target.est.disruption;
	line->steps = (uint64_t)c->steps;
	line->skew_ppb = c->skew_ppb;
	line->offset_sd_ns = c->offset_sd_ns;
}

/* Of the clock's error, what the slew has taken away since the page was written. */
static int64_t offset_left_ns(const struct shadow_line *former, const struct clk_reading *now)
{
	struct ts_line truth = {{former->raw_ns}, {ts_sat_add(former->utc_ns, former->offset_ns)},
		former->base_ppb};
	struct ts_utc shown = now->clock;

	if (former->leap_step_ns != 0 && now->raw.ns >= former->leap_raw_ns)
		truth.utc.ns = ts_sat_add(truth.utc.ns, former->leap_step_ns);
	return ts_utc_sub(ts_line_at(&truth, now->raw), shown).ns;
}

static void continue_leap(const struct shadow_line *former, const struct clk_reading *now,
	struct discipline_start *start)
{
	struct shadow_line smooth = *former;

	if (former->leap_step_ns == 0 || now->raw.ns < former->leap_raw_ns)
		return;
	start->leap_passed = true;
	smooth.leap_step_ns = 0;
	start->leap_effect = shadow_line_utc(&smooth, (struct ts_raw){former->leap_raw_ns});
}

void pagefill_continue(const struct shadow_line *former, const struct clk_reading *now,
	struct discipline_start *start)
{
	int64_t apart_ns = ts_utc_sub(shadow_line_utc(former, now->raw), now->clock).ns;
	bool slewing = now->raw.ns < former->bend_raw_ns && former->bend_raw_ns != SHADOW_NEVER;
	bool as_left = former->bend_raw_ns == SHADOW_NEVER &&
		       fabs(now->command_ppb - former->base_ppb) < AS_LEFT_PPB;

	/* at rest nothing is touched, not even for a residual that was learned in a former life */
	start->base_ppb = as_left ? now->command_ppb : former->base_ppb;
	start->base_sd_ppb = former->skew_ppb;
	start->until = slewing ? (struct ts_raw){former->bend_raw_ns} : TS_RAW_NEVER;
	start->steps = (int64_t)(former->steps & INT64_MAX);
	continue_leap(former, now, start);
	if (apart_ns > CONTINUE_MAX_NS || apart_ns < -CONTINUE_MAX_NS)
		return;
	if (now->raw.ns >= former->void_raw_ns || former->status == SHADOW_UNSYNCHRONISED)
		return;
	start->continued = true;
	start->status = sync_holdover;
	start->offset_ns = offset_left_ns(former, now);
	start->bound_ns = shadow_line_bound_ns(former, now->raw);
	start->drift_ppb = former->drift_ppb;
	start->offset_sd_ns = former->offset_sd_ns;
	start->since.ns = former->raw_ns;
	start->void_raw.ns = former->void_raw_ns;
	start->stratum = former->stratum;
	start->refid = former->refid;
	start->root_delay_ns = former->root_delay_ns;
	start->root_dispersion_ns = former->root_dispersion_ns;
	start->reference_utc_ns = former->reference_utc_ns;
	start->disruption = (int64_t)(former->disruption & INT64_MAX);
}
