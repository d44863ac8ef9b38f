/* SPDX-License-Identifier: MIT */
#include "disciplined/core/discipline_private.h"

/* The kernel makes the leap at a tick, and readers may still see the old second: the clock is not
 * looked at from so long before to so long after. */
#define BLACKOUT_BEFORE_NS (500 * NS_PER_MS)
#define BLACKOUT_AFTER_NS  (1500 * NS_PER_MS)
/* "By a second": nothing else moves a clock by so nearly that. */
#define SECOND_MARGIN_NS (250 * NS_PER_MS)

/* Where we make the leap ourselves there is nothing to wait for after it. */
static struct ts_raw leap_over_at(const struct discipline *d)
{
	if (d->policy.leap_mode != LEAP_MODE_SYSTEM)
		return d->leap_raw;
	return ts_raw_add(d->leap_raw, (struct ts_dur){BLACKOUT_AFTER_NS});
}

bool leap_over(const struct discipline *d, struct ts_raw raw)
{
	return d->leap.phase == LEAP_ARMED && !ts_raw_before(raw, leap_over_at(d));
}

bool leap_blackout(const struct discipline *d, struct ts_raw raw)
{
	struct ts_raw from = ts_raw_add(d->leap_raw, (struct ts_dur){-BLACKOUT_BEFORE_NS});

	return d->leap.phase == LEAP_ARMED && !ts_raw_before(raw, from) &&
	       ts_raw_before(raw, leap_over_at(d));
}

struct ts_raw leap_deadline(const struct discipline *d)
{
	return d->leap.phase == LEAP_ARMED ? leap_over_at(d) : TS_RAW_NEVER;
}

static bool near(int64_t a_ns, int64_t b_ns)
{
	return llabs_ns(ts_sat_sub(a_ns, b_ns)) < SECOND_MARGIN_NS;
}

void leap_fold(const struct discipline *d, struct msg_estimate *e)
{
	int64_t step_ns = leap_step_ns(d->leap.kind);
	int64_t apart_ns;

	if (!d->target.valid || step_ns == 0 || d->policy.leap_mode == LEAP_MODE_IGNORE)
		return;
	apart_ns =
		ts_sat_sub(e->utc_ns, ts_line_at(&d->target.line, (struct ts_raw){e->raw_ns}).ns);
	if (d->leap.phase == LEAP_DONE && near(apart_ns, -step_ns))
		e->utc_ns = ts_sat_add(e->utc_ns, step_ns);
	else if (leap_blackout(d, d->seen) && near(apart_ns, step_ns))
		e->utc_ns = ts_sat_sub(e->utc_ns, step_ns);
}

/* The instant is over: the line makes the step, the clock has made it or is made to. */
static void finish(struct discipline *d, struct discipline_out *out)
{
	int64_t step_ns = leap_step_ns(d->leap.kind);
	bool by_clock = d->policy.leap_mode == LEAP_MODE_SYSTEM;
	const char *word = d->leap.kind == leap_insert ? "inserted" : "removed";

	if (d->target.valid)
		d->target.line.utc = ts_utc_add(d->target.line.utc, (struct ts_dur){step_ns});
	if (by_clock && near(d->leap_made_ns, step_ns))
		note(out, EVENT_leap, step_ns, "leap second %s", word);
	else if (by_clock)
		note(out, EVENT_leap, step_ns, "leap second not %s by the clock: slewing", word);
	else
		note(out, EVENT_leap, step_ns, "leap second %s by a %s", word,
			d->policy.leap_mode == LEAP_MODE_STEP ? "step" : "slew");
	if (d->policy.leap_mode == LEAP_MODE_STEP && d->target.valid && !d->target.restored) {
		out->act.step = true;
		out->act.step_ns = step_ns;
	}
	d->again = true;
	out->publish = true;
	steer_status(d, out);
}

static void announce(struct discipline *d, enum leap_phase was, struct discipline_out *out)
{
	if (d->leap.phase == was)
		return;
	if (d->leap.phase == LEAP_ARMED)
		note(out, EVENT_leap, leap_step_ns(d->leap.kind),
			"a leap second will be %s at the end of the day",
			d->leap.kind == leap_insert ? "inserted" : "removed");
	else if (was == LEAP_ARMED)
		note(out, EVENT_leap, 0, "the leap second was withdrawn");
	out->publish = true;
	steer_status(d, out);
}

void leap_turn(struct discipline *d, const struct clk_reading *now, struct discipline_out *out)
{
	struct leap_event e = {now->clock, leap_none, false};
	enum leap_phase was = d->leap.phase;

	if (d->policy.leap_mode == LEAP_MODE_IGNORE) {
		d->leap = (struct leap_state){LEAP_IDLE, leap_none, {0}};
		return;
	}
	if (d->status == sync_unsynchronised)
		e.announced = leap_none;
	else if (d->list_good)
		e.announced = d->announced;
	else if (d->target.valid && !d->target.restored)
		e.announced = d->target.est.leap;
	e.passed = leap_over(d, now->raw);
	d->leap = leap_next(d->leap, e);
	if (d->leap.phase == LEAP_ARMED)
		d->leap_raw = clk_model_when(&d->model, d->leap.effect);
	if (was == LEAP_ARMED && d->leap.phase == LEAP_DONE)
		finish(d, out);
	else
		announce(d, was, out);
}
