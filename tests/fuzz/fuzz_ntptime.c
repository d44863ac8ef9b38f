/* SPDX-License-Identifier: MIT */
/* Any stamp, pivot and duration: conversions invert each other, nothing overflows, bounds hold. */
#include <stdlib.h>
#include "common/core/ntptime.h"
#include "common/core/wirebuf.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t half_era_ns = (INT64_C(1) << 31) * NS_PER_S;
	struct ts_utc pivot, t;
	struct wire_reader r;
	uint64_t stamp;
	int64_t d;
	uint32_t s;

	wire_reader_init(&r, data, size);
	stamp = wire_get_u64(&r);
	pivot.ns = (int64_t)wire_get_u64(&r);
	d = (int64_t)wire_get_u64(&r);
	s = wire_get_u32(&r);

	t = ntp_to_utc(stamp, pivot);
	must(llabs(ts_utc_sub(t, pivot).ns / 2) <= half_era_ns / 2 + 1);
	if (t.ns != INT64_MAX && t.ns != INT64_MIN) {
		/* to the ns: 4.3 units of a stamp */
		must(llabs((int64_t)(ntp_from_utc(t) - stamp)) <= 3);
		must(ntp_to_utc(ntp_from_utc(t), t).ns == t.ns);
	}
	ntp_sub(stamp, (uint64_t)d);
	must(ntp_short_from_dur(ntp_short_to_dur(s)) == s);
	if (d < INT64_C(65535) * NS_PER_S)
		must(ntp_short_to_dur(ntp_short_from_dur((struct ts_dur){d})).ns >= d);
	must(ntp_exponent_to_dur((int8_t)s).ns >= 1);
	must(ntp_exponent_to_dur(ntp_exponent_from_dur((struct ts_dur){d})).ns >= d);
	return 0;
}
