/* SPDX-License-Identifier: MIT */
#include "common/core/learned.h"

void learned_keep(struct learned *l, const struct msg_verdict *v)
{
	if (!v->learned)
		return;
	*l = (struct learned){
		.learned = true,
		.raw_ns = v->raw_ns,
		.bias_ns = v->learned_bias_ns,
		.bias_sd_ns = v->learned_bias_sd_ns,
		.moved_ns = v->learned_moved_ns,
		.prior_ns = v->learned_prior_ns,
		.rate_ppb = v->learned_rate_ppb,
		.rate_sd_ppb = v->learned_rate_sd_ppb,
		.wander_ppb = v->learned_wander_ppb,
		.disruption = v->learned_disruption,
		.disrupted_raw_ns = v->learned_disrupted_raw_ns,
		.slept_ns = v->learned_slept_ns,
	};
}

void learned_tell(const struct learned *l, struct msg_source *m)
{
	m->learned = l->learned;
	m->learned_raw_ns = l->raw_ns;
	m->learned_bias_ns = l->bias_ns;
	m->learned_bias_sd_ns = l->bias_sd_ns;
	m->learned_moved_ns = l->moved_ns;
	m->learned_prior_ns = l->prior_ns;
	m->learned_rate_ppb = l->rate_ppb;
	m->learned_rate_sd_ppb = l->rate_sd_ppb;
	m->learned_wander_ppb = l->wander_ppb;
	m->learned_disruption = l->disruption;
	m->learned_disrupted_raw_ns = l->disrupted_raw_ns;
	m->learned_slept_ns = l->slept_ns;
}

void learned_read(const struct msg_source *m, struct learned *ret)
{
	*ret = (struct learned){
		.learned = m->learned,
		.raw_ns = m->learned_raw_ns,
		.bias_ns = m->learned_bias_ns,
		.bias_sd_ns = m->learned_bias_sd_ns,
		.moved_ns = m->learned_moved_ns,
		.prior_ns = m->learned_prior_ns,
		.rate_ppb = m->learned_rate_ppb,
		.rate_sd_ppb = m->learned_rate_sd_ppb,
		.wander_ppb = m->learned_wander_ppb,
		.disruption = m->learned_disruption,
		.disrupted_raw_ns = m->learned_disrupted_raw_ns,
		.slept_ns = m->learned_slept_ns,
	};
}
