/* SPDX-License-Identifier: MIT */
#include "selectd/core/correction.h"

struct ts_dur correction_look(struct correction *c, const struct msg_sample *sample)
{
	int64_t taken_ns = ts_sat_sub(sample->mono_shift_ns, c->shift_ns);
	int64_t size_ns = taken_ns < 0 ? ts_sat_sub(0, taken_ns) : taken_ns;
	bool same = c->known && sample->mono && sample->mono_epoch == c->epoch &&
		    size_ns <= CORRECTION_MAX_NS;

	if (same && size_ns <= sample->mono_error_ns)
		return (struct ts_dur){0};
	*c = (struct correction){sample->mono, sample->mono_epoch, sample->mono_shift_ns};
	return (struct ts_dur){same ? -taken_ns : 0};
}
