/* SPDX-License-Identifier: MIT */
#include "tests/sim/world.h"

#include <math.h>
#include <string.h>

#define FREQ_UNIT_PPB (1000.0 / 65536)
#define FREQ_MAX_PPB  490e3
#define TICK_PPB      1e5 /* 100 Hz: one us of 10000 */
#define DAY_NS	      (86400 * NS_PER_S)
#define LEAPING_NS    (2 * NS_PER_S)

/* ---- oscillator ---- */

static void next_second(struct world *w)
{
	const struct osc_config *o = &w->osc;
	double middle_s = (double)w->second_end * 1e-9 + 0.5;

	w->walk_ppb += 1e9 * o->wander * prng_normal(&w->osc_noise);
	w->rate_ppb = 1e3 * o->freq_ppm + w->walk_ppb + w->jump_ppb;
	if (o->white_ppb > 0)
		w->rate_ppb += o->white_ppb * prng_normal(&w->osc_noise);
	if (o->temp_ppb > 0)
		w->rate_ppb += o->temp_ppb * sin(2 * M_PI * middle_s / o->temp_period_s);
	w->second_end += NS_PER_S;
}

void world_init(struct world *w, const struct osc_config *osc, const struct clock_config *clock,
	enum leap leap, int64_t leap_t, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->osc = *osc;
	prng_init(&w->osc_noise, seed ^ UINT64_C(0x6f7363));
	prng_init(&w->read_noise, seed ^ UINT64_C(0x72656164));
	w->leap = leap;
	w->leap_t = leap == leap_none ? INT64_MAX : leap_t;
	w->epoch_ns = leap_t == INT64_MAX ? WORLD_EPOCH_NS : WORLD_MONTH_END_NS - leap_t;
	if (leap == leap_remove)
		w->epoch_ns = WORLD_MONTH_END_NS - NS_PER_S - leap_t;
	next_second(w);
	w->kernel.config = *clock;
	w->kernel.raw = world_raw(w);
	w->kernel.utc_ns = world_utc(w).ns + llround(clock->offset_ms * 1e6);
	w->kernel.rate_ppb = clock->residual_ppb;
	w->kernel.pending = TS_RAW_NEVER;
}

void world_advance(struct world *w, int64_t t)
{
	while (t > w->second_end) {
		w->phase_ns += w->rate_ppb * 1e-9 * (double)(w->second_end - w->t);
		w->t = w->second_end;
		next_second(w);
	}
	if (t <= w->t)
		return;
	w->phase_ns += w->rate_ppb * 1e-9 * (double)(t - w->t);
	w->t = t;
}

void world_sleep(struct world *w, int64_t ns, int64_t error_ns)
{
	double phase_ns = w->phase_ns;
	struct ts_raw now = world_raw(w);

	world_advance(w, w->t + ns);
	w->slept_ns += ns;
	w->phase_ns = phase_ns;
	(void)kclock_utc(&w->kernel, now);
	w->kernel.utc_ns += ns + error_ns;
}

struct ts_raw world_raw(const struct world *w)
{
	return (struct ts_raw){
		WORLD_RAW_START_NS + w->t - w->slept_ns + (int64_t)floor(w->phase_ns)};
}

struct ts_utc world_utc_at(const struct world *w, int64_t t)
{
	int64_t jump = 0;

	if (t >= w->leap_t)
		jump = w->leap == leap_insert ? -NS_PER_S : NS_PER_S;
	return (struct ts_utc){w->epoch_ns + t + jump};
}

struct ts_utc world_utc(const struct world *w)
{
	return world_utc_at(w, w->t);
}

int64_t world_when(const struct world *w, struct ts_raw raw)
{
	double left = (double)ts_raw_sub(raw, world_raw(w)).ns;

	if (left <= 0)
		return w->t;
	if (ts_raw_is_never(raw) || left > 4e18)
		return INT64_MAX;
	return ts_sat_add(w->t, (int64_t)ceil(left / (1 + w->rate_ppb * 1e-9)));
}

bool world_leaping(const struct world *w)
{
	return w->leap != leap_none && w->t > w->leap_t - LEAPING_NS &&
	       w->t < w->leap_t + LEAPING_NS;
}

/* ---- kernel clock ---- */

static void run_to(struct kclock *k, struct ts_raw to)
{
	int64_t elapsed = ts_raw_sub(to, k->raw).ns;
	double gain = (double)elapsed * k->rate_ppb * 1e-9 + k->fraction_ns;

	k->utc_ns += elapsed + (int64_t)floor(gain);
	k->fraction_ns = gain - floor(gain);
	k->raw = to;
}

int64_t kclock_utc(struct kclock *k, struct ts_raw now)
{
	if (!ts_raw_before(now, k->pending)) {
		run_to(k, k->pending);
		k->pending = TS_RAW_NEVER;
		k->rate_ppb = k->command_ppb + k->config.residual_ppb;
	}
	if (ts_raw_before(k->raw, now))
		run_to(k, now);
	if (k->leap != leap_none && !k->leaped && k->utc_ns >= k->leap_at_ns) {
		k->utc_ns += k->leap == leap_insert ? -NS_PER_S : NS_PER_S;
		k->leaped = true;
	}
	return k->utc_ns;
}

void kclock_set(struct kclock *k, struct ts_raw now, double command_ppb)
{
	double rest = command_ppb, coarse = 0;

	if (fabs(command_ppb) > FREQ_MAX_PPB) {
		coarse = TICK_PPB * round(command_ppb / TICK_PPB);
		rest -= coarse;
	}
	(void)kclock_utc(k, now);
	if (!ts_raw_is_never(k->pending))
		k->rate_ppb = k->command_ppb + k->config.residual_ppb;
	k->command_ppb = coarse + FREQ_UNIT_PPB * round(rest / FREQ_UNIT_PPB);
	k->pending = ts_raw_add(now, (struct ts_dur){(int64_t)(k->config.delay_ms * 1e6)});
	(void)kclock_utc(k, now);
}

void kclock_step(struct kclock *k, struct ts_raw now, int64_t ns)
{
	(void)kclock_utc(k, now);
	k->utc_ns += ns;
	k->leap = leap_none;
	k->leaped = false;
}

void kclock_leap(struct kclock *k, struct ts_raw now, enum leap leap)
{
	int64_t utc = kclock_utc(k, now);

	if (leap != leap_insert && leap != leap_remove) {
		k->leap = leap_none;
		k->leaped = false;
		return;
	}
	if (k->leaped)
		return;
	k->leap = leap;
	k->leap_at_ns = (utc / DAY_NS + 1) * DAY_NS - (leap == leap_remove ? NS_PER_S : 0);
}

double kclock_rate_ppb(struct kclock *k, struct ts_raw now)
{
	(void)kclock_utc(k, now);
	return k->rate_ppb;
}
