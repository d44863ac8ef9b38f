/* SPDX-License-Identifier: MIT */
#include "common/core/phc_reading.h"

#include <errno.h>

bool phc_reading_usable(const struct phc_reading *r)
{
	return r->after_ns >= r->before_ns && r->before_ns >= 0 && r->phc_ns >= 0;
}

int phc_reading_best(const struct phc_batch *batch, struct phc_best *ret)
{
	int best = -1;
	int64_t best_width = INT64_MAX;

	for (int i = 0; i < batch->count && i < PHC_BATCH_MAX; i++) {
		const struct phc_reading *r = &batch->reading[i];
		int64_t width;

		if (!phc_reading_usable(r))
			continue;
		width = r->after_ns - r->before_ns;
		if (best < 0 || width < best_width) {
			best = i;
			best_width = width;
		}
	}
	if (best < 0)
		return -ENODATA;
	*ret = (struct phc_best){
		.system_ns = batch->reading[best].before_ns + best_width / 2,
		.phc_ns = batch->reading[best].phc_ns,
		.width_ns = best_width,
		.index = best,
	};
	return 0;
}

const char *phc_method_word(enum phc_method method)
{
	switch (method) {
	case PHC_METHOD_PRECISE:
		return "precise";
	case PHC_METHOD_EXTENDED:
		return "extended";
	case PHC_METHOD_PLAIN:
		return "plain";
	case PHC_METHOD_GETTIME:
		return "gettime";
	case PHC_METHOD_NONE:
		break;
	}
	return "none";
}
