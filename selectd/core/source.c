/* SPDX-License-Identifier: MIT */
#include "selectd/core/source.h"
#include "selectd/core/silence.h"

#include <math.h>

#define MAXUNREACH_POLLS  100000
#define WAIT_POLLS	  3
#define ASK_AGAIN_POLLS	  2
#define WAIT_MIN_NS	  (4 * NS_PER_S)
#define WAIT_MAX_NS	  (16 * NS_PER_S)
#define RATE_PRIOR_SD_PPB 1e5 /* crystals of computers: within 100 ppm of nominal */
#define RATE_MAX_PPB	  5e6 /* no oscillator: stamps of something else */

struct ts_dur source_stale_after(const struct source *s)
{
	return (struct ts_dur){silence_after_ns(s->newest.poll)};
}

struct ts_raw source_held_until(const struct source *s)
{
	int64_t polls = s->info.maxunreach > 0 ? s->info.maxunreach : MAXUNREACH_POLLS;
	double ns = (double)polls * (double)silence_poll_ns(s->newest.poll);
	struct ts_raw stale = ts_raw_add((struct ts_raw){s->newest.raw_ns}, source_stale_after(s));

	return ts_raw_add(stale, (struct ts_dur){ns < 4e18 ? (int64_t)ns : INT64_MAX});
}

struct ts_dur source_wait(const struct source *s)
{
	int64_t ns = WAIT_POLLS * silence_poll_ns(s->info.poll);

	ns = ns < WAIT_MIN_NS ? WAIT_MIN_NS : ns;
	ns = ns > WAIT_MAX_NS ? WAIT_MAX_NS : ns;
	return (struct ts_dur){ns};
}

struct ts_dur source_ask_again(const struct source *s)
{
	int64_t ns = ASK_AGAIN_POLLS * silence_poll_ns(s->info.poll);

	return (struct ts_dur){ns > WAIT_MIN_NS ? ns : WAIT_MIN_NS};
}

static double fresh_distance_ns(const struct source *s)
{
	const struct track_state *st = &s->now.track;
	const struct msg_sample *m = &s->newest;

	return 0.5 * ((double)st->base_delay_ns + (double)m->root_delay_ns) +
	       (double)m->dispersion_ns + (double)m->root_dispersion_ns + (double)m->bound_ns +
	       st->offset_sd_ns;
}

void source_look(struct source *s, struct ts_raw at)
{
	double age_s;

	s->now.has_track = track_at(&s->track, at, &s->now.track) == 0;
	s->now.fresh_distance_ns = s->now.distance_ns = 0;
	if (!s->now.has_track)
		return;
	age_s = fabs(ts_dur_to_s(ts_raw_sub(at, s->now.track.newest)));
	s->now.fresh_distance_ns = fresh_distance_ns(s);
	s->now.distance_ns = s->now.fresh_distance_ns + s->now.track.drift_ppb * age_s;
}

bool source_is_unreachable(const struct source *s)
{
	return s->info.state == source_state_unreachable;
}

bool source_can_answer(const struct source *s)
{
	switch (s->info.state) {
	case source_state_unreachable:
	case source_state_missing:
	case source_state_failed:
	case source_state_denied:
	case source_state_offline:
		return false;
	default:
		return true;
	}
}

static bool auth_excludes(const struct source *s, const struct selectd_config *config)
{
	return config->authselectmode == AUTH_SELECT_REQUIRE && s->info.kind == source_kind_ntp &&
	       s->info.auth == auth_none;
}

enum verdict_reason source_candidate(
	const struct source *s, const struct selectd_config *config, struct ts_raw now)
{
	const struct judgement *j = &s->now;

	if (s->has_info && (s->info.noselect || auth_excludes(s, config)))
		return verdict_reason_noselect;
	if (s->has_info && !source_can_answer(s))
		return verdict_reason_unreachable;
	if (!j->has_track && s->unnumbered)
		return verdict_reason_pulse;
	if (!j->has_track || !s->has_info)
		return verdict_reason_no_samples;
	if (s->newest.leap == leap_unsync)
		return verdict_reason_unsync;
	if (s->newest.stratum >= 16)
		return verdict_reason_stratum;
	if (ts_raw_sub(now, j->track.newest).ns > source_stale_after(s).ns)
		return verdict_reason_stale;
	if (j->distance_ns > 1e9 * config->maxdistance_s)
		return verdict_reason_distance;
	if (j->track.jitter_ns > 1e9 * config->maxjitter_s ||
		fabs(j->track.line.rate_ppb) > RATE_MAX_PPB)
		return verdict_reason_jitter;
	return verdict_reason_ok;
}

struct track_config source_track_config(const struct source *s, const struct selectd_config *config)
{
	return (struct track_config){
		.kind = s->has_info ? s->info.kind : s->newest.kind,
		.minsamples = s->info.minsamples > 0 ? s->info.minsamples : config->minsamples,
		.maxsamples = s->info.maxsamples > 0 ? s->info.maxsamples : config->maxsamples,
		.asymmetry = s->info.asymmetry,
		.rate_ppb = s->prior_rate_ppb,
		.rate_sd_ppb = s->prior_rate_sd_ppb > 0 ? s->prior_rate_sd_ppb : RATE_PRIOR_SD_PPB,
		.drift_ppb = 1e3 * config->maxclockerror_ppm,
	};
}
