/* SPDX-License-Identifier: MIT */
/* A line that claims to be gpsd's, whole and cut. */
#include <assert.h>
#include <string.h>

#include "refclockd/core/gpsd_json.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int cut = 0; cut < 2; cut++) {
		struct gpsd_object o;
		struct ts_utc real, clock;

		if (gpsd_json_parse((const char *)data, size, cut, &o) < 0)
			continue;
		assert(strlen(o.device) < GPSD_DEVICE_SIZE);
		assert(strlen(o.message) < GPSD_MESSAGE_SIZE);
		assert(gpsd_json_error_ns(&o) >= 0);
		if (gpsd_json_pair(&o, &real, &clock) == 0)
			assert(real.ns >= 0 && clock.ns >= 0);
	}
	return 0;
}
