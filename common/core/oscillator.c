/* SPDX-License-Identifier: MIT */
#include "common/core/oscillator.h"

#include <errno.h>
#include <math.h>

#include "common/core/tstime.h"

#define FE_PER_PPB  1e6
#define FE	    INT64_C(1000000000000000)
#define RATE_FE_MAX (FE / 10 * 4)

int oscillator_init(
	struct oscillator *o, int64_t epoch_ns, double freq_ppb, double wander, uint64_t seed)
{
	/* Written so that NaN fails too. */
	if (!(fabs(freq_ppb) <= OSCILLATOR_FREQ_PPB_MAX) || epoch_ns < 0)
		return -ERANGE;
	if (!(wander >= 0.0 && wander <= OSCILLATOR_WANDER_MAX))
		return -ERANGE;
	*o = (struct oscillator){
		.epoch_ns = epoch_ns,
		.freq_fe = llround(freq_ppb * FE_PER_PPB),
		.wander_fe = llround(wander * (double)FE),
		.seed = seed,
	};
	return 0;
}

static uint64_t mix(uint64_t x)
{
	/* SplitMix64's finalizer (Steele, Lea, Flood 2014). */
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Step of the rate at the start of a second: a sum of twelve uniform numbers is normal enough,
 * and needs no libm, whose last bit differs between machines. */
static int64_t walk_step(const struct oscillator *o, int64_t second)
{
	uint64_t state = mix(o->seed ^ mix((uint64_t)second + UINT64_C(0x9e3779b97f4a7c15)));
	int64_t sum = 0;

	for (int i = 0; i < 12; i++) {
		state += UINT64_C(0x9e3779b97f4a7c15);
		sum += (int64_t)(mix(state) >> 32);
	}
	sum -= INT64_C(6) << 32;
	return (int64_t)(((__int128)o->wander_fe * sum) >> 32);
}

/* The walk may wander anywhere, the clock may not stand still or run backwards. */
static int64_t rate_used(const struct oscillator *o)
{
	if (o->rate_fe > RATE_FE_MAX)
		return RATE_FE_MAX;
	return o->rate_fe < -RATE_FE_MAX ? -RATE_FE_MAX : o->rate_fe;
}

static void walk_to(struct oscillator *o, int64_t second)
{
	while (o->second < second) {
		o->phase += (__int128)rate_used(o) * NS_PER_S;
		o->second++;
		o->rate_fe += walk_step(o, o->second);
	}
	while (o->second > second) {
		o->rate_fe -= walk_step(o, o->second);
		o->second--;
		o->phase -= (__int128)rate_used(o) * NS_PER_S;
	}
}

int64_t oscillator_at(struct oscillator *o, int64_t kernel_raw_ns)
{
	int64_t since_ns, whole;
	__int128 bend;

	if (kernel_raw_ns < o->epoch_ns)
		return kernel_raw_ns;
	since_ns = kernel_raw_ns - o->epoch_ns;
	bend = (__int128)o->freq_fe * since_ns;
	if (o->wander_fe) {
		walk_to(o, since_ns / NS_PER_S);
		bend += o->phase + (__int128)rate_used(o) * (since_ns % NS_PER_S);
	}
	whole = (int64_t)(bend / FE);
	if (bend % FE < 0)
		whole--;
	return ts_sat_add(kernel_raw_ns, whole);
}
