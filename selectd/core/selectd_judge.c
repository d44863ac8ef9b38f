/* SPDX-License-Identifier: MIT */
#include "selectd/core/selectd_private.h"
#include "selectd/core/combine.h"
#include "selectd/core/estimate.h"
#include "common/core/bytes.h"

#include <math.h>
#include <string.h>

/* The newest sample of all; after a leap second no earlier than that. */
static struct ts_raw instant_to_judge(const struct selectd *c)
{
	struct ts_raw at = c->leap.has_past ? c->leap.past : (struct ts_raw){0};

	for (int i = 0; i < c->top; i++)
		if (c->sources[i].used &&
			ts_raw_before(at, (struct ts_raw){c->sources[i].newest.raw_ns}))
			at.ns = c->sources[i].newest.raw_ns;
	return at;
}

static void tell_selected(struct selectd *c, struct ts_raw now)
{
	const struct source *s = &c->sources[c->selected];

	if (!strcmp(s->name, c->selected_name))
		return;
	str_copy(c->selected_name, sizeof(c->selected_name), s->name);
	out_event(c, EVENT_selected, s->name, now, (int64_t)s->now.distance_ns,
		"%s selected: stratum %d, root distance %.6f s, %d of %d sources agree", s->name,
		(int)s->newest.stratum, 1e-9 * s->now.distance_ns, c->sel.agreeing, c->sel.usable);
}

static void plan_leap(struct selectd *c, struct ts_raw now)
{
	struct ts_line line = estimate_line(&c->estimate);
	enum leap vote = leap_is_echo(&c->leap, c->sel.at) ? leap_none : c->sel.leap;

	if (vote != c->leap.kind && vote == leap_none)
		out_event(c, EVENT_leap, NULL, now, 0,
			"leap second withdrawn: most sources do not announce it any more");
	else if (vote != c->leap.kind)
		out_event(c, EVENT_leap, NULL, now, leap_shift(vote).ns,
			"leap second announced: one will be %s at the end of this UTC month",
			vote == leap_insert ? "inserted" : "removed");
	c->leap.kind = vote;
	c->leap.when = leap_when(&line, vote);
	c->estimate.leap = vote;
}

static void take_choice(struct selectd *c, int sample_of, struct ts_raw now)
{
	bool first = c->status != sync_synchronised || c->sel.selected != c->selected;
	struct combination combination;

	c->selected = c->sel.selected;
	tell_selected(c, now);
	if (c->status != sync_synchronised)
		out_event(c, EVENT_synchronised, c->selected_name, now, 0,
			"synchronised to %s, %d of %d sources combined", c->selected_name,
			c->sel.combined, c->sel.usable);
	/* a sample that has no weight says nothing new about the line */
	if (!first && sample_of >= 0 && c->sources[sample_of].now.weight <= 0)
		return;
	c->status = sync_synchronised;
	combine_run(&c->joint, c->sources, c->top, &c->sel, &combination);
	estimate_make(&c->sources[c->selected], &c->sel, &combination, c->config.maxclockerror_ppm,
		&c->estimate);
	c->estimate.disruption = c->disruptions;
	c->has_estimate = true;
	c->estimate_due = true;
	c->holdover_next = TS_RAW_NEVER;
	plan_leap(c, now);
}

/* When the last of the sources that may be selected has been silent for too long. */
static struct ts_raw held_until(const struct selectd *c)
{
	struct ts_raw until = {0};

	for (int i = 0; i < c->top; i++) {
		const struct source *s = &c->sources[i];

		if (s->used && s->now.has_track && !s->info.noselect &&
			ts_raw_before(until, source_held_until(s)))
			until = source_held_until(s);
	}
	return until;
}

static void give_up(struct selectd *c, struct ts_raw now)
{
	estimate_void(&c->estimate, now);
	c->status = sync_unsynchronised;
	c->estimate_due = true;
	c->holdover_next = TS_RAW_NEVER;
	out_event(c, EVENT_unselected, NULL, now, 0,
		"not synchronised any more: no source has answered within its maxunreach polls");
}

