/* SPDX-License-Identifier: MIT */
/* A segment that anybody may have written, through decoder and core. */
#include <assert.h>
#include <string.h>

#include "common/core/ntpshm_layout.h"
#include "refclockd/core/refclock.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refclock_config config = {
		.name = "SHM0", .kind = source_kind_shm, .polled = true, .poll = 4, .stratum = 1};
	struct ts_raw now = {1000 * NS_PER_S};
	struct refclock_out out;
	struct refclock rc;

	refclock_init(&rc, &config, now);
	refclock_on_opened(&rc, now, "SHM unit 0");
	for (; size >= sizeof(struct ntpshm_segment);
		data += sizeof(struct ntpshm_segment), size -= sizeof(struct ntpshm_segment)) {
		struct ntpshm_segment segment, again = {0};
		struct ntpshm_sample sample, same;
		struct refclock_reading reading = {.reject = reject_format};

		memcpy(&segment, data, sizeof(segment));
		if (ntpshm_decode(&segment, &sample) == 0) {
			assert(sample.reference.ns >= 0 && sample.receive.ns >= 0);
			assert(sample.precision >= -32 && sample.precision <= 0);
			assert(ntpshm_encode(&sample, &again) == 0);
			assert(ntpshm_decode(&again, &same) == 0);
			assert(same.reference.ns == sample.reference.ns);
			assert(same.receive.ns == sample.receive.ns);
			reading = (struct refclock_reading){.raw = {sample.receive.ns},
				.utc = sample.reference,
				.leap = (enum leap)sample.leap};
		}
		now.ns += NS_PER_S;
		refclock_on_reading(&rc, now, &reading);
		refclock_on_deadline(&rc, now);
		while (refclock_next_out(&rc, &out)) {
			if (out.type != REFCLOCK_OUT_SAMPLE)
				continue;
			assert(out.u.sample.raw_ns >= 0 && out.u.sample.utc_ns >= 0);
			assert(out.u.sample.delay_ns >= 0 && out.u.sample.dispersion_ns >= 0);
		}
		assert(ts_raw_before(now, refclock_deadline(&rc)));
	}
	return 0;
}
