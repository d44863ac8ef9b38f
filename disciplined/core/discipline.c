/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "disciplined/core/discipline_private.h"

/* Without estimates for so many of their intervals, and so long, selectd must be gone; selectd
 * itself knows better about its sources, and says holdover. */
#define FRESH_INTERVALS 8
#define FRESH_MIN_S	120.0
/* A new interval counts for a quarter; the first as it is. */
#define INTERVAL_GAIN 0.25
/* The same complaint about estimates, or about strangers, at most so often. */
#define TOLD_EVERY_NS (60 * NS_PER_S)
/* Updates in which a disruption allows a step. */
#define DISRUPTION_UPDATES 3
/* The rate outlives a disruption about as well as a drift file outlives a boot. */
#define DISRUPTION_SD_PPB 1000.0

void note(
	struct discipline_out *out, enum event_code code, int64_t value_ns, const char *format, ...)
{
	struct discipline_note *n;
	va_list ap;

	if (out->notes == DISCIPLINE_NOTES)
		return;
	n = &out->note[out->notes++];
	n->code = code;
	n->value_ns = in_range_ns(value_ns);
	va_start(ap, format);
	vsnprintf(n->text, sizeof(n->text), format, ap);
	va_end(ap);
}

static void restore_target(struct discipline *d, const struct discipline_start *s)
{
	struct discipline_target *t = &d->target;
	int64_t offset_ns = s->offset_ns < 0 ? -s->offset_ns : s->offset_ns;

	t->valid = t->restored = true;
	t->line.raw = s->reading.raw;
	t->line.utc = ts_utc_add(s->reading.clock, (struct ts_dur){s->offset_ns});
	t->line.rate_ppb = s->base_ppb;
	t->bound_ns = s->bound_ns > offset_ns ? s->bound_ns - offset_ns : 0;
	t->drift_ppb = s->drift_ppb;
	t->est.wander_ppb = s->wander_ppb;
	t->offset_sd_ns = s->offset_sd_ns;
	t->line.raw = s->since;
	t->offset_sd_ns = target_offset_sd_ns(t, s->base_sd_ppb, s->reading.raw);
	t->line.raw = s->reading.raw;
	t->est.stratum = s->stratum;
	t->est.refid = s->refid;
	t->est.root_delay_ns = s->root_delay_ns;
	t->est.root_dispersion_ns = s->root_dispersion_ns;
	t->est.utc_ns = s->reference_utc_ns;
	t->est.raw_ns = s->reading.raw.ns;
	t->est.disruption = s->disruption;
	t->est.rate_sd_ppb = s->base_sd_ppb;
	d->lost = s->void_raw;
}

void discipline_init(struct discipline *d, const struct discipline_policy *policy,
	const struct discipline_start *start)
{
	const struct clk_reading *r = &start->reading;

	memset(d, 0, sizeof(*d));
	d->policy = *policy;
	d->model.bends = policy->exact;
	d->model.command_ppb = d->model.rate_ppb = r->command_ppb;
	d->model.base_ppb = start->base_ppb;
	d->model.until = start->until;
	d->model.raw = r->raw;
	d->model.clock = r->clock;
	d->model.width = r->width;
	d->model.suspended = r->suspended;
	learn_init(&d->learn);
	if (policy->exact)
		d->learn.variance_ppb2 = 0;
	/* a clock that does not run at its base rate is due for a change at once */
	if (ts_raw_is_never(start->until) && r->command_ppb != start->base_ppb)
		d->model.until = r->raw;
	d->rate_sd_ppb = start->base_sd_ppb > 0 ? start->base_sd_ppb : RATE_MAX_PPB;
	d->lost = d->refresh = d->fresh_until = d->retry = d->leap_raw = TS_RAW_NEVER;
	d->settle = TS_RAW_NEVER;
	loop_init(d, start->base_sd_ppb > 0);
	d->steps = start->steps;
	d->last_step_raw.ns = d->foreign_told.ns = d->refused_told.ns = 0;
	if (start->continued && start->status != sync_unsynchronised) {
		d->status = sync_holdover;
		restore_target(d, start);
	}
	if (start->leap_passed)
		d->leap = (struct leap_state){LEAP_DONE, leap_none, start->leap_effect};
}

void discipline_reload(struct discipline *d, const struct discipline_policy *policy)
{
	if (policy->loop != d->policy.loop)
		loop_init(d, d->following);
	d->policy = *policy;
	d->gave_up = false;
	d->changes_ignored = 0;
}

void discipline_leaplist(struct discipline *d, bool good, enum leap announced)
{
	d->list_good = good;
	d->announced = announced;
}

int64_t discipline_offset_ns(const struct discipline *d)
{
	if (!d->target.valid)
		return 0;
	return ts_utc_sub(ts_line_at(&d->target.line, d->model.raw), d->model.clock).ns;
}

static void become(
	struct discipline *d, enum sync status, const char *why, struct discipline_out *out)
{
	enum sync was = d->status;