static void hold_over(struct selectd *c, struct ts_raw now)
{
	struct ts_raw until = held_until(c);

	if (until.ns > 0 && !ts_raw_before(now, until)) {
		give_up(c, now);
		return;
	}
	estimate_extend(&c->estimate, now, c->config.maxclockerror_ppm, HOLDOVER_PERIOD_S);
	c->status = sync_holdover;
	c->estimate_due = true;
	c->holdover_next = ts_raw_add(now, (struct ts_dur){HOLDOVER_PERIOD_S * NS_PER_S});
	if (until.ns > 0)
		c->holdover_next = ts_raw_min(c->holdover_next, until);
}

static void lose_choice(struct selectd *c, struct ts_raw now)
{
	c->selected = -1;
	c->selected_name[0] = '\0';
	if (c->status == sync_holdover && !ts_raw_before(now, c->holdover_next))
		hold_over(c, now);
	if (c->status != sync_synchronised)
		return;
	if (c->sel.usable > 0)
		out_event(c, EVENT_unselected, NULL, now, 0,
			"no source can be selected: %d are usable, but %s", c->sel.usable,
			msg_word_verdict_reason(c->sel.reason));
	quorum_lose(&c->quorum, c->sources, c->top, now, now);
	hold_over(c, now);
	if (c->status != sync_holdover)
		return;
	out_event(c, EVENT_holdover, NULL, now, c->estimate.bound_ns,
		"running without fresh samples, error at most %.6f s and growing",
		1e-9 * (double)c->estimate.bound_ns);
}

static void tell_truth(struct selectd *c, struct source *s, struct ts_raw now)
{
	int64_t centre = c->sel.low_ns / 2 + c->sel.high_ns / 2;

	if (s->now.disproved && !s->told_false)
		out_event(c, EVENT_falseticker, s->name, now, ts_sat_sub(s->now.offset_ns, centre),
			"%s is a falseticker: its interval %+.6f .. %+.6f s misses that of the %s, "
			"%+.6f .. %+.6f s",
			s->name, 1e-9 * (double)ts_sat_sub(s->now.low_ns, centre),
			1e-9 * (double)ts_sat_sub(s->now.high_ns, centre),
			s->now.reason == verdict_reason_trust ? "trusted sources" : "majority",
			1e-9 * (double)ts_sat_sub(c->sel.low_ns, centre),
			1e-9 * (double)ts_sat_sub(c->sel.high_ns, centre));
	if (s->now.cleared && s->told_false)
		out_event(c, EVENT_truechimer, s->name, now, ts_sat_sub(s->now.offset_ns, centre),
			"%s agrees with the majority again", s->name);
	if (s->now.disproved)
		suspect_convict(s, &c->sel.witness);
	else if (s->now.cleared)
		suspect_acquit(s);
}

static bool any_changed(const struct selectd *c)
{
	for (int i = 0; i < c->top; i++) {
		const struct source *s = &c->sources[i];

		if (s->used &&
			(s->now.state != s->before.state || s->now.reason != s->before.reason))
			return true;
	}
	return false;
}

static void give_verdicts(struct selectd *c, int sample_of, bool all, struct ts_raw now)
{
	for (int i = 0; i < c->top; i++) {
		struct source *s = &c->sources[i];

		if (!s->used)
			continue;
		tell_truth(c, s, now);
		if (!all && i != sample_of)
			continue;
		verdict_make(c, s, c->sel.at.ns > 0 ? c->sel.at : now);
		s->verdict_due = true;
	}
}

