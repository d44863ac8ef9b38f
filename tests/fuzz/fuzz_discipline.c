/* SPDX-License-Identifier: MIT */
/*
 * disciplined against a selectd gone mad: random estimates that pass the codec's ranges, strangers,
 * suspends and disruptions, on both kinds of clock. Whatever comes: no step outside the policy, no
 * rate beyond the limits, nothing that is not a number, no bound below nothing, a deadline that
 * does not spin, and a clock message that the codec takes.
 */
#include <stdlib.h>
#include "common/bus/codec.h"
#include "tests/unit/discipline_sim.h"
#include "tests/fuzz/input.h"

static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t v = 0;

	for (; bytes > 0; bytes--)
		v = v << 8 | byte(in);
	return v;
}

/* A number of any size, small ones as likely as large ones. */
static int64_t any(struct input *in, int64_t max)
{
	unsigned int bits = (unsigned int)take(in, 1) & 63;
	int64_t v = (int64_t)(take(in, 8) >> (63 - bits) >> 1);

	return v > max ? max : v;
}

static double any_double(struct input *in, double max)
{
	double v = (double)any(in, INT64_MAX) * 1e-3;

	return v > max ? max : v;
}

static int64_t any_sign(struct input *in, int64_t max)
{
	int64_t v = any(in, max);

	return take(in, 1) & 1 ? -v : v;
}

static void mad_estimate(struct sim *s, struct input *in, struct msg *m)
{
	struct msg_estimate *e = &m->u.estimate;
	unsigned int what = (unsigned int)take(in, 2);

	sim_fill_estimate(s, m);
	if (what & 1)
		e->raw_ns = ts_sat_add(e->raw_ns, any_sign(in, INT64_MAX / 4));
	if (what & 2)
		e->utc_ns = ts_sat_add(e->utc_ns, any_sign(in, INT64_MAX / 4));
	if (what & 4)
		e->rate_ppb = (double)any_sign(in, 1000000000);
	if (what & 8)
		e->offset_sd_ns = any_double(in, 1e18);
	if (what & 16)
		e->rate_sd_ppb = any_double(in, 1e9);
	if (what & 32)
		e->bound_ns = any(in, INT64_C(4000000000000000000));
	if (what & 64)
		e->bound_drift_ppb = any_double(in, 1e9);
	if (what & 128)
		e->disruption = any(in, INT64_MAX);
	if (what & 256)
		e->leap = (enum leap)(take(in, 1) % leap_count);
	if (what & 512)
		e->status = (enum sync)(take(in, 1) % sync_count);
	if (what & 1024)
		e->sample_raw_ns = any(in, INT64_MAX);
	if (what & 2048)
		m->env.boot++;
	if (what & 4096)
		e->root_delay_ns = e->root_dispersion_ns = any(in, INT64_C(4000000000000000000));
	if (what & 8192)
		e->wander_ppb = any_double(in, 1e9);
	if (e->raw_ns < 0)
		e->raw_ns = 0;
	if (e->utc_ns < 0)
		e->utc_ns = 0;
}

static bool step_allowed(const struct sim *s, const struct discipline *before, int64_t step_ns)
{
	double step_s = fabs((double)step_ns) * 1e-9;

	if (s->policy.makestep_s > 0 && step_s > s->policy.makestep_s &&
		(s->policy.makestep_limit < 0 || s->d.updates <= s->policy.makestep_limit))
		return true;
	if (before->disruption_steps_left > 0 || s->d.disruption_steps_left > 0 ||
		s->d.target.est.disruption != before->target.est.disruption ||
		s->d.model.suspended.ns != before->model.suspended.ns)
		return step_s <= s->policy.maxdisruptionstep_s;
	return s->d.foreign > before->foreign || s->policy.leap_mode == LEAP_MODE_STEP;
}

static void check(struct sim *s, const struct discipline *before, const struct discipline_out *out)
{
	const struct discipline_action *a = &out->act;
	struct msg m = {.kind = MSG_clock};
	char error[MSG_ERROR_SIZE];
	struct shadow_line page;

	if (a->step)
		must(step_allowed(s, before, a->step_ns));
	if (a->rate) {
		must(isfinite(a->command_ppb) && isfinite(a->base_ppb));
		must(fabs(a->command_ppb) <= 1e8 && fabs(a->base_ppb) <= 1e8);
		must(fabs(a->command_ppb - a->base_ppb) <=
			s->policy.maxslewrate_ppm * 1e3 * 1.000001 + 1e-6);
	}
	if (a->status)
		must(a->told.maxerror_ns >= 0 && a->told.esterror_ns >= 0);
	discipline_clock(&s->d, &m.u.clock);
	memcpy(m.env.sender, "disciplined", sizeof("disciplined"));
	m.env.boot = m.env.seq = 1;
	if (m.u.clock.utc_ns >= 0)
		must(msg_check(&m, error) == 0);
	must(s->orphans == 0);
	page = sim_page(s);
	if (page.utc_ns >= 0)
		must(shadow_line_check(&page) == 0);
}

/* Timers fire; a core whose deadlines never get later is caught by sim_run's count. */
static void one(struct sim *s, struct input *in)
{
	struct discipline before = s->d;
	struct discipline_out out = {0};
	struct clk_reading r;
	struct msg m;

	switch (take(in, 1) % 8) {
	case 0:
		must(sim_run(s, (double)take(in, 1) * 0.01));
		return;
	case 1:
		must(sim_run(s, (double)(take(in, 2) % 2000)));
		return;
	case 2:
		sim_step(s, any_sign(in, INT64_C(1000000000000000)));
		return;
	case 3:
		sim_kernel_advance(s, s->now_raw_ns);
		s->k_command_ppb += (double)any_sign(in, 1000000);
		s->k_alien = take(in, 1) & 1;
		return;
	case 4:
		s->suspended_ns += any(in, INT64_C(1000000000000000));
		s->k_error = take(in, 1) & 1 ? -1 : 0;
		return;
	case 5:
		sim_read(s, &r);
		discipline_on_disruption(&s->d, &r, &out);
		break;
	default:
		mad_estimate(s, in, &m);
		sim_read(s, &r);
		discipline_on_estimate(&s->d, &m, &r, &out);
		break;
	}
	check(s, &before, &out);
	sim_finish(s, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	static struct sim s;

	sim_init(&s, take(&in, 1) & 1, any_sign(&in, INT64_C(1000000000000)),
		(double)any_sign(&in, 500000));
	s.silent = take(&in, 1) & 1;
	s.policy.makestep_s = take(&in, 1) & 1 ? 0 : any_double(&in, 1e6);
	s.policy.makestep_limit = (int)(take(&in, 1) % 5) - 1;
	s.policy.maxslewrate_ppm = 1 + any_double(&in, 99999);
	s.policy.maxchange_s = any_double(&in, 1e6);
	s.policy.maxchange_ignore = (int)(take(&in, 1) % 5) - 1;
	s.policy.leap_mode = (enum leap_mode)(take(&in, 1) % 4);
	s.policy.loop = (enum discipline_loop)(take(&in, 1) % 3);
	s.policy.maxbound_s = 1e-9 + any_double(&in, 1e6);
	if (take(&in, 1) & 1) { /* the eve of a leap second */
		s.truth.utc.ns = INT64_C(1798761590) * NS_PER_S;
		s.k_utc_ns = s.soft.line.utc_ns = s.truth.utc.ns;
		s.leap = leap_insert;
	}
	sim_start(&s, NULL);
	for (int i = 0; i < 64 && in.left > 0; i++)
		one(&s, &in);
	return 0;
}
