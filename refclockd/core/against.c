/* SPDX-License-Identifier: MIT */
#include "refclockd/core/against.h"

#include <inttypes.h>
#include <stdio.h>

#include "refclockd/core/pulse.h"
#include "refclockd/core/sanity.h"

int64_t against_seconds(const struct refclock *rc, const struct refclock_reading *reading)
{
	struct lock_reference e = pulse_estimate_at(&rc->estimate, reading->raw);
	int64_t off_ns, rest_ns, s, doubt_ns;

	if (!e.valid || rc->estimate.is_own || reading->pulse)
		return 0;
	doubt_ns = ts_sat_add(e.error_ns,
		sanity_limited(reading->width_ns) / 2 + sanity_dispersion_ns(rc, reading));
	if (doubt_ns > AGAINST_DOUBT_MAX_NS)
		return 0;
	off_ns = ts_utc_sub(sanity_utc(rc, reading), e.utc).ns;
	s = off_ns / NS_PER_S;
	rest_ns = off_ns % NS_PER_S;
	if (rest_ns > NS_PER_S / 2) {
		rest_ns -= NS_PER_S;
		s++;
	} else if (rest_ns < -NS_PER_S / 2) {
		rest_ns += NS_PER_S;
		s--;
	}
	if (rest_ns < 0)
		rest_ns = -rest_ns;
	return rest_ns <= AGAINST_SLACK_NS + doubt_ns ? s : 0;
}

/* TAI-UTC by the estimate that showed the seconds to be wrong. */
static int64_t tai_s(const struct refclock *rc)
{
	return rc->leaps && rc->leaps->count > 0 ? leaplist_tai_s(rc->leaps, rc->estimate.line.utc)
						 : REFCLOCK_TAI_OFFSET_S;
}

enum reject against_verdict(const struct refclock *rc, int64_t seconds)
{
	if (rc->estimate.sources < AGAINST_SOURCES_MIN || (seconds >= -1 && seconds <= 1))
		return reject_ok;
	return seconds == tai_s(rc) || seconds == -tai_s(rc) ? reject_tai : reject_second;
}

void against_explain(const struct refclock *rc, int64_t seconds, char text[REFCLOCK_TEXT_SIZE])
{
	const char *why = "seconds are counted wrongly";

	if (seconds == tai_s(rc))
		why = "it shows TAI: option tai takes that off";
	else if (seconds == -tai_s(rc) && rc->config.tai)
		why = "it shows UTC: leave out option tai";
	else if (seconds == -tai_s(rc))
		why = "TAI - UTC was taken off once too often";
	(void)snprintf(text, REFCLOCK_TEXT_SIZE, "off by %" PRId64 " s from the other sources: %s",
		seconds, why);
}
