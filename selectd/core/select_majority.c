/* SPDX-License-Identifier: MIT */
#include "selectd/core/select_private.h"
#include "selectd/core/intersect.h"

_Static_assert(INTERSECT_MAX >= SOURCES_MAX, "every source has an interval");

/* Those who vote. */
struct ballot {
	struct interval v[SOURCES_MAX];
	int index[SOURCES_MAX], count;
	struct intersection x;
};

static void hold_vote(const struct source *sources, int n, struct ballot *b)
{
	b->count = 0;
	for (int i = 0; i < n; i++) {
		const struct judgement *j = &sources[i].now;

		if (!select_usable(&sources[i]))
			continue;
		b->index[b->count] = i;
		b->v[b->count++] = (struct interval){.low_ns = j->low_ns,
			.high_ns = j->high_ns,
			.trusted = sources[i].info.trust};
	}
	intersect_run(b->v, b->count, &b->x);
}

/* Who knows best of those that agree and were never found false. */
static bool find_witness(const struct source *sources, const struct ballot *b, struct witness *ret)
{
	bool found = false;

	for (int k = 0; k < b->count; k++) {
		const struct source *s = &sources[b->index[k]];
		struct witness w = suspect_witness(s);

		if (!b->v[k].agrees || s->told_false || (found && w.sure_ns >= ret->sure_ns))
			continue;
		*ret = w;
		found = true;
	}
	return found;
}

/* Without a new sample the others have moved, and not it. */
static bool is_evidence(const struct source *s, bool is_new, const struct witness *w)
{
	return is_new && suspect_has_changed(s, w);
}

/* Those whose agreement tells nothing (suspect.h) have no vote. True if there was one. */
static bool dismiss_suspects(
	struct source *sources, const struct select_occasion *o, const struct ballot *b)
{
	struct witness w;
	bool any = false;

	if (!find_witness(sources, b, &w))
		return false;
	for (int k = 0; k < b->count; k++) {
		struct source *s = &sources[b->index[k]];

		if (!b->v[k].agrees || !s->told_false ||
			is_evidence(s, b->index[k] == o->sample_of, &w))
			continue;
		s->now.state = verdict_state_falseticker;
		s->now.reason = verdict_reason_majority;
		any = true;
	}
	return any;
}

bool select_must_wait(const struct source *sources, int n, const struct select_occasion *o)
{
	return quorum_is_missing(o->quorum, sources, n, o->holding, o->now);
}

bool select_strays(const struct source *s, struct ts_utc base, int64_t low_ns, int64_t high_ns)
{
	const struct track_state *st = &s->now.track;
	struct ts_utc line = ts_line_at(&st->line, (struct ts_raw){s->newest.raw_ns});
	int64_t at = ts_sat_add(
		ts_utc_sub(st->line.utc, base).ns, ts_sat_sub(s->newest.utc_ns, line.ns));
	int64_t error = hardbound_error(&s->newest);

	return st->doubt_ns > 0 &&
	       (ts_sat_sub(at, error) > high_ns || ts_sat_add(at, error) < low_ns);
}

/* Our own line as a witness. */
static bool agrees_with_us(const struct select_occasion *o, struct ts_utc base,
	const struct intersection *x, struct witness *ret)
{
	struct witness own = {ts_utc_sub(o->own, base).ns, (double)o->own_bound_ns};

	if (!o->has_own || x->low_ns > ts_sat_add(own.offset_ns, o->own_bound_ns) ||
		x->high_ns < ts_sat_sub(own.offset_ns, o->own_bound_ns))
		return false;
	*ret = own;
	return true;
}

static bool contradicts_us(const struct source *sources, const struct select_occasion *o,
	struct ts_utc base, const struct ballot *b)
{
	struct witness own;

	if (!agrees_with_us(o, base, &b->x, &own))
		return true;
	for (int k = 0; k < b->count; k++)
		if (b->v[k].agrees && !select_strays(&sources[b->index[k]], base,
					      ts_sat_sub(own.offset_ns, o->own_bound_ns),
					      ts_sat_add(own.offset_ns, o->own_bound_ns)))
			return false;
	return true;
}

/* Where as many say one thing as another, those who agree with both are followed, and who touches
 * what they span has not been disproved. */
static enum verdict_reason why_not(const struct interval *v, const struct intersection *x)
{
	if (x->trusted_depth > 0)
		return verdict_reason_trust;
	return v->low_ns <= x->high_ns && v->high_ns >= x->low_ns ? verdict_reason_no_majority
								  : verdict_reason_majority;
}

static void tell_voter(struct source *s, const struct interval *v, const struct intersection *x)
{
	struct judgement *j = &s->now;

	j->agrees = v->agrees;
	j->state = j->agrees ? verdict_state_excluded : verdict_state_falseticker;
	if (!j->agrees)
		j->reason = why_not(v, x);
	j->disproved = !j->agrees && j->reason != verdict_reason_no_majority;
}

void select_majority(
	struct source *sources, int n, const struct select_occasion *o, struct selection *sel)
{
	struct witness w;
	struct ballot b;

	do
		hold_vote(sources, n, &b);
	while (dismiss_suspects(sources, o, &b));
	if (!b.x.majority ||
		(!find_witness(sources, &b, &w) && !agrees_with_us(o, sel->base, &b.x, &w))) {
		select_close(
			sources, n, sel, verdict_state_falseticker, verdict_reason_no_majority);
		return;
	}
	if (o->holding && contradicts_us(sources, o, sel->base, &b) &&
		select_must_wait(sources, n, o)) {
		select_close(sources, n, sel, verdict_state_excluded, verdict_reason_waiting);
		return;
	}
	sel->low_ns = b.x.low_ns;
	sel->high_ns = b.x.high_ns;
	sel->witness = w;
	for (int k = 0; k < b.count; k++) {
		struct source *s = &sources[b.index[k]];

		tell_voter(s, &b.v[k], &b.x);
		s->now.cleared = s->now.agrees && is_evidence(s, b.index[k] == o->sample_of, &w);
		sel->agreeing += s->now.agrees;
	}
}
