/* SPDX-License-Identifier: MIT */
#include "selectd/core/classic_filter.h"

#include <math.h>
#include <string.h>

void classic_filter_add(struct classic_filter *f, const struct classic_stage *sample)
{
	memmove(f->stage + 1, f->stage, sizeof(f->stage[0]) * (CLASSIC_STAGES - 1));
	f->stage[0] = *sample;
	if (f->count < CLASSIC_STAGES)
		f->count++;
}

double classic_offset_ns(const struct classic_stage *s, const struct ts_line *line)
{
	return (double)ts_utc_sub(s->utc, ts_line_at(line, s->raw)).ns;
}

/* By rising delay; of equals the newer first, so that a clock without delays gives its newest. */
static void sort(const struct classic_filter *f, struct classic_stage *sorted)
{
	for (int i = 0; i < f->count; i++) {
		int k = i;

		for (; k > 0 && sorted[k - 1].delay_ns > f->stage[i].delay_ns; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = f->stage[i];
	}
}

static double aged_ns(const struct classic_stage *s, struct ts_raw now)
{
	double age_s = ts_dur_to_s(ts_raw_sub(now, s->raw));

	return fmin(s->dispersion_ns + CLASSIC_PHI_PPB * age_s, CLASSIC_MAXDISP_NS);
}

void classic_filter_judge(
	const struct classic_filter *f, const struct ts_line *line, struct classic_peer *ret)
{
	struct classic_stage sorted[CLASSIC_STAGES];
	double dispersion = 0, squares = 0, share = 0.5, precision_ns = f->stage[0].dispersion_ns;

	sort(f, sorted);
	ret->best = sorted[0];
	ret->offset_ns = classic_offset_ns(&sorted[0], line);
	for (int i = 0; i < CLASSIC_STAGES; i++, share /= 2) {
		double apart;

		if (i >= f->count) {
			dispersion += share * CLASSIC_MAXDISP_NS;
			continue;
		}
		dispersion += share * aged_ns(&sorted[i], f->stage[0].raw);
		apart = classic_offset_ns(&sorted[i], line) - ret->offset_ns;
		squares += apart * apart;
	}
	ret->dispersion_ns = dispersion;
	ret->jitter_ns =
		fmax(sqrt(squares / (f->count > 1 ? f->count - 1 : 1)), fmax(precision_ns, 1));
}

void classic_filter_shift(struct classic_filter *f, struct ts_dur shift)
{
	for (int i = 0; i < f->count; i++)
		f->stage[i].utc = ts_utc_add(f->stage[i].utc, shift);
}
