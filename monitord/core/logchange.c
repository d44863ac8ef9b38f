/* SPDX-License-Identifier: MIT */
#include "common/core/tstime.h"
#include "monitord/core/logchange.h"

static bool above(int64_t ns, int64_t threshold_ns)
{
	return ns > threshold_ns || ns < -threshold_ns;
}

bool logchange_clock(struct logchange *l, const struct msg_clock *c, int64_t *ret_slow_ns)
{
	int64_t slow_ns = c->offset_ns;
	bool tell;

	if (c->estimate_seq == 0 || (l->known && c->estimate_seq == l->estimate_seq)) {
		if (!l->known)
			l->steps = c->steps;
		return false;
	}
	/* a new count below the old one is that of a new disciplined */
	if (c->steps > l->steps && (l->known || l->steps == c->steps - 1))
		slow_ns = ts_sat_add(slow_ns, c->step_ns);
	tell = above(slow_ns, l->threshold_ns) &&
	       above(ts_sat_sub(slow_ns, l->slow_ns), l->threshold_ns);
	l->known = true;
	l->estimate_seq = c->estimate_seq;
	l->steps = c->steps;
	l->slow_ns = c->offset_ns;
	if (tell)
		*ret_slow_ns = slow_ns;
	return tell;
}
