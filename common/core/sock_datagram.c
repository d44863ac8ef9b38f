/* SPDX-License-Identifier: MIT */
#include "common/core/sock_datagram.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define SECONDS_MAX  (INT64_MAX / NS_PER_S - 1)
#define OFFSET_MAX_S 4e9

int sock_datagram_decode(const void *data, size_t size, struct sock_sample *ret)
{
	struct sock_datagram d;
	int64_t system_ns, offset_ns, sum_ns;
	double whole_s;

	if (size != sizeof(d))
		return -EBADMSG;
	memcpy(&d, data, sizeof(d));
	if (d.magic != SOCK_DATAGRAM_MAGIC || !isfinite(d.offset_s))
		return -EBADMSG;
	if (d.tv_s < 0 || d.tv_s > SECONDS_MAX || d.tv_us < 0 || d.tv_us > 999999)
		return -EBADMSG;
	if (fabs(d.offset_s) > OFFSET_MAX_S)
		return -EBADMSG;
	/* seconds and rest apart: a large offset keeps its nanoseconds */
	whole_s = trunc(d.offset_s);
	offset_ns = (int64_t)whole_s * NS_PER_S + (int64_t)round((d.offset_s - whole_s) * 1e9);
	system_ns = d.tv_s * NS_PER_S + d.tv_us * NS_PER_US;
	sum_ns = ts_sat_add(system_ns, offset_ns);
	if (sum_ns < 0 || sum_ns == INT64_MAX)
		return -EBADMSG;
	*ret = (struct sock_sample){
		.system = {system_ns},
		.reference = {sum_ns},
		.pulse = d.pulse != 0,
		.leap = d.leap >= 0 && d.leap <= 2 ? d.leap : 3,
	};
	return 0;
}

int sock_datagram_encode(const struct sock_sample *sample, struct sock_datagram *ret)
{
	int64_t us;

	if (sample->system.ns < 0 || sample->reference.ns < 0)
		return -ERANGE;
	us = sample->system.ns / NS_PER_US;
	memset(ret, 0, sizeof(*ret));
	ret->tv_s = us / 1000000;
	ret->tv_us = us % 1000000;
	ret->offset_s = (double)(sample->reference.ns - sample->system.ns) * 1e-9;
	ret->pulse = sample->pulse;
	ret->leap = sample->leap;
	ret->magic = SOCK_DATAGRAM_MAGIC;
	return 0;
}
