/* SPDX-License-Identifier: MIT */
#include "selectd/core/jump.h"

#include <math.h>

#define OSCILLATOR_PPB 1e5
#define JITTER_SIGMAS  7.0 /* as track.c: of a clock that tells no hard error */

/* What the sample may be wrong by. */
static int64_t error_ns(const struct track_state *st, const struct msg_sample *m)
{
	int64_t e = hardbound_error(m);

	if (m->kind != source_kind_ntp)
		e = ts_sat_add(e, llround(fmin(JITTER_SIGMAS * st->jitter_ns, 1e18)));
	return e;
}

static int64_t drift_ns(double ppb, struct ts_raw a, struct ts_raw b)
{
	return llround(fmin(ppb * fabs(ts_dur_to_s(ts_raw_sub(a, b))), 1e18));
}

/* By the state at the last judgement, carried on: each sample is followed by one. */
void jump_look(struct source *s, const struct msg_sample *sample)
{
	const struct track_state *st = &s->now.track;
	struct ts_raw raw = {sample->raw_ns}, first = s->jump.since;
	bool had = s->jump.seen;
	int64_t off, room, grown;

	s->jump = (struct source_jump){.heard = raw};
	if (!s->now.has_track)
		return;
	room = ts_sat_add(error_ns(st, sample), drift_ns(OSCILLATOR_PPB, raw, st->newest));
	grown = drift_ns(st->drift_ppb, raw, st->line.raw);
	off = ts_sat_sub(sample->utc_ns, ts_line_at(&st->line, raw).ns);
	s->jump.low_ns = ts_sat_sub(ts_sat_sub(off, room), ts_sat_add(st->high_ns, grown));
	s->jump.high_ns = ts_sat_sub(ts_sat_add(off, room), ts_sat_sub(st->low_ns, grown));
	s->jump.seen = s->jump.low_ns > 0 || s->jump.high_ns < 0;
	s->jump.since = had ? first : raw;
}

/* Could be selected, or could until it jumped. */
static bool counts(const struct source *s)
{
	return s->used && (s->now.agrees || s->jump.seen);
}

static bool first_seen(const struct source *sources, int n, struct ts_raw *ret)
{
	bool any = false;

	*ret = TS_RAW_NEVER;
	for (int i = 0; i < n; i++)
		if (sources[i].used && sources[i].jump.seen) {
			*ret = ts_raw_min(*ret, sources[i].jump.since);
			any = true;
		}
	return any;
}

static void forget(struct source *sources, int n)
{
	for (int i = 0; i < n; i++)
		sources[i].jump.seen = false;
}

bool jump_of_all(struct source *sources, int n, struct jump *ret)
{
	struct jump j = {.low_ns = INT64_MIN, .high_ns = INT64_MAX};
	int candidates = 0;

	if (!first_seen(sources, n, &j.since))
		return false;
	for (int i = 0; i < n; i++) {
		const struct source *s = &sources[i];

		if (!counts(s))
			continue;
		candidates++;
		if (ts_raw_before(s->jump.heard, j.since))
			continue;
		if (!s->jump.seen) {
			forget(sources, n);
			return false;
		}
		j.sources++;
		j.low_ns = s->jump.low_ns > j.low_ns ? s->jump.low_ns : j.low_ns;
		j.high_ns = s->jump.high_ns < j.high_ns ? s->jump.high_ns : j.high_ns;
	}
	if (j.low_ns > j.high_ns || j.sources < 2 || 2 * j.sources <= candidates)
		return false;
	*ret = j;
	return true;
}
