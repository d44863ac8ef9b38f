/* SPDX-License-Identifier: MIT */
#include "selectd/core/select.h"
#include "selectd/core/select_private.h"
#include "selectd/core/intersect.h"

#include <assert.h>
#include <math.h>

_Static_assert(INTERSECT_MAX >= SOURCES_MAX, "every source has an interval");

static bool is_usable(const struct source *s)
{
	return s->used && s->now.reason == verdict_reason_ok;
}

static void look_at(struct source *sources, int n, const struct selectd_config *config,
	const struct select_occasion *o, struct selection *sel)
{
	for (int i = 0; i < n; i++) {
		struct source *s = &sources[i];

		if (!s->used)
			continue;
		s->now = (struct judgement){.state = verdict_state_unusable};
		source_look(s, o->at);
		s->now.reason = source_candidate(s, config, o->now);
		if (s->now.has_track && !sel->has_base) {
			sel->base = s->now.track.line.utc;
			sel->has_base = true;
		}
		sel->usable += s->now.reason == verdict_reason_ok;
	}
}

static void place_on_base(struct source *sources, int n, struct ts_utc base)
{
	for (int i = 0; i < n; i++) {
		struct judgement *j = &sources[i].now;

		if (!sources[i].used || !j->has_track)
			continue;
		j->offset_ns = ts_utc_sub(j->track.line.utc, base).ns;
		j->low_ns = ts_sat_add(j->offset_ns, j->track.low_ns);
		j->high_ns = ts_sat_add(j->offset_ns, j->track.high_ns);
	}
}

/* chronyd follows the first to answer, right or wrong, in 7 of 10 starts with a falseticker. */
static bool must_wait(const struct source *sources, int n, struct ts_raw now)
{
	int heard = 0, expected = 0;

	for (int i = 0; i < n; i++) {
		if (!sources[i].used || !source_expected(&sources[i], now))
			continue;
		expected++;
		heard += source_heard(&sources[i]);
	}
	return 2 * heard <= expected;
}

/* Every candidate that is still in the running is out, for that reason. */
static void close_all(struct source *sources, int n, struct selection *sel,
	enum verdict_state state, enum verdict_reason reason)
{
	for (int i = 0; i < n; i++) {
		if (!is_usable(&sources[i]))
			continue;
		sources[i].now.state = state;
		sources[i].now.reason = reason;
	}
	sel->reason = reason;
}

static bool agrees_with_us(
	const struct select_occasion *o, struct ts_utc base, const struct intersection *x)
{
	int64_t own = o->has_own ? ts_utc_sub(o->own, base).ns : 0;

	return o->has_own && x->low_ns <= ts_sat_add(own, o->own_bound_ns) &&
	       x->high_ns >= ts_sat_sub(own, o->own_bound_ns);
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

static void judge_majority(
	struct source *sources, int n, const struct select_occasion *o, struct selection *sel)
{
	struct interval v[SOURCES_MAX];
	int index[SOURCES_MAX], count = 0;
	struct intersection x;
	bool unblemished = false;

	for (int i = 0; i < n; i++) {
		if (!is_usable(&sources[i]))
			continue;
		index[count] = i;
		v[count++] = (struct interval){.low_ns = sources[i].now.low_ns,
			.high_ns = sources[i].now.high_ns,
			.trusted = sources[i].info.trust};
	}
	intersect_run(v, count, &x);
	for (int k = 0; k < count; k++)
		unblemished |= v[k].agrees && !sources[index[k]].told_false;
	if (!x.majority || (!unblemished && !agrees_with_us(o, sel->base, &x))) {
		close_all(sources, n, sel, verdict_state_falseticker, verdict_reason_no_majority);
		return;
	}
	sel->low_ns = x.low_ns;
	sel->high_ns = x.high_ns;
	for (int k = 0; k < count; k++) {
		struct judgement *j = &sources[index[k]].now;

		j->agrees = v[k].agrees;
		sel->agreeing += j->agrees;
		j->state = j->agrees ? verdict_state_excluded : verdict_state_falseticker;
		if (!j->agrees)
			j->reason = why_not(&v[k], &x);
	}
}

/* Most reference clocks know of no leap seconds: silence of one that never announced any is no vote
 * against. Trusted sources, if there are any, decide alone, as they do about time. */
static bool may_vote(const struct source *s, bool trusted_only)
{
	return s->used && s->now.agrees && s->tells_leap && (s->info.trust || !trusted_only);
}

static enum leap vote_leap(const struct source *sources, int n)
{
	int voters = 0, insert = 0, removed = 0;
	bool trusted = false;

	for (int i = 0; i < n; i++)
		trusted |= sources[i].info.trust && may_vote(&sources[i], true);
	for (int i = 0; i < n; i++) {
		if (!may_vote(&sources[i], trusted))
			continue;
		voters++;
		insert += sources[i].newest.leap == leap_insert;
		removed += sources[i].newest.leap == leap_remove;
	}
	if (2 * insert > voters)
		return leap_insert;
	return 2 * removed > voters ? leap_remove : leap_none;
}

static bool prefers(const struct source *s, const struct selectd_config *config)
{
	if (s->info.prefer)
		return true;
	return config->authselectmode == AUTH_SELECT_PREFER && s->info.auth != auth_none;
}

static bool required_is_missing(const struct source *sources, int n)
{
	bool wanted = false;

	for (int i = 0; i < n; i++) {
		const struct source *s = &sources[i];

		if (!s->used || !s->has_info || !s->info.require)
			continue;
		if (s->now.agrees)
			return false;
		wanted = true;
	}
	return wanted;
}

static void keep_preferred(struct source *sources, int n, const struct selectd_config *config)
{
	bool any = false;

	for (int i = 0; i < n; i++)
		any |= select_running(&sources[i]) && prefers(&sources[i], config);
	for (int i = 0; any && i < n; i++)
		if (select_running(&sources[i]) && !prefers(&sources[i], config))
			sources[i].now.reason = verdict_reason_prefer;
}

void select_run(struct source *sources, int n, const struct selectd_config *config,
	const struct select_occasion *occasion, struct selection *ret)
{
	struct selection sel = {.at = occasion->at, .selected = -1};

	assert(n >= 0 && n <= SOURCES_MAX);
	look_at(sources, n, config, occasion, &sel);
	place_on_base(sources, n, sel.base);
	if (sel.usable == 0)
		sel.reason = verdict_reason_no_samples;
	else if (occasion->hold || (occasion->may_wait && must_wait(sources, n, occasion->now)))
		close_all(sources, n, &sel, verdict_state_excluded, verdict_reason_waiting);
	else
		judge_majority(sources, n, occasion, &sel);
	if (sel.agreeing > 0) {
		sel.leap = vote_leap(sources, n);
		if (required_is_missing(sources, n))
			close_all(sources, n, &sel, verdict_state_excluded, verdict_reason_require);
		else if (sel.agreeing < config->minsources)
			close_all(sources, n, &sel, verdict_state_excluded, verdict_reason_too_few);
		else {
			keep_preferred(sources, n, config);
			select_rank(sources, n, config, occasion, &sel);
		}
	}
	*ret = sel;
}
