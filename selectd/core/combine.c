/* SPDX-License-Identifier: MIT */
#include "selectd/core/combine.h"
#include "selectd/core/recall.h"

#include <math.h>

#define RATE_FLOOR_PPB                                                                             \
	1.0 /* between well-kept servers; keeps one lucky window from ruling alone                 \
	     */
#define OWN_RATE_SHARE 0.25
#define CERTAIN_SIGMAS 7.0
#define WITNESSES      3

_Static_assert(JOINT_MAX >= SOURCES_MAX, "every source has a bias");

static bool has_weight(const struct source *s)
{
	return s->used && s->now.weight > 0;
}

/* Silent, but its line is foretold yet. */
static bool fades(const struct source *s)
{
	return s->used && s->now.has_track && s->bias.known && s->bias.fades;
}

/* Who is silent is missed; who is wrong, or has become another, is not. */
static enum joint_role role(const struct source *s)
{
	if (has_weight(s))
		return JOINT_TAKES_PART;
	if (s->now.agrees)
		return JOINT_LISTENS;
	if (s->told_false)
		return JOINT_SHUT_OUT;
	switch (s->now.reason) {
	case verdict_reason_unreachable:
	case verdict_reason_no_samples:
	case verdict_reason_stale:
	case verdict_reason_distance:
	case verdict_reason_jitter:
	case verdict_reason_pulse:
		return fades(s) ? JOINT_FADES : JOINT_AWAY;
	default:
		return JOINT_SHUT_OUT;
	}
}

static void combine_rate(const struct source *sources, int n, struct combination *c)
{
	double weights = 0, sum = 0, own = 0, common = 0;

	for (int i = 0; i < n; i++) {
		const struct track_state *st = &sources[i].now.track;
		double v = st->rate_sd_ppb * st->rate_sd_ppb + RATE_FLOOR_PPB * RATE_FLOOR_PPB;

		if (role(&sources[i]) != JOINT_TAKES_PART && role(&sources[i]) != JOINT_FADES)
			continue;
		weights += 1 / v;
		sum += st->line.rate_ppb / v;
		own += st->rate_sd_ppb * st->rate_sd_ppb / (v * v);
		common += st->rate_sd_ppb / v;
	}
	c->line.rate_ppb = sum / weights;
	c->rate_sd_ppb =
		sqrt(OWN_RATE_SHARE * own + (1 - OWN_RATE_SHARE) * common * common) / weights;
}

static struct ts_raw newest_of(const struct source *sources, int n)
{
	struct ts_raw newest = {0};

	for (int i = 0; i < n; i++)
		if (has_weight(&sources[i]) && ts_raw_before(newest, sources[i].now.track.newest))
			newest = sources[i].now.track.newest;
	return newest;
}

static int readings(struct source *sources, int n, struct joint_reading *r)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		struct source *s = &sources[i];

		if (!s->used)
			continue;
		recall_settle(s);
		r[count++] = (struct joint_reading){
			.bias = &s->bias,
			.role = role(s),
			.offset_ns = s->now.offset_ns,
			.sd_ns = s->now.track.offset_sd_ns,
			.rate_sd_ppb = s->now.track.rate_sd_ppb,
			.prior_ns2 = s->now.lasting_ns2,
		};
	}
	return count;
}

/* What the round trip of any that is combined may hide, at least. */
static int64_t hidden_ns(const struct source *sources, int n)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < n; i++) {
		const struct source *s = &sources[i];
		int64_t trip;

		if (!has_weight(s))
			continue;
		trip = ts_sat_add(s->now.track.base_delay_ns, s->newest.root_delay_ns);
		least = trip / 2 < least ? trip / 2 : least;
	}
	return least;
}

/* combine.h tells why. */
static int64_t bound_ns(
	const struct selection *sel, const struct joint_phase *phase, int64_t trips_hide_ns)
{
	int64_t up = ts_sat_sub(sel->high_ns, phase->offset_ns);
	int64_t down = ts_sat_sub(phase->offset_ns, sel->low_ns);
	int64_t far = up > down ? up : down, half = up / 2 + down / 2 + 1;
	int64_t least = ts_sat_sub(far, trips_hide_ns);
	double likely = CERTAIN_SIGMAS * phase->sd_ns;

	if (sel->combined < WITNESSES || !(likely < (double)far))
		return far;
	least = half > least ? half : least;
	return likely > (double)least ? llround(likely) : least;
}

void combine_run(struct joint *joint, struct source *sources, int n, const struct selection *sel,
	struct combination *ret)
{
	struct combination c = {
		.wander_ppb = sources[sel->selected].now.track.wander_ppb,
		.newest = newest_of(sources, n),
	};
	struct joint_reading r[SOURCES_MAX] = {{0}};
	struct joint_occasion o;
	struct joint_phase phase;

	combine_rate(sources, n, &c);
	o = (struct joint_occasion){
		.at = sel->at,
		.base = sel->base,
		.rate_ppb = c.line.rate_ppb,
		.rate_sd_ppb = c.rate_sd_ppb,
		.wander_ppb = c.wander_ppb,
		.low_ns = sel->low_ns,
		.high_ns = sel->high_ns,
	};
	joint_run(joint, r, readings(sources, n, r), &o, &phase);
	c.offset_sd_ns = phase.sd_ns;
	c.line.raw = sel->at;
	c.line.utc = ts_utc_add(sel->base, (struct ts_dur){phase.offset_ns});
	c.bound_ns = bound_ns(sel, &phase, hidden_ns(sources, n));
	*ret = c;
}