	if (was == status)
		return;
	d->status = status;
	out->publish = true;
	steer_status(d, out);
	if (status == sync_synchronised)
		note(out, EVENT_synchronised, discipline_offset_ns(d), "synchronised to %s",
			d->target.est.selected[0] != '\0' ? d->target.est.selected : "a source");
	else if (status == sync_holdover)
		note(out, EVENT_holdover, 0, "%s: the clock goes on at %+.3f ppm", why,
			d->model.base_ppb * 1e-3);
	else
		note(out, EVENT_unselected, 0, "no longer synchronised: %s", why);
}

/* When the line is too old to be told to anybody: by age of its samples or width of its bound. */
static struct ts_raw lost_at(const struct discipline *d)
{
	const struct discipline_target *t = &d->target;
	int64_t newest_ns = t->est.sample_raw_ns > 0 ? t->est.sample_raw_ns : t->est.raw_ns;
	double room_ns = d->policy.maxbound_s * 1e9 - (double)t->bound_ns;
	double drift_ppb = fmax(target_drift_ppb(d), 1e-3);
	struct ts_raw by_age =
		ts_raw_add((struct ts_raw){newest_ns}, ts_dur_from_s(d->policy.maxholdover_s));
	struct ts_raw by_bound = ts_raw_add(t->line.raw, ts_dur_from_s(room_ns / drift_ppb));

	return ts_raw_min(by_age, by_bound);
}

static void measure_interval(struct discipline *d, const struct msg_estimate *e)
{
	double dt_s = (double)ts_sat_sub(e->raw_ns, d->target.est.raw_ns) * 1e-9;

	if (!d->target.valid || d->target.restored || !(dt_s > 0))
		return;
	d->interval_s += d->interval_s > 0 ? INTERVAL_GAIN * (dt_s - d->interval_s) : dt_s;
}

static void refuse(
	struct discipline *d, enum refusal why, const struct msg *m, struct discipline_out *out)
{
	struct ts_raw again = ts_raw_add(d->refused_told, (struct ts_dur){TOLD_EVERY_NS});

	d->refused++;
	if (why == REFUSAL_REPEATED || why == REFUSAL_BACKWARDS)
		return; /* usual after a restart of selectd, and harmless */
	if (why == d->last_refusal && ts_raw_before(d->model.raw, again))
		return;
	d->last_refusal = why;
	d->refused_told = d->model.raw;
	note(out, EVENT_estimate_refused, 0, "estimate %lld is not believed: %s",
		(long long)m->env.seq, validate_text(why));
}

/* A restored line begins with this life; the estimate that selectd tells again is older, and no
 * worse for that. */
static struct ts_line line_to_compare(const struct discipline_target *t, struct ts_raw raw)
{
	struct ts_line line = t->line;

	if (t->restored && ts_raw_before(raw, line.raw))
		line = (struct ts_line){raw, ts_line_at(&t->line, raw), t->line.rate_ppb};
	return line;
}

static enum refusal judge(struct discipline *d, const struct msg *m)
{
	const struct discipline_target *t = &d->target;
	struct validate_limits limits = {d->policy.maxdrift_ppm * 1e3,
		ts_dur_from_s(d->policy.maxholdover_s).ns, ts_dur_from_s(d->policy.maxbound_s).ns};
	struct validate_line line = {t->valid,
		line_to_compare(t, (struct ts_raw){m->u.estimate.raw_ns}), t->bound_ns,
		t->drift_ppb, t->est.disruption};

	return validate_estimate(&d->validate, &limits, &line, m, d->seen);
}

void expect_newcomer(struct discipline *d)
{
	d->following = false;
	loop_stepped(d);
	d->rate_sd_ppb = fmax(d->rate_sd_ppb, DISRUPTION_SD_PPB);
}

static void take(struct discipline *d, const struct msg *m, struct discipline_out *out)
{
	const struct msg_estimate *e = &m->u.estimate;
	double fresh_s;

	if (d->target.valid && e->disruption != d->target.est.disruption) {
		d->disruption_steps_left = DISRUPTION_UPDATES;
		expect_newcomer(d);
		note(out, EVENT_disruption, 0, "disruption %lld: a step is allowed",
			(long long)e->disruption);
	}
	measure_interval(d, e);
	target_adopt(d, m);
	steer_pace(d);
	d->updates++;
	fresh_s = fmax(FRESH_INTERVALS * d->interval_s, FRESH_MIN_S);
	d->fresh_until = e->status == sync_synchronised
				 ? ts_raw_add(d->model.raw, ts_dur_from_s(fresh_s))
				 : TS_RAW_NEVER;
	d->lost = lost_at(d);
	out->publish = true;
}

