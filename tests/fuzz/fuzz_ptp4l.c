/* SPDX-License-Identifier: MIT */
/* Answers of ptp4l's management socket. */
#include <assert.h>

#include "phc2shm/core/ptp4l.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ptp4l p;

	ptp4l_init(&p, size > 4 ? data[4] : 0, 0);
	if (!ptp4l_take(&p, data, size, 1))
		assert(!p.in_sync && !p.has_scale);
	assert(p.leap >= -1 && p.leap <= 1);
	assert(p.utc_offset_s >= INT16_MIN && p.utc_offset_s <= INT16_MAX);
	return 0;
}
