/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "common/core/tstime.h"

/* Rates beyond this are nonsense; the limit keeps the products below inside 128 bits. */
#define RATE_LIMIT_PPB 1e12

struct ts_dur ts_dur_from_s(double seconds)
{
	double ns = seconds * 1e9;

	if (isnan(ns))
		return (struct ts_dur){0};
	if (ns >= 0x1p63)
		return (struct ts_dur){INT64_MAX};
	if (ns < -0x1p63)
		return (struct ts_dur){INT64_MIN};
	return (struct ts_dur){llrint(ns)};
}

/*
 * ns * rate, rounded. Whole ppb are multiplied as integers; only the fraction of a ppb goes through
 * a double, where the product is below 1e10 ns for any int64 and so better than 1e-5 ns.
 */
static __int128 scale_ppb(int64_t ns, double rate_ppb)
{
	double clamped = fmax(-RATE_LIMIT_PPB, fmin(RATE_LIMIT_PPB, rate_ppb));
	int64_t whole_ppb = (int64_t)clamped;
	double part_ppb = clamped - (double)whole_ppb;
	__int128 product = (__int128)ns * whole_ppb;
	double rest_ns = (double)(int64_t)(product % NS_PER_S) * 1e-9;

	return product / NS_PER_S + llrint(rest_ns + (double)ns * part_ppb * 1e-9);
}

struct ts_utc ts_line_at(const struct ts_line *line, struct ts_raw raw)
{
	__int128 d = (__int128)raw.ns - line->raw.ns;
	double rate_ppb = isnan(line->rate_ppb) ? 0 : line->rate_ppb;

	return (struct ts_utc){ts_saturate(line->utc.ns + d + scale_ppb(ts_saturate(d), rate_ppb))};
}

struct ts_raw ts_line_when(const struct ts_line *line, struct ts_utc utc)
{
	double rate_ppb = isnan(line->rate_ppb) ? 0 : line->rate_ppb;
	int64_t d = ts_sat_sub(utc.ns, line->utc.ns);
	double inverse_ppb;
	struct ts_raw raw;
	int i;

	/* a line that stands still or runs backwards meets no later time */
	if (rate_ppb <= -1e9)
		return d > 0 ? TS_RAW_NEVER : line->raw;

	inverse_ppb = -rate_ppb / (1 + rate_ppb * 1e-9);
	raw.ns = ts_saturate((__int128)line->raw.ns + d + scale_ppb(d, inverse_ppb));
	/* what the rounding of inverse_ppb left over; twice, for rates near the limits */
	for (i = 0; i < 2; i++) {
		int64_t left = ts_sat_sub(utc.ns, ts_line_at(line, raw).ns);

		raw.ns = ts_saturate((__int128)raw.ns + left + scale_ppb(left, inverse_ppb));
	}
	return raw;
}
