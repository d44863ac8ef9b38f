/* SPDX-License-Identifier: MIT */
/* A page that a hypervisor may have filled with anything, read at any counter. */
#include <assert.h>
#include <string.h>

#include "refclockd/core/vmclock_page.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char page[VMCLOCK_PAGE_SIZE];
	struct vmclock_time t;
	struct vmclock c;
	uint64_t counter;

	if (size < sizeof(page) + sizeof(counter))
		return 0;
	memcpy(page, data, sizeof(page));
	memcpy(&counter, data + sizeof(page), sizeof(counter));
	memcpy(page, "VCLK\0\020\0\0\1", 10); /* what a fuzzer seldom finds */
	assert(vmclock_parse(page, &c) == 0);
	if (vmclock_time_at(&c, counter, &t) == 0)
		assert(t.error_ns >= 0 && t.bound_ns >= 0);
	return 0;
}
