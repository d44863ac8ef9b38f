/* SPDX-License-Identifier: MIT */
#include "selectd/core/suspect.h"

#include <math.h>

#define CERTAIN_SIGMAS 7.0 /* as track.c */

struct witness suspect_witness(const struct source *s)
{
	return (struct witness){s->now.offset_ns, CERTAIN_SIGMAS * s->now.track.offset_sd_ns};
}

void suspect_convict(struct source *s, const struct witness *w)
{
	s->told_false = true;
	s->false_ns = ts_sat_sub(s->now.offset_ns, w->offset_ns);
}

void suspect_acquit(struct source *s)
{
	s->told_false = false;
	s->false_ns = 0;
}

bool suspect_has_changed(const struct source *s, const struct witness *w)
{
	double half_ns = fabs((double)s->false_ns) / 2;
	double off_ns = (double)ts_sat_sub(s->now.offset_ns, w->offset_ns);

	return fabs(off_ns) < half_ns && hypot(suspect_witness(s).sure_ns, w->sure_ns) < half_ns;
}
