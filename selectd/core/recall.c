/* SPDX-License-Identifier: MIT */
#include "selectd/core/recall.h"

#include <math.h>

#define NS_MAX	  1e18 /* of the schema */
#define PPB_MAX	  1e9
#define KEPT	  64.0 /* samples that publishers keep (common/bus/snapshot.h) */
#define TWICE_VAR 4.0

static double clip(double v, double max)
{
	return fmax(fmin(v, max), -max);
}

void recall_tell(const struct source *s, const struct recall_clock *clock, struct msg_verdict *v)
{
	const struct joint_bias *b = &s->bias;
	double apart_ns = s->recalled ? 0 : s->now.track.apart_ns;

	v->learned = true;
	v->learned_rate_ppb = clip(s->now.track.line.rate_ppb, PPB_MAX);
	v->learned_rate_sd_ppb = clip(s->now.track.rate_sd_ppb, PPB_MAX);
	v->learned_wander_ppb = clip(s->now.track.wander_ppb, PPB_MAX);
	v->learned_disruption = clock->disruptions;
	v->learned_disrupted_raw_ns = clock->disrupted.ns > 0 ? clock->disrupted.ns : 0;
	v->learned_slept_ns = clock->slept.ns > 0 ? clock->slept.ns : 0;
	if (!b->known || b->prior_ns2 <= 0)
		return;
	v->learned_bias_ns = clip(b->ns + apart_ns / 2, NS_MAX);
	v->learned_bias_sd_ns = clip(sqrt(b->var_ns2), NS_MAX);
	v->learned_moved_ns = clip(b->moved_ns, NS_MAX);
	v->learned_prior_ns = clip(sqrt(b->prior_ns2), NS_MAX);
}

static void take_bias(struct source *s, const struct learned *l, double age_s)
{
	s->bias = (struct joint_bias){
		.known = true,
		.ns = l->bias_ns,
		.moved_ns = l->moved_ns,
		.var_ns2 = l->bias_sd_ns * l->bias_sd_ns,
		.prior_ns2 = l->prior_ns * l->prior_ns,
	};
	s->bias.var_ns2 += joint_creep_ns2(&s->bias, age_s);
	s->recalled = true;
}

bool recall_take(struct source *s, const struct learned *l, struct ts_raw now)
{
	int64_t age_ns = ts_raw_sub(now, (struct ts_raw){l->raw_ns}).ns;
	double poll_s = ldexp(1, (int)s->info.poll), w = l->wander_ppb;

	if (!l->learned || l->raw_ns <= 0 || age_ns < 0 || age_ns > RECALL_AGE_MAX_NS)
		return false;
	if (l->prior_ns > 0)
		take_bias(s, l, 1e-9 * (double)age_ns);
	if (l->rate_sd_ppb > 0) {
		s->prior_rate_ppb = l->rate_ppb;
		s->prior_rate_sd_ppb = sqrt(TWICE_VAR * l->rate_sd_ppb * l->rate_sd_ppb +
					    w * w * (KEPT * poll_s + 1e-9 * (double)age_ns));
	}
	return true;
}

void recall_settle(struct source *s)
{
	if (!s->recalled || !s->now.has_track)
		return;
	s->bias.ns -= s->now.track.apart_ns / 2;
	s->recalled = false;
}