void discipline_on_estimate(struct discipline *d, const struct msg *m,
	const struct clk_reading *now, struct discipline_out *out)
{
	struct msg folded = *m;
	enum refusal why;
	bool looked;

	memset(out, 0, sizeof(*out));
	looked = watch(d, now, out);
	if (looked) /* a leap that is over first: the line must be right for judging */
		leap_turn(d, now, out);
	if (m->u.estimate.status == sync_unsynchronised) {
		/* without a disruption it was withdrawn: nothing may be told to rest on it */
		if (m->u.estimate.disruption == d->target.est.disruption)
			become(d, sync_unsynchronised, "selectd has withdrawn its estimate", out);
		else if (d->status == sync_synchronised)
			become(d, sync_holdover, "selectd has no estimate", out);
		gate(d, out);
		return;
	}
	leap_fold(d, &folded.u.estimate);
	why = judge(d, &folded);
	if (why != REFUSAL_NONE) {
		refuse(d, why, m, out);
		gate(d, out);
		return;
	}
	take(d, &folded, out);
	if (looked) {
		steer(d, out);
		steer_status(d, out);
	}
	if (d->gave_up)
		become(d, sync_unsynchronised, "maxchange was exceeded too often", out);
	else
		become(d, m->u.estimate.status, "the estimate rests on old samples", out);
	if (looked)
		leap_turn(d, now, out); /* what this one announces */
	if (d->disruption_steps_left > 0)
		d->disruption_steps_left--;
	out->publish = looked;
	gate(d, out);
}

void discipline_on_disruption(
	struct discipline *d, const struct clk_reading *now, struct discipline_out *out)
{
	memset(out, 0, sizeof(*out));
	(void)watch(d, now, out);
	validate_void(&d->validate, d->model.raw, d->target.est.disruption);
	if (clk_model_slewing(&d->model))
		steer_base(d, out);
	d->disruption_steps_left = DISRUPTION_UPDATES;
	d->target.valid = false;
	expect_newcomer(d);
	become(d, sync_unsynchronised, "history is void", out);
	gate(d, out);
}

static void check_age(struct discipline *d, struct discipline_out *out)
{
	struct ts_raw now = d->model.raw;

	if (!ts_raw_before(now, d->fresh_until)) {
		d->fresh_until = TS_RAW_NEVER;
		if (d->status == sync_synchronised)
			become(d, sync_holdover, "estimates stay away", out);
		d->lost = lost_at(d);
	}
	if (!ts_raw_before(now, d->lost)) {
		d->lost = TS_RAW_NEVER;
		become(d, sync_unsynchronised, "the bound is too wide, or the samples too old",
			out);
	}
	if (!ts_raw_before(now, d->refresh)) {
		d->refresh = ts_raw_add(now, (struct ts_dur){REFRESH_NS});
		steer_status(d, out);
		out->publish = true;
	}
}

void discipline_on_deadline(
	struct discipline *d, const struct clk_reading *now, struct discipline_out *out)
{
	bool slew_over = !ts_raw_before(now->raw, d->model.until);

	memset(out, 0, sizeof(*out));
	if (!watch(d, now, out))
		return;
	leap_turn(d, now, out);
	if (!out->act.step) {
		if (d->again || (d->denied != 0 && !ts_raw_before(now->raw, d->retry)))
			steer(d, out);
		/* a slew ends in any case, also when there is nothing to follow any more */
		if (slew_over && !out->act.step && !out->act.rate)
			steer_slew_end(d, out);
		if (!ts_raw_before(now->raw, d->settle) && !out->act.rate)
			steer_settle(d, out);
		d->again = false;
	}
	if (!ts_raw_before(now->raw, d->settle))
		d->settle = TS_RAW_NEVER;
	check_age(d, out);
	gate(d, out);
}

int discipline_makestep(
	struct discipline *d, const struct clk_reading *now, struct discipline_out *out)
{
	memset(out, 0, sizeof(*out));
	(void)watch(d, now, out);
	if (!d->target.valid || d->target.restored || leap_blackout(d, now->raw))
		return -EAGAIN;
	d->gave_up = false;
	d->changes_ignored = 0;
	out->act.step = true;
	out->act.step_ns = discipline_offset_ns(d);
	steer_base(d, out);
	steer_status(d, out);
	out->publish = true;
	return 0;
}

void discipline_stop(
	struct discipline *d, const struct clk_reading *now, struct discipline_out *out)
{
	memset(out, 0, sizeof(*out));
	(void)watch(d, now, out);
	memset(&out->act, 0, sizeof(out->act)); /* no parting shot at a stranger's step */
	if (clk_model_slewing(&d->model)) {
		steer_base(d, out);
		out->publish = true;
	}
	gate(d, out);
}

struct ts_raw discipline_deadline(const struct discipline *d)
{
	struct ts_raw at = d->model.until;

	if (leap_blackout(d, d->seen))
		return leap_deadline(d);
	if (d->again)
		return d->model.raw;
	at = ts_raw_min(at, d->fresh_until);
	at = ts_raw_min(at, d->lost);
	at = ts_raw_min(at, d->refresh);
	at = ts_raw_min(at, d->retry);
	at = ts_raw_min(at, d->settle);
	return ts_raw_min(at, leap_deadline(d));
}
