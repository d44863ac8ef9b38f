/* SPDX-License-Identifier: MIT */
#include <math.h>
#include "common/core/ntptime.h"

#define SHORT_MAX_NS INT64_C(65535999984741) /* ceil((2^32 - 1) * 1e9 / 2^16) */

/* Whole seconds, rounded down, and the ns that are left. */
static int64_t whole_s(struct ts_utc t, int64_t *ret_ns)
{
	int64_t ns = t.ns % NS_PER_S;

	*ret_ns = ns < 0 ? ns + NS_PER_S : ns;
	return t.ns / NS_PER_S - (ns < 0);
}

uint64_t ntp_from_utc(struct ts_utc t)
{
	int64_t ns, s = whole_s(t, &ns);
	/* 999999999 ns round to less than 2^32: no carry */
	uint64_t fraction = (((uint64_t)ns << 32) + (uint64_t)NS_PER_S / 2) / (uint64_t)NS_PER_S;
	uint64_t timestamp = (uint64_t)(s + NTP_UNIX_S) << 32 | fraction;

	return timestamp == NTP_TIMESTAMP_NONE ? 1 : timestamp;
}

/* 2^-32 s to ns, to nearest; up to 1e9 ns. */
static int64_t fraction_ns(uint64_t timestamp)
{
	uint64_t fraction = timestamp & UINT32_MAX;

	return (int64_t)((fraction * (uint64_t)NS_PER_S + (UINT64_C(1) << 31)) >> 32);
}

struct ts_utc ntp_to_utc(uint64_t timestamp, struct ts_utc pivot)
{
	int64_t pivot_ns, pivot_s = whole_s(pivot, &pivot_ns);
	uint32_t ahead = (uint32_t)(timestamp >> 32) - (uint32_t)(pivot_s + NTP_UNIX_S);
	int64_t d = (int32_t)ahead;

	/* whole seconds say "half an era back" where the fraction says "not quite" */
	if (d == INT32_MIN && fraction_ns(timestamp) < pivot_ns)
		d = -d;
	return (struct ts_utc){
		ts_saturate((__int128)(pivot_s + d) * NS_PER_S + fraction_ns(timestamp))};
}

struct ts_dur ntp_sub(uint64_t a, uint64_t b)
{
	__int128 d = (int64_t)(a - b);

	return (struct ts_dur){(int64_t)((d * NS_PER_S + (INT64_C(1) << 31)) >> 32)};
}

/* The smallest s with ntp_short_to_dur(s) >= d. */
uint32_t ntp_short_from_dur(struct ts_dur d)
{
	if (d.ns <= 0)
		return 0;
	if (d.ns >= SHORT_MAX_NS)
		return UINT32_MAX;
	return (uint32_t)(((__int128)(d.ns - 1) << 16) / NS_PER_S + 1);
}

struct ts_dur ntp_short_to_dur(uint32_t s)
{
	uint64_t product = (uint64_t)s * (uint64_t)NS_PER_S;

	return (struct ts_dur){(int64_t)((product + UINT16_MAX) >> 16)};
}

struct ts_dur ntp_exponent_to_dur(int exponent)
{
	struct ts_dur d;

	if (exponent > 33)
		return (struct ts_dur){INT64_MAX};
	if (exponent < -30)
		return (struct ts_dur){1};
	d.ns = llrint(ldexp(1e9, exponent));
	return d;
}

int ntp_exponent_from_dur(struct ts_dur d)
{
	int exponent = -30;

	while (exponent < 34 && ntp_exponent_to_dur(exponent).ns < d.ns)
		exponent++;
	return exponent;
}
