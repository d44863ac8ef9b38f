/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_oneway.h"

#include <math.h>

#define CLOCK_VAR_NS2 1.0

static void measure(struct bank_oneway *o, const struct bank_oneway_sample *s)
{
	if (o->second.count == 0)
		o->second_raw_ns = s->raw_ns;
	bank_second_difference_add(
		&o->second, 1e-9 * (double)(s->raw_ns - o->second_raw_ns), s->y_ns);
	bank_window_add(&o->brackets, s->bracket_ns);
	o->scale_ns = bank_scale_one_way_ns(&o->second, s->prior_jitter_ns, s->precision_ns);
}

static void start(
	struct bank_oneway *o, const struct bank_oneway_sample *s, const struct bank_prior *prior)
{
	struct bank_start first = {
		.x_ns = s->y_ns,
		.x_sd_ns = s->prior_jitter_ns,
		.rate_ppb = prior->rate_ppb,
		.rate_sd_ppb = prior->rate_sd_ppb,
	};

	bank_line_start(&o->line, false, &first, s->raw_ns);
}

enum bank_line_result bank_oneway_take(struct bank_oneway *o,
	const struct bank_oneway_sample *sample, const struct bank_prior *prior,
	int64_t *ret_step_ns)
{
	struct bank_sample s = {.raw_ns = sample->raw_ns, .there_ns = sample->y_ns};
	struct bank_line_noise noise = {.gate_ns = 0};
	enum bank_line_result result;
	double excess, gate;

	measure(o, sample);
	if (o->line.samples == 0) {
		start(o, sample, prior);
		return BANK_LINE_TAKEN;
	}
	excess = sample->bracket_ns - bank_window_quantile(&o->brackets, 0);
	s.floor_ns2 = CLOCK_VAR_NS2 + excess * excess / 12;
	noise.size.scale_ns = o->scale_ns;
	gate = bank_scale_one_way_gate_ns(&o->second, o->scale_ns);
	noise.gate_ns2 = gate * gate + s.floor_ns2;
	result = bank_line_take(&o->line, &s, &noise, ret_step_ns);
	if (result == BANK_LINE_STEPPED)
		o->second.count = 0;
	return result;
}
