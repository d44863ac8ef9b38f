/* SPDX-License-Identifier: MIT */
#include "selectd/core/select.h"
#include "selectd/core/select_private.h"

#include <assert.h>
#include <math.h>

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

void select_close(struct source *sources, int n, struct selection *sel, enum verdict_state state,
	enum verdict_reason reason)
{
	for (int i = 0; i < n; i++) {
		if (!select_usable(&sources[i]))
			continue;
		sources[i].now.state = state;
		sources[i].now.reason = reason;
	}
	sel->reason = reason;
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
	else if (occasion->hold || (occasion->may_wait && select_must_wait(sources, n, occasion)))
		select_close(sources, n, &sel, verdict_state_excluded, verdict_reason_waiting);
	else
		select_majority(sources, n, occasion, &sel);
	if (sel.agreeing > 0) {
		sel.leap = vote_leap(sources, n);
		if (required_is_missing(sources, n))
			select_close(
				sources, n, &sel, verdict_state_excluded, verdict_reason_require);
		else if (sel.agreeing < config->minsources)
			select_close(
				sources, n, &sel, verdict_state_excluded, verdict_reason_too_few);
		else {
			keep_preferred(sources, n, config);
			select_rank(sources, n, config, occasion, &sel);
		}
	}
	*ret = sel;
}
