/* SPDX-License-Identifier: MIT */
#include "selectd/core/selectd_private.h"
#include "selectd/core/estimate.h"
#include "selectd/core/jump.h"

#include <math.h>

#define FUTURE_MAX_NS	  NS_PER_S	    /* a stamp later than that is not of this clock */
#define PULSE_BOUND_NS	  (400 * NS_PER_MS) /* beyond, the second of a pulse is a guess */
#define LEAP_TOLERANCE_NS (NS_PER_S / 4)

/* A pulse marks a second, the estimate says which. */
static bool number_pulse(const struct selectd *c, struct msg_sample *sample)
{
	struct ts_raw raw = {sample->raw_ns};
	struct ts_line line = estimate_line(&c->estimate);
	int64_t fraction, off;

	if (!sample->pulse)
		return true;
	if (c->status == sync_unsynchronised ||
		estimate_bound_at(&c->estimate, raw) >= PULSE_BOUND_NS)
		return false;
	off = ts_sat_sub(sample->utc_ns, ts_line_at(&line, raw).ns);
	fraction = off % NS_PER_S;
	if (fraction > NS_PER_S / 2)
		fraction -= NS_PER_S;
	else if (fraction < -NS_PER_S / 2)
		fraction += NS_PER_S;
	sample->utc_ns = ts_sat_add(ts_line_at(&line, raw).ns, fraction);
	sample->pulse = false;
	return sample->utc_ns >= 0;
}

/*
 * History that comes again after a restart may span a leap second that nobody agreed on with us:
 * the source announced it, the month ended, and its time is off by just that second.
 */
static void follow_leap_of_source(struct source *s, const struct msg_sample *sample)
{
	struct ts_dur shift = leap_shift(s->newest.leap);
	struct ts_utc end = leap_month_end((struct ts_utc){s->newest.utc_ns});
	struct track_state st;
	int64_t off;

	if (shift.ns == 0 || track_at(&s->track, (struct ts_raw){sample->raw_ns}, &st) < 0 ||
		ts_utc_sub(end, st.line.utc).ns > NS_PER_S)
		return;
	off = ts_sat_sub(ts_sat_sub(sample->utc_ns, st.line.utc.ns), shift.ns);
	if (off > -LEAP_TOLERANCE_NS && off < LEAP_TOLERANCE_NS)
		track_shift(&s->track, shift);
}

/* Has the clock been set, or is that only said? What an exchange can hide cannot be told. */
static bool shows(const struct source *s, const struct msg_sample *sample, struct ts_dur by)
{
	struct track_state st;
	double off, hidden = (double)sample->delay_ns / 2 + (double)sample->dispersion_ns;

	if (track_at(&s->track, (struct ts_raw){sample->raw_ns}, &st) < 0)
		return false;
	off = (double)ts_sat_sub(sample->utc_ns, st.line.utc.ns);
	return fabs((double)by.ns) <= hidden || fabs(off - (double)by.ns) <= fabs(off);
}

static void follow_correction(struct source *s, const struct msg_sample *sample)
{
	struct ts_dur by = correction_look(&s->correction, sample);

	if (by.ns == 0 || !shows(s, sample, by))
		return;
	track_correct(&s->track, by);
	joint_correct(&s->bias, by);
}

bool sample_take(struct selectd *c, struct source *s, struct msg_sample *sample, struct ts_raw now)
{
	struct ts_raw raw = {sample->raw_ns};

	if (sample->reject != reject_ok ||
		ts_raw_before(ts_raw_add(now, (struct ts_dur){FUTURE_MAX_NS}), raw))
		return false;
	if (c->disruptions > 0 && !ts_raw_before(c->disrupted, raw))
		return false;
	judge_pass_leap(c, raw);
	if (leap_is_near(&c->leap, raw))
		return false;
	s->unnumbered = !number_pulse(c, sample);
	if (s->unnumbered)
		return false;
	follow_leap_of_source(s, sample);
	follow_correction(s, sample);
	jump_look(s, sample);
	if (track_sample(&s->track, sample) < 0)
		return false;
	s->newest = *sample;
	s->tells_leap |= sample->kind == source_kind_ntp || leap_shift(sample->leap).ns != 0;
	quorum_hear(&c->quorum, s, raw, now);
	return true;
}

/* Samples since the jump are of the clock as it is now. */
static void take_again(struct selectd *c, struct ts_raw since)
{
	for (int i = 0; i < c->top; i++) {
		struct source *s = &c->sources[i];
		struct source_jump jump = s->jump;

		s->jump = (struct source_jump){.seen = false};
		if (!s->used || !jump.seen || ts_raw_before(jump.heard, since))
			continue;
		s->newest.raw_ns = jump.heard.ns;
		track_sample(&s->track, &s->newest);
	}
}

void sample_follow_jump(struct selectd *c, struct ts_raw now)
{
	struct jump j;
	double s;

	if (!jump_of_all(c->sources, c->top, &j))
		return;
	s = 0.5e-9 * ((double)j.low_ns + (double)j.high_ns);
	judge_disruption(c, (struct ts_raw){j.since.ns - 1}, now, 0);
	take_again(c, j.since);
	out_event(c, EVENT_disruption, NULL, now, j.low_ns / 2 + j.high_ns / 2,
		"%d sources jumped by %+.6f s at once: it was the raw clock, whose history is void",
		j.sources, s);
}
