/* SPDX-License-Identifier: MIT */
/* What the clock said to what was asked of it. */
#include <errno.h>
#include <string.h>
#include "disciplined/core/discipline_private.h"

/* A clock that may not be set is tried again after this. */
#define RETRY_NS (60 * NS_PER_S)

void gate(struct discipline *d, struct discipline_out *out)
{
	if (d->denied == 0)
		return;
	if (ts_raw_before(d->model.raw, d->retry)) {
		memset(&out->act, 0, sizeof(out->act));
		return;
	}
	d->retry = ts_raw_add(d->model.raw, (struct ts_dur){RETRY_NS});
}

static void note_denied(struct discipline *d, int error, struct discipline_out *out)
{
	if (d->denied == 0) {
		note(out, EVENT_denied, 0,
			"the clock cannot be set (%s): not steered, tried again each minute",
			error == -EPERM ? "no right to: CAP_SYS_TIME is missing" : "it refuses");
		out->publish = true;
	}
	d->denied = error;
	d->force_rate = true; /* the next try shall be one */
	d->retry = ts_raw_add(d->model.raw, (struct ts_dur){RETRY_NS});
	d->model.rate_ppb = d->model.base_ppb = d->model.command_ppb + d->learn.residual_ppb;
	d->model.until = TS_RAW_NEVER;
}

static void applied_step(struct discipline *d, struct discipline_out *out)
{
	d->steps++;
	loop_stepped(d);
	d->last_step_ns = out->act.step_ns;
	d->last_step_raw = d->model.raw;
	note(out, EVENT_step, out->act.step_ns, "clock stepped by %+.9f s",
		(double)out->act.step_ns * 1e-9);
}

static void applied_rate(struct discipline *d, const struct discipline_action *act, double was_ppb)
{
	d->model.until = act->until;
	d->model.base_ppb = act->base_ppb + d->learn.residual_ppb;
	if (ts_raw_is_never(act->until))
		d->model.base_ppb = d->model.rate_ppb;
	d->model.change_ppb = d->model.rate_ppb - was_ppb;
	d->settle = TS_RAW_NEVER;
	if (!clk_model_slewing(&d->model) && steer_may_be_late(d, d->model.change_ppb))
		d->settle = ts_raw_add(d->model.raw, ts_dur_from_s(CLK_LATE_S));
	d->force_rate = false;
}

void discipline_applied(
	struct discipline *d, const struct discipline_result *result, struct discipline_out *out)
{
	const struct discipline_action *act = &out->act;
	double was_ppb = d->model.rate_ppb;

	if (!act->step && !act->rate && !act->status)
		return;
	clk_model_anchor(&d->model, &result->after);
	d->model.command_ppb = result->after.command_ppb;
	if (act->step || act->rate)
		out->publish = true; /* the line that was told last is not the clock's any more */
	if (result->error != 0) {
		note_denied(d, result->error, out);
		return;
	}
	if (act->rate) {
		d->model.rate_ppb = d->model.command_ppb + d->learn.residual_ppb;
		applied_rate(d, act, was_ppb);
	}
	if (act->step)
		applied_step(d, out);
	if (act->status && !d->policy.exact)
		d->refresh = ts_raw_add(d->model.raw, (struct ts_dur){REFRESH_NS});
	if (d->denied != 0) {
		d->denied = 0;
		d->retry = TS_RAW_NEVER;
		d->again = true;
	}
}
