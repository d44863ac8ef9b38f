/* SPDX-License-Identifier: MIT */
#include "common/core/ntpshm_layout.h"

#include <errno.h>
#include <stdbool.h>

#define US_PER_S    1000000
#define SECONDS_MAX (INT64_MAX / NS_PER_S - 1)

static bool stamp_ok(int64_t s, int32_t us)
{
	return s >= 0 && s <= SECONDS_MAX && us >= 0 && us < US_PER_S;
}

static bool agrees(uint32_t ns, int32_t us)
{
	return ns / 1000 == (uint32_t)us;
}

static int64_t join(int64_t s, int32_t us, uint32_t ns, bool has_ns)
{
	return s * NS_PER_S + (has_ns ? (int64_t)ns : us * NS_PER_US);
}

int ntpshm_decode(const struct ntpshm_segment *copy, struct ntpshm_sample *ret)
{
	bool has_ns;

	if (copy->mode != 0 && copy->mode != 1)
		return -EBADMSG;
	if (!stamp_ok(copy->clock_s, copy->clock_us) ||
		!stamp_ok(copy->receive_s, copy->receive_us))
		return -EBADMSG;
	has_ns = agrees(copy->clock_ns, copy->clock_us) &&
		 agrees(copy->receive_ns, copy->receive_us);
	*ret = (struct ntpshm_sample){
		.reference = {join(copy->clock_s, copy->clock_us, copy->clock_ns, has_ns)},
		.receive = {join(copy->receive_s, copy->receive_us, copy->receive_ns, has_ns)},
		.leap = NTPSHM_LEAP_UNSYNC,
		.precision = copy->precision >= -32 && copy->precision <= 0 ? copy->precision : 0,
		.resolution_ns = has_ns ? 1 : NS_PER_US,
	};
	if (copy->leap >= NTPSHM_LEAP_NONE && copy->leap <= NTPSHM_LEAP_DELETE)
		ret->leap = (enum ntpshm_leap)copy->leap;
	return 0;
}

int ntpshm_encode(const struct ntpshm_sample *sample, struct ntpshm_segment *ret)
{
	int64_t clock_ns = sample->reference.ns % NS_PER_S;
	int64_t receive_ns = sample->receive.ns % NS_PER_S;

	if (sample->reference.ns < 0 || sample->receive.ns < 0)
		return -ERANGE;
	ret->clock_s = sample->reference.ns / NS_PER_S;
	ret->clock_us = (int32_t)(clock_ns / NS_PER_US);
	ret->clock_ns = (uint32_t)clock_ns;
	ret->receive_s = sample->receive.ns / NS_PER_S;
	ret->receive_us = (int32_t)(receive_ns / NS_PER_US);
	ret->receive_ns = (uint32_t)receive_ns;
	ret->leap = (int32_t)sample->leap;
	ret->precision = sample->precision;
	ret->nsamples = 3;
	return 0;
}
