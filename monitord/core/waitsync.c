/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include "monitord/core/waitsync.h"

static double skew_ppm(const struct model *m)
{
	return 1e-3 * (m->has_estimate ? m->estimate.rate_sd_ppb : m->clock.skew_ppb);
}

static bool within(double limit, double value)
{
	return !(limit > 0) || value <= limit;
}

bool waitsync_reached(const struct waitsync_limits *l, const struct model *m, struct ts_raw now)
{
	const struct msg_clock *c = &m->clock;
	bool synced = c->status == sync_synchronised || (l->holdover && c->status == sync_holdover);

	return m->has_clock && c->mode != clock_mode_none && synced &&
	       !m->daemons[MODEL_DISCIPLINED].absent &&
	       within(l->bound_s, 1e-9 * (double)model_bound_ns(m, now)) &&
	       within(l->offset_s, 1e-9 * fabs((double)model_offset_ns(m, now))) &&
	       within(l->skew_ppm, skew_ppm(m));
}

void waitsync_line(struct text *t, uint64_t number, const struct model *m, struct ts_raw now)
{
	bool synced = m->has_clock && m->clock.status != sync_unsynchronised;

	text_add(t, "try: %" PRIu64 ", refid: %08" PRIX32 ", correction: %.9f, skew: %.3f, ",
		number, synced ? (uint32_t)m->clock.refid : 0,
		1e-9 * fabs((double)model_offset_ns(m, now)), skew_ppm(m));
	if (m->has_clock)
		text_add(t, "bound: %.9f\n", 1e-9 * (double)model_bound_ns(m, now));
	else
		text_add(t, "bound: unknown\n");
}
