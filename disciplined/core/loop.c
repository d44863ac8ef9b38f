/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "disciplined/core/discipline_private.h"

/* Both loops move the clock once a second. */
#define SECOND_S 1.0
/* Less is below what clocks resolve. */
#define DONE_NS 1.0
/* RFC 5905: 64 s until it is known. */
#define POLL_S 64.0

void loop_init(struct discipline *d, bool rate_known)
{
	pllfll_init(&d->pllfll, d->model.base_ppb, rate_known);
	ppslock_init(&d->ppslock, d->model.base_ppb);
	d->loop_used.ns = 0;
}

double loop_rate_ppb(const struct discipline *d)
{
	return d->policy.loop == LOOP_PPS ? d->ppslock.frequency_ppb : d->pllfll.frequency_ppb;
}

static double residual_ns(const struct discipline *d)
{
	return d->policy.loop == LOOP_PPS ? d->ppslock.residual_ns : d->pllfll.residual_ns;
}

static void update(struct discipline *d, struct ts_raw at)
{
	double e_ns = (double)discipline_offset_ns(d);

	d->loop_used = at;
	if (d->policy.loop == LOOP_PPS)
		ppslock_update(&d->ppslock, at, ts_line_at(&d->target.line, at), e_ns);
	else
		pllfll_update(&d->pllfll, at, e_ns, d->interval_s > 0 ? d->interval_s : POLL_S);
}

static void order_second(struct discipline *d, struct discipline_out *out)
{
	double limit_ppb = d->policy.maxslewrate_ppm * 1e3, ns;

	if (fabs(residual_ns(d)) < DONE_NS) {
		steer_base(d, out);
		return;
	}
	ns = d->policy.loop == LOOP_PPS ? ppslock_second_ns(&d->ppslock)
					: pllfll_second_ns(&d->pllfll);
	steer_slew(d, fmax(-limit_ppb, fmin(limit_ppb, ns / SECOND_S)), SECOND_S, out);
}

void loop_steer(struct discipline *d, struct discipline_out *out)
{
	const struct msg_estimate *e = &d->target.est;
	struct ts_raw newest = {e->sample_raw_ns > 0 ? e->sample_raw_ns : e->raw_ns};

	if (ts_raw_before(d->loop_used, newest))
		update(d, newest);
	else if (clk_model_slewing(&d->model) && !d->force_rate)
		return; /* the second is not over */
	order_second(d, out);
}

void loop_second(struct discipline *d, struct discipline_out *out)
{
	order_second(d, out);
}

void loop_stepped(struct discipline *d)
{
	pllfll_stepped(&d->pllfll);
	ppslock_stepped(&d->ppslock);
}
