/* SPDX-License-Identifier: MIT */
#include "selectd/core/bank_watch.h"

#include <math.h>

#define RATE_JUMP_PPB 1e4
#define STEADY	      0.6 /* spread over mean: 0 for a step, 1 or more for a rate */
#define LOST_MAX      3

static bool is_steady(const struct bank_watch *w, double *ret_mean_ns)
{
	double min = w->off_ns[0], max = min, sum = 0;

	for (int i = 0; i < w->count; i++) {
		min = fmin(min, w->off_ns[i]);
		max = fmax(max, w->off_ns[i]);
		sum += w->off_ns[i] / w->count;
	}
	*ret_mean_ns = sum;
	return max - min < STEADY * fabs(sum);
}

static void keep(struct bank_watch *w, double off_ns, const struct bank_sample *sample)
{
	w->off_ns[w->count] = off_ns;
	w->sample[w->count] = *sample;
	w->count++;
}

static void drop_first(struct bank_watch *w)
{
	for (int i = 1; i < w->count; i++) {
		w->off_ns[i - 1] = w->off_ns[i];
		w->sample[i - 1] = w->sample[i];
	}
	w->count--;
}

/* All to one side, further each time. */
static bool is_running_away(const struct bank_watch *w, double *ret_rate_ppb)
{
	const struct bank_sample *first = &w->sample[0], *last = &w->sample[w->count - 1];
	double sign = w->off_ns[0] < 0 ? -1 : 1;

	for (int i = 1; i < w->count; i++)
		if (sign * w->off_ns[i] <= sign * w->off_ns[i - 1])
			return false;
	*ret_rate_ppb = (w->off_ns[w->count - 1] - w->off_ns[0]) /
			(1e-9 * (double)(last->raw_ns - first->raw_ns));
	return true;
}

static enum bank_watch_verdict decide(
	struct bank_watch *w, bool possible, struct bank_watch_change *ret)
{
	struct bank_watch_change c = {0, 0};

	if (is_steady(w, &c.step_ns)) {
		*ret = c;
		w->lost = 0;
		return BANK_WATCH_STEP;
	}
	if (possible) {
		w->count = 0;
		return BANK_WATCH_USE;
	}
	c.step_ns = 0;
	if (is_running_away(w, &c.rate_ppb)) {
		*ret = c;
		w->lost = 0;
		return BANK_WATCH_RATE;
	}
	drop_first(w);
	if (++w->lost < LOST_MAX)
		return BANK_WATCH_HOLD;
	w->count = w->lost = 0;
	return BANK_WATCH_RESTART;
}

enum bank_watch_verdict bank_watch_judge(struct bank_watch *w, const struct bank_watch_view *v,
	const struct bank_sample *sample, struct bank_watch_change *ret_change)
{
	bool possible = fabs(v->off_ns) < v->gate_ns + RATE_JUMP_PPB * v->dt_s;

	if (fabs(v->off_ns) <= v->gate_ns) {
		bool was = w->count > 0;

		w->count = w->lost = 0;
		return was ? BANK_WATCH_RETURN : BANK_WATCH_USE;
	}
	keep(w, v->off_ns, sample);
	if (w->count == BANK_WATCH_READINGS)
		return decide(w, possible, ret_change);
	return possible ? BANK_WATCH_USE : BANK_WATCH_HOLD;
}

void bank_watch_save(
	struct bank_watch *w, const struct bank *bank, const struct bank_mean *mean, int64_t raw_ns)
{
	w->saved = *bank;
	w->saved_mean = *mean;
	w->saved_raw_ns = raw_ns;
}
