/* SPDX-License-Identifier: MIT */
#include "selectd/core/classic_loop.h"

#include <math.h>
#include <string.h>

void classic_loop_init(struct classic_loop *l, double rate_ppb, double rate_sd_ppb)
{
	memset(l, 0, sizeof(*l));
	l->line.rate_ppb = rate_ppb;
	l->prior_sd_ppb = rate_sd_ppb;
}

static bool knows_rate(const struct classic_loop *l)
{
	return l->state == CLASSIC_SYNC || l->state == CLASSIC_SPIK;
}

static double average(double rms, double value, double floor)
{
	double v = fmax(fabs(value), floor);

	return sqrt(rms * rms + (v * v - rms * rms) / CLASSIC_AVG);
}

static void set_rate(struct classic_loop *l, double change_ppb)
{
	double rate = l->line.rate_ppb + change_ppb;

	l->line.rate_ppb = fmax(fmin(rate, CLASSIC_MAXFREQ_PPB), -CLASSIC_MAXFREQ_PPB);
	l->change_ppb = average(l->change_ppb, change_ppb, 0);
}

static void anchor(struct classic_loop *l, const struct classic_stage *s)
{
	l->line.raw = s->raw;
	l->line.utc = s->utc;
}

static void begin(struct classic_loop *l, const struct classic_stage *s)
{
	l->state = l->prior_sd_ppb <= CLASSIC_PHI_PPB ? CLASSIC_SYNC : CLASSIC_FREQ;
	l->start = *s;
	anchor(l, s);
}

/* Direct measurement, against the line of the prior from the first sample. */
static bool measure(struct classic_loop *l, const struct classic_stage *s)
{
	struct ts_line from = {l->start.raw, l->start.utc, l->line.rate_ppb};
	double mu_s = ts_dur_to_s(ts_raw_sub(s->raw, l->start.raw));

	if (mu_s < CLASSIC_WATCH_S)
		return false;
	l->state = CLASSIC_SYNC;
	set_rate(l, classic_offset_ns(s, &from) / mu_s);
	l->change_ppb = 0; /* the first rate is none of its changes */
	return true;
}

/* Above STEPT. */
static bool outlier(struct classic_loop *l, const struct classic_stage *s, double mu_s)
{
	if (l->state == CLASSIC_SYNC) {
		l->state = CLASSIC_SPIK;
		return false;
	}
	if (l->state == CLASSIC_FREQ ? !measure(l, s) : mu_s < CLASSIC_WATCH_S)
		return false;
	l->state = CLASSIC_SYNC;
	anchor(l, s);
	return true;
}

static void lock_frequency(struct classic_loop *l, double offset_ns, double mu_s)
{
	double over_s = fmax(mu_s, CLASSIC_ALLAN_S);

	set_rate(l, offset_ns / (over_s * CLASSIC_AVG));
	l->lag_ppb += (offset_ns - l->lag_ppb * mu_s) / over_s;
}

bool classic_loop_update(struct classic_loop *l, const struct classic_peer *peer)
{
	const struct classic_stage *s = &peer->best;
	double mu_s = ts_dur_to_s(ts_raw_sub(s->raw, l->line.raw));

	if (l->state == CLASSIC_NSET) {
		begin(l, s);
		return true;
	}
	if (fabs(peer->offset_ns) > CLASSIC_STEPT_NS)
		return outlier(l, s, mu_s);
	l->clock_jitter_ns = average(l->clock_jitter_ns, peer->offset_ns, s->dispersion_ns);
	l->interval_s = mu_s;
	if (!knows_rate(l))
		measure(l, s);
	else
		lock_frequency(l, peer->offset_ns, mu_s);
	if (l->state == CLASSIC_SPIK)
		l->state = CLASSIC_SYNC;
	anchor(l, s);
	l->span_s = ts_dur_to_s(ts_raw_sub(s->raw, l->start.raw));
	return true;
}

double classic_loop_rate_sd_ppb(const struct classic_loop *l, double jitter_ns)
{
	double over_s = fmin(l->span_s, CLASSIC_AVG * CLASSIC_ALLAN_S), sd_ppb;

	if (!knows_rate(l) || over_s <= 0)
		return l->prior_sd_ppb;
	sd_ppb = sqrt(2) * jitter_ns / over_s; /* both ends are off */
	return sqrt(sd_ppb * sd_ppb + l->lag_ppb * l->lag_ppb);
}

double classic_loop_wander_ppb(const struct classic_loop *l)
{
	return l->interval_s > 0 ? l->change_ppb / sqrt(l->interval_s) : 0;
}

void classic_loop_shift(struct classic_loop *l, struct ts_dur shift)
{
	l->line.utc = ts_utc_add(l->line.utc, shift);
	l->start.utc = ts_utc_add(l->start.utc, shift);
}
