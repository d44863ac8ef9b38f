/* SPDX-License-Identifier: MIT */
/*
 * The estimator `classic`: NTP's clock filter (classic_filter.h) and what its clock state machine
 * makes of it (classic_loop.h), to RFC 5905 and no better: what others are to be compared with.
 *
 * A choice of the filter is used once and never if an older one than the last (the prime
 * directive), and not if it lies off by more than SGATE jitters so soon after the last (popcorn
 * spike suppressor). As in the RFC's code the jitter includes the spike, so that with a full
 * register it seldom suppresses anything.
 *
 * The standard deviation of the offset is the filter's jitter, and the rate's over the time since
 * the choice. While the dispersion is above MAXDIST (fewer than four samples), when the RFC does
 * not follow a server yet, it is half the delay if that is more. What bounds the truth is the same
 * for all estimators (hardbound.h). The RFC's timeouts (empty stages after three polls without an
 * answer) are not there: an estimator sees samples, and old ones are never chosen again.
 */
#include "selectd/core/track_private.h"
#include "selectd/core/classic_loop.h"

#include <math.h>
#include <stdio.h>

#define SGATE	     3.0 /* spike gate */
#define MAXDIST_NS   1e9 /* distance threshold */
#define RATE_SD_PPB  1e5 /* if the configuration has no prior: any crystal */
#define PHASE_MAX_NS 4e18

struct track_classic {
	struct track_config config;
	struct classic_filter filter;
	struct classic_loop loop;
	struct classic_peer peer;
	int spikes;
};
_Static_assert(sizeof(struct track_classic) <= TRACK_STORAGE_SIZE, "classic fits its storage");

static void classic_init(void *storage, const struct track_config *config)
{
	struct track_classic *t = storage;

	t->config = *config;
	classic_loop_init(&t->loop, config->rate_ppb,
		config->rate_sd_ppb > 0 ? config->rate_sd_ppb : RATE_SD_PPB);
}

static void classic_configure(void *storage, const struct track_config *config)
{
	((struct track_classic *)storage)->config = *config;
}

/* Twice the poll interval, as the last two samples show it. */
static bool soon_after(const struct track_classic *t, struct ts_raw raw)
{
	const struct classic_stage *s = t->filter.stage;
	int64_t poll_ns = ts_raw_sub(s[0].raw, s[1].raw).ns;

	return ts_raw_sub(raw, t->loop.line.raw).ns < ts_sat_add(poll_ns, poll_ns);
}

static bool is_spike(const struct track_classic *t)
{
	return t->filter.count > 1 && soon_after(t, t->peer.best.raw) &&
	       fabs(t->peer.offset_ns) > SGATE * t->peer.jitter_ns;
}

static int classic_sample(void *storage, const struct msg_sample *sample)
{
	struct track_classic *t = storage;
	struct classic_stage s = {
		.raw = {sample->raw_ns},
		.utc = {sample->utc_ns},
		.delay_ns = (double)sample->delay_ns,
		.dispersion_ns = (double)sample->dispersion_ns,
	};
	bool first = t->filter.count == 0;

	classic_filter_add(&t->filter, &s);
	if (first)
		t->loop.line = (struct ts_line){s.raw, s.utc, t->loop.line.rate_ppb};
	classic_filter_judge(&t->filter, &t->loop.line, &t->peer);
	if (!first && !ts_raw_before(t->loop.line.raw, t->peer.best.raw))
		return 0;
	if (!first && is_spike(t))
		t->spikes++;
	else
		classic_loop_update(&t->loop, &t->peer);
	return 0;
}

static double offset_sd_ns(const struct classic_peer *p)
{
	return p->dispersion_ns > MAXDIST_NS ? fmax(p->jitter_ns, p->best.delay_ns / 2)
					     : p->jitter_ns;
}

static int classic_at(const void *storage, struct ts_raw raw, struct track_state *ret)
{
	const struct track_classic *t = storage;
	const struct classic_stage *s = t->filter.stage;
	struct ts_raw oldest = s[t->filter.count - 1].raw;
	double jitter = t->peer.jitter_ns, rate_sd = classic_loop_rate_sd_ppb(&t->loop, jitter);
	double carried = rate_sd * ts_dur_to_s(ts_raw_sub(raw, t->loop.line.raw));

	*ret = (struct track_state){
		.line.raw = raw,
		.line.utc = ts_line_at(&t->loop.line, raw),
		.line.rate_ppb = t->loop.line.rate_ppb,
		.offset_sd_ns = fmin(hypot(offset_sd_ns(&t->peer), carried), PHASE_MAX_NS),
		.rate_sd_ppb = rate_sd,
		.wander_ppb = classic_loop_wander_ppb(&t->loop),
		.jitter_ns = jitter,
		.base_delay_ns = llround(t->peer.best.delay_ns),
		.samples = t->filter.count,
		.span_ns = ts_raw_sub(s[0].raw, oldest).ns,
		.oldest = oldest,
		.newest = s[0].raw,
	};
	return 0;
}

static void classic_shift(void *storage, struct ts_dur shift)
{
	struct track_classic *t = storage;

	classic_filter_shift(&t->filter, shift);
	classic_loop_shift(&t->loop, shift);
	t->peer.best.utc = ts_utc_add(t->peer.best.utc, shift);
}

static int classic_dump(const void *storage, char *text, size_t size)
{
	static const char *const states[] = {
		[CLASSIC_NSET] = "no sample",
		[CLASSIC_FREQ] = "measuring the rate",
		[CLASSIC_SYNC] = "locked",
		[CLASSIC_SPIK] = "spike",
	};
	const struct track_classic *t = storage;

	return snprintf(text, size,
		"classic: %d samples, %s, jitter %.1f ns, dispersion %.1f ns, delay %.0f ns, rate "
		"%.3f ppb sd %.3f, clock jitter %.1f ns, rate changes %.3f ppb, spikes %d",
		t->filter.count, states[t->loop.state], t->peer.jitter_ns, t->peer.dispersion_ns,
		t->peer.best.delay_ns, t->loop.line.rate_ppb,
		classic_loop_rate_sd_ppb(&t->loop, t->peer.jitter_ns), t->loop.clock_jitter_ns,
		t->loop.change_ppb, t->spikes);
}

const struct track_ops track_classic = {
	.word = "classic",
	.size = sizeof(struct track_classic),
	.init = classic_init,
	.configure = classic_configure,
	.sample = classic_sample,
	.at = classic_at,
	.shift = classic_shift,
	.dump = classic_dump,
};
