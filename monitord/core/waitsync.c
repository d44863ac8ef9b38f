/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include "monitord/core/waitsync.h"

#define WHY_SIZE 160

static double skew_ppm(const struct model *m)
{
	return 1e-3 * (m->has_estimate ? m->estimate.rate_sd_ppb : m->clock.skew_ppb);
}

static bool within(double limit, double value)
{
	return !(limit > 0) || value <= limit;
}

static bool is_synced(const struct waitsync_limits *l, const struct msg_clock *c)
{
	return c->status == sync_synchronised || (l->holdover && c->status == sync_holdover);
}

void waitsync_why(
	struct text *t, const struct waitsync_limits *l, const struct model *m, struct ts_raw now)
{
	const struct msg_clock *c = &m->clock;
	double bound_s = 1e-9 * (double)model_bound_ns(m, now);
	double offset_s = 1e-9 * fabs((double)model_offset_ns(m, now));

	if (!m->has_clock || m->daemons[MODEL_DISCIPLINED].absent)
		text_add(t, "disciplined is not running");
	else if (c->mode == clock_mode_none)
		text_add(t, "no clock is steered (disciplined runs with clock none)");
	else if (!is_synced(l, c))
		text_add(t, "the clock is %s", msg_word_sync(c->status));
	else if (!within(l->bound_s, bound_s))
		text_add(t, "the error bound is %.9f s, above %.9f s", bound_s, l->bound_s);
	else if (!within(l->offset_s, offset_s))
		text_add(t, "the offset is %.9f s, above %.9f s", offset_s, l->offset_s);
	else if (!within(l->skew_ppm, skew_ppm(m)))
		text_add(t, "the skew is %.3f ppm, above %.3f ppm", skew_ppm(m), l->skew_ppm);
}

bool waitsync_reached(const struct waitsync_limits *l, const struct model *m, struct ts_raw now)
{
	char why[WHY_SIZE];
	struct text t;

	text_init(&t, why, sizeof(why));
	waitsync_why(&t, l, m, now);
	return t.length == 0;
}

void waitsync_line(struct text *t, uint64_t number, const struct model *m, struct ts_raw now)
{
	bool synced = m->has_clock && m->clock.status != sync_unsynchronised;

	text_add(t, "try: %" PRIu64 ", refid: %08" PRIX32 ", correction: %.9f, skew: %.3f, ",
		number, synced ? (uint32_t)m->clock.refid : 0,
		1e-9 * fabs((double)model_offset_ns(m, now)), skew_ppm(m));
	if (synced)
		text_add(t, "bound: %.9f\n", 1e-9 * (double)model_bound_ns(m, now));
	else
		text_add(t, "bound: unknown\n");
}
