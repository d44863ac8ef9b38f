/* SPDX-License-Identifier: MIT */
#include "selectd/core/selectd_private.h"
#include "selectd/core/estimate.h"
#include "selectd/core/recall.h"
#include "common/core/bytes.h"

#include <math.h>

#define DURATION_MAX_NS INT64_C(4000000000000000000)
#define SD_MAX_NS	1e18
#define RATE_MAX_PPB	1e9

static int64_t clip(int64_t ns)
{
	if (ns > DURATION_MAX_NS)
		return DURATION_MAX_NS;
	return ns < -DURATION_MAX_NS ? -DURATION_MAX_NS : ns;
}

static double clip_rate(double ppb)
{
	return fmax(fmin(ppb, RATE_MAX_PPB), -RATE_MAX_PPB);
}

static int64_t clip_double(double ns)
{
	return ns < (double)DURATION_MAX_NS ? (int64_t)fmax(ns, 0) : DURATION_MAX_NS;
}

static void tell_track(const struct source *s, struct msg_verdict *v)
{
	const struct track_state *st = &s->now.track;
	int64_t interval_ns = s->newest.interval_ns;
	double poll_s = interval_ns ? 1e-9 * (double)interval_ns : ldexp(1, (int)s->newest.poll);

	v->samples = st->samples;
	v->runs = st->runs;
	v->span_ns = clip(st->span_ns > 0 ? st->span_ns : 0);
	v->offset_sd_ns = fmin(st->offset_sd_ns, SD_MAX_NS);
	v->rate_sd_ppb = fmin(st->rate_sd_ppb, RATE_MAX_PPB);
	v->jitter_ns = fmin(st->jitter_ns, SD_MAX_NS);
	v->base_delay_ns = st->base_delay_ns;
	v->distance_ns = clip_double(s->now.distance_ns);
	v->last_sample_raw_ns = s->newest.raw_ns;
	v->last_error_ns = clip(hardbound_error(&s->newest));
	v->stratum = s->newest.stratum;
	v->refid = s->newest.refid;
	v->leap = s->newest.leap;
	v->growth = track_growth(&s->track, poll_s);
}

/* What refers to the estimate is told only where there is one. */
static void tell_offsets(const struct selectd *c, const struct source *s, struct msg_verdict *v)
{
	const struct track_state *st = &s->now.track;
	struct ts_line line = estimate_line(&c->estimate);
	struct ts_utc then = ts_line_at(&line, (struct ts_raw){s->newest.raw_ns});
	int64_t offset = ts_utc_sub(st->line.utc, ts_line_at(&line, st->line.raw)).ns;

	v->offset_ns = clip(offset);
	v->rate_ppb = clip_rate(st->line.rate_ppb - line.rate_ppb);
	v->low_ns = clip(ts_sat_add(offset, st->low_ns));
	v->high_ns = clip(ts_sat_add(offset, st->high_ns));
	v->last_offset_ns = clip(ts_sat_sub(s->newest.utc_ns, then.ns));
}

void verdict_make(const struct selectd *c, struct source *s, struct ts_raw raw)
{
	struct msg_verdict v = {
		.kind = s->has_info ? s->info.kind : s->newest.kind,
		.state = s->now.state,
		.reason = s->now.reason,
		.raw_ns = raw.ns > 0 ? raw.ns : 0,
		.weight = fmax(fmin(s->now.weight, 1), 0),
		.score_permille = (int64_t)(1000 * s->score),
	};

	str_copy(v.source, sizeof(v.source), s->name);
	str_copy(v.publisher, sizeof(v.publisher), s->publisher);
	if (s->now.has_track) {
		tell_track(s, &v);
		recall_tell(
			s, &(struct recall_clock){c->disruptions, c->disrupted, c->suspended}, &v);
		if (c->has_estimate)
			tell_offsets(c, s, &v);
	}
	s->verdict = v;
}