void judge_run(struct selectd *c, int sample_of, struct ts_raw now)
{
	struct select_occasion o = {
		.at = instant_to_judge(c),
		.now = now,
		.selected = c->selected,
		.sample_of = sample_of,
		.may_wait = c->status == sync_unsynchronised,
		.holding = c->status == sync_holdover,
		.quorum = &c->quorum,
		.hold = c->status == sync_unsynchronised && ts_raw_before(now, c->first_choice),
	};
	bool all = c->due || sample_of < 0;
	struct ts_line own = estimate_line(&c->estimate);
	int selected = c->selected;

	if (c->has_estimate && c->status != sync_unsynchronised) {
		o.has_own = true;
		o.own = ts_line_at(&own, o.at);
		o.own_bound_ns = estimate_bound_at(&c->estimate, o.at);
	}
	for (int i = 0; i < c->top; i++)
		c->sources[i].before = c->sources[i].now;
	select_run(c->sources, c->top, &c->config, &o, &c->sel);
	c->due = false;
	c->judged = now;
	if (c->sel.selected >= 0)
		take_choice(c, sample_of, now);
	else
		lose_choice(c, now);
	give_verdicts(c, sample_of, all || any_changed(c) || selected != c->selected, now);
}

void judge_pass_leap(struct selectd *c, struct ts_raw raw)
{
	struct ts_dur shift = leap_shift(c->leap.kind);
	struct ts_line line = estimate_line(&c->estimate);

	if (c->leap.kind == leap_none || ts_raw_before(raw, c->leap.when))
		return;
	for (int i = 0; i < c->top; i++) {
		struct source *s = &c->sources[i];

		if (!s->used)
			continue;
		track_shift(&s->track, shift);
		s->now.track.line.utc = ts_utc_add(s->now.track.line.utc, shift);
		s->newest.utc_ns = ts_sat_add(s->newest.utc_ns, shift.ns);
	}
	joint_shift(&c->joint, shift);
	/* the line from the leap second on: before it, it is not true any more */
	c->estimate.utc_ns = ts_sat_add(ts_line_at(&line, c->leap.when).ns, shift.ns);
	c->estimate.bound_ns = estimate_bound_at(&c->estimate, c->leap.when);
	c->estimate.raw_ns = c->leap.when.ns;
	c->estimate.leap = leap_none;
	out_event(c, EVENT_leap, NULL, c->leap.when, shift.ns, "leap second %s",
		shift.ns < 0 ? "inserted" : "removed");
	c->leap = (struct leap_plan){.when = TS_RAW_NEVER, .past = c->leap.when, .has_past = true};
	c->due = true;
}

/* The next track begins with the rate of this one, that far off, or with none. */
static void bequeath_rate(const struct selectd *c, struct source *s, double rate_sd_ppb)
{
	struct track_config tc;

	if (!(rate_sd_ppb > 0)) {
		s->prior_rate_ppb = s->prior_rate_sd_ppb = 0;
	} else if (s->now.has_track) {
		s->prior_rate_ppb = s->now.track.line.rate_ppb;
		s->prior_rate_sd_ppb = hypot(s->now.track.rate_sd_ppb, rate_sd_ppb);
	}
	tc = source_track_config(s, &c->config);
	track_configure(&s->track, &tc);
}

void judge_disruption(struct selectd *c, struct ts_raw raw, struct ts_raw now, double rate_sd_ppb)
{
	c->disruptions++;
	c->disrupted = raw;
	if (c->status == sync_synchronised)
		quorum_lose(&c->quorum, c->sources, c->top, raw, now);
	else
		quorum_forget(&c->quorum, c->sources, c->top, raw, now);
	joint_lose_line(&c->joint);
	for (int i = 0; i < c->top; i++) {
		struct source *s = &c->sources[i];

		if (!s->used)
			continue;
		bequeath_rate(c, s, rate_sd_ppb);
		track_reset(&s->track);
		s->now.has_track = false;
		s->newest.raw_ns = 0;
		s->added = now;
		s->score = 1;
	}
	c->selected = -1;
	c->selected_name[0] = '\0';
	c->leap = (struct leap_plan){.when = TS_RAW_NEVER};
	c->status = sync_unsynchronised;
	c->due = true;
	if (!c->has_estimate)
		return;
	estimate_void(&c->estimate, now);
	c->estimate.disruption = c->disruptions;
	c->estimate_due = true;
}
