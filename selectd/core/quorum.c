/* SPDX-License-Identifier: MIT */
#include "selectd/core/quorum.h"

static struct ts_raw last_heard(const struct source *sources, int n)
{
	struct ts_raw last = {0};

	for (int i = 0; i < n; i++)
		if (sources[i].used && ts_raw_before(last, sources[i].heard))
			last = sources[i].heard;
	return last;
}

void quorum_forget(struct quorum *q, const struct source *sources, int n, struct ts_raw lost,
	struct ts_raw now)
{
	*q = (struct quorum){
		.lost = lost,
		.answered = ts_raw_before(lost, last_heard(sources, n)),
		.first = now,
	};
}

void quorum_lose(
	struct quorum *q, struct source *sources, int n, struct ts_raw lost, struct ts_raw now)
{
	struct ts_raw last = last_heard(sources, n);

	for (int i = 0; i < n; i++) {
		struct source *s = &sources[i];

		s->awaited = s->used && s->heard.ns > 0 &&
			     !ts_raw_before(ts_raw_add(s->heard, source_stale_after(s)), last);
	}
	quorum_forget(q, sources, n, lost, now);
}

void quorum_hear(struct quorum *q, struct source *s, struct ts_raw raw, struct ts_raw now)
{
	s->heard = raw;
	if (!q->answered && ts_raw_before(q->lost, raw)) {
		q->answered = true;
		q->first = now;
	}
}

static bool has_answered(const struct quorum *q, const struct source *s)
{
	return s->now.has_track && ts_raw_before(q->lost, s->heard);
}

static bool at_the_machine(const struct quorum *q, const struct source *sources, int n)
{
	for (int i = 0; i < n; i++)
		if (sources[i].used && sources[i].newest.kind != source_kind_ntp &&
			has_answered(q, &sources[i]))
			return true;
	return false;
}

static struct ts_raw known_until(const struct quorum *q, const struct source *s, bool holding)
{
	struct ts_dur wait = holding ? source_stale_after(s) : source_ask_again(s);

	return s->awaited && q->answered ? ts_raw_add(q->first, wait) : TS_RAW_NEVER;
}

static struct ts_raw start_until(const struct quorum *q, const struct source *s)
{
	bool later = q->answered && s->heard.ns == 0 && ts_raw_before(s->added, q->first);

	return ts_raw_add(later ? q->first : s->added, source_wait(s));
}

struct ts_raw quorum_next(
	const struct quorum *q, const struct source *s, bool holding, struct ts_raw after)
{
	struct ts_raw start = start_until(q, s), known = known_until(q, s, holding);

	if (!s->has_info || !ts_raw_before(after, start))
		start = TS_RAW_NEVER;
	return ts_raw_before(after, known) ? ts_raw_min(start, known) : start;
}

static bool is_expected(
	const struct quorum *q, const struct source *s, bool known, bool holding, struct ts_raw now)
{
	if (!s->used || !s->has_info || s->info.noselect)
		return false;
	if (source_can_answer(s) && ts_raw_before(now, start_until(q, s)))
		return true;
	return known && s->awaited && (source_can_answer(s) || source_is_unreachable(s)) &&
	       ts_raw_before(now, known_until(q, s, holding));
}

bool quorum_is_missing(const struct quorum *q, const struct source *sources, int n, bool holding,
	struct ts_raw now)
{
	bool known = holding || !at_the_machine(q, sources, n);
	int heard = 0, expected = 0;

	for (int i = 0; i < n; i++) {
		const struct source *s = &sources[i];
		bool here = s->used && s->has_info && !s->info.noselect && source_can_answer(s) &&
			    has_answered(q, s);

		heard += here;
		expected += here || is_expected(q, s, known, holding, now);
	}
	return 2 * heard <= expected;
}
