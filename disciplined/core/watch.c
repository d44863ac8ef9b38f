/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "disciplined/core/discipline_private.h"
#include "disciplined/core/foreign.h"

#define TOLD_EVERY_NS (60 * NS_PER_S)
/* Less is slewed away in a few milliseconds at most; not worth a step. */
#define UNDO_MIN_NS NS_PER_MS

/* Nothing from before a suspend holds on a raw clock that stood still meanwhile. */
static void on_suspend(
	struct discipline *d, const struct clk_reading *r, struct discipline_out *out)
{
	double slept_s = ts_dur_to_s(r->suspended) - ts_dur_to_s(d->model.suspended);

	note(out, EVENT_disruption, 0, "the machine slept for %.1f s: history is void", slept_s);
	validate_void(&d->validate, r->raw, d->target.est.disruption);
	d->disruption_steps_left = 3;
	d->target.valid = false;
	expect_newcomer(d);
	d->status = sync_unsynchronised;
	out->publish = true;
	if (clk_model_slewing(&d->model))
		steer_base(d, out);
	steer_status(d, out);
}

static void tell(struct discipline *d, const struct foreign_verdict *v, const struct clk_reading *r,
	struct discipline_out *out)
{
	struct ts_raw again = ts_raw_add(d->foreign_told, (struct ts_dur){TOLD_EVERY_NS});

	d->foreign++;
	if (d->foreign > 1 && ts_raw_before(r->raw, again))
		return;
	d->foreign_told = r->raw;
	if (v->step)
		note(out, EVENT_foreign, v->excess_ns,
			"another program set the clock by %+.9f s (%lld changes so far)",
			(double)v->excess_ns * 1e-9, (long long)d->foreign);
	else
		note(out, EVENT_foreign, v->excess_ns,
			"another program changed the clock's rate by %+.3f ppm%s (%lld changes so "
			"far)",
			(r->command_ppb - d->model.command_ppb) * 1e-3,
			r->alien ? ", or the kernel's own loop" : "", (long long)d->foreign);
}

static void on_foreign(struct discipline *d, const struct foreign_verdict *v,
	const struct clk_reading *r, struct discipline_out *out)
{
	bool known = d->target.valid && !d->target.restored && d->status != sync_unsynchronised;

	tell(d, v, r, out);
	out->publish = true;
	d->force_rate = true; /* also ends what the stranger switched on */
	d->again = true;
	if (v->rate) {
		d->model.command_ppb = r->command_ppb;
		d->model.rate_ppb = r->command_ppb + d->learn.residual_ppb;
	}
	if (!v->step || !known || llabs_ns(v->excess_ns) < UNDO_MIN_NS || d->gave_up)
		return;
	out->act.step = true;
	out->act.step_ns = -v->excess_ns;
	steer_status(d, out); /* a step makes the kernel forget its status */
}

bool watch(struct discipline *d, const struct clk_reading *r, struct discipline_out *out)
{
	double residual_sd_ppb = sqrt(d->learn.variance_ppb2);
	struct foreign_verdict v;
	double was_ppb = d->model.rate_ppb;

	d->seen = r->raw;
	if (leap_blackout(d, r->raw))
		return false;
	v = foreign_judge(&d->model, r, residual_sd_ppb);
	if (leap_over(d, r->raw)) {
		d->leap_made_ns = v.excess_ns; /* leap_turn() judges it */
	} else if (v.suspended) {
		on_suspend(d, r, out);
	} else if (d->denied != 0) {
		d->model.command_ppb = r->command_ppb; /* it is somebody else's */
		d->model.rate_ppb = r->command_ppb + d->learn.residual_ppb;
		d->model.base_ppb = d->model.rate_ppb;
	} else if (!d->policy.exact && (v.rate || v.step)) {
		on_foreign(d, &v, r, out);
	} else if (!d->policy.exact) {
		learn_update(&d->learn, &d->model, r, (double)v.excess_ns);
	}
	clk_model_anchor(&d->model, r);
	/* it bent by itself, or somebody else rules it: whoever extends the last message must know
	 */
	if (d->model.rate_ppb != was_ppb)
		out->publish = true;
	return true;
}
