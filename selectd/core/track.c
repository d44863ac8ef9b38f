/* SPDX-License-Identifier: MIT */
#include "selectd/core/track.h"
#include "selectd/core/track_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Standard deviations that count as certain: the error's tails are heavier than Gaussian
 * (99.99 % of the time needs 7 of the offset, measured on simulated paths). */
#define OFFSET_SIGMAS  7.0
#define RATE_SIGMAS    5.0
#define WANDER_MAX_PPB 200.0
#define NS_MAX	       4e18

static const struct track_ops *const estimators[TRACK_KINDS] = {
	[TRACK_REGRESSION] = &track_regression,
	[TRACK_BANK] = &track_bank,
	[TRACK_CLASSIC] = &track_classic,
};

void track_init(struct track *t, enum track_kind kind, const struct track_config *config)
{
	bool known = (unsigned int)kind < TRACK_KINDS;

	t->ops = estimators[known ? kind : TRACK_REGRESSION];
	t->config = *config;
	hardbound_reset(&t->bound);
	memset(t->storage.bytes, 0, t->ops->size);
	t->ops->init(t->storage.bytes, config);
}

void track_configure(struct track *t, const struct track_config *config)
{
	t->config = *config;
	if (t->ops->configure)
		t->ops->configure(t->storage.bytes, config);
}

void track_reset(struct track *t)
{
	hardbound_reset(&t->bound);
	memset(t->storage.bytes, 0, t->ops->size);
	t->ops->init(t->storage.bytes, &t->config);
}

static const struct hardbound_sample *newest_sample(const struct track *t)
{
	return &t->bound.ring[(t->bound.next - 1 + HARDBOUND_SAMPLES) % HARDBOUND_SAMPLES];
}

static struct ts_raw newest(const struct track *t)
{
	return newest_sample(t)->raw;
}

/* A source whose samples have no hard error of their own (a reference clock without a device's
 * bound) can only be believed within its noise. */
static bool has_hard_bound(const struct track *t)
{
	return t->config.kind == source_kind_ntp;
}

static int64_t clip_ns(double ns)
{
	return ns < NS_MAX ? (int64_t)ns : (int64_t)NS_MAX;
}

static void statistical_interval(const struct track *t, struct track_state *st)
{
	double age_s = fabs(ts_dur_to_s(ts_raw_sub(st->line.raw, st->newest)));
	double e = OFFSET_SIGMAS * st->offset_sd_ns + t->config.drift_ppb * age_s;

	/* of the bracket no more is a fixed error than the least one hides */
	e += (double)hardbound_least_delay(&t->bound) / 2;
	st->high_ns = ts_sat_add(clip_ns(e) + 1, hardbound_newest_other(&t->bound));
	st->low_ns = -st->high_ns;
}

/*
 * Wander that could hide in the noise: over a span T it bends a straight line by about
 * w T^1.5 / 10, which shows among n samples of that jitter once it exceeds 4 jitter / sqrt(n).
 * No quartz in use wanders by more than 0.2 ppm/sqrt(s).
 */
static double unseen_wander_ppb(const struct track_state *st)
{
	double span_s = 1e-9 * (double)st->span_ns;

	if (st->samples < 3 || span_s <= 0)
		return WANDER_MAX_PPB;
	return fmin(
		40 * st->jitter_ns / (sqrt(st->samples) * span_s * sqrt(span_s)), WANDER_MAX_PPB);
}

/*
 * Where a route has changed one way only the line remembers from before where between its edges it
 * is (bank_route.h), and half the interval's width is what the path hides as before. Then the line
 * is that certain within its deviations.
 */
static void interval_about_line(struct track_state *st)
{
	double half = ((double)st->high_ns - (double)st->low_ns) / 2;
	int64_t limit = clip_ns(half + OFFSET_SIGMAS * st->offset_sd_ns);

	st->low_ns = st->low_ns > -limit ? st->low_ns : -limit;
	st->high_ns = st->high_ns < limit ? st->high_ns : limit;
}

static double certain_sd_ns(const struct track_state *st)
{
	double sd = st->offset_sd_ns, doubt = st->doubt_ns;

	return doubt > 0 ? sqrt(fmax((sd - doubt) * (sd + doubt), 1)) : sd;
}

/* A sample in doubt has not moved the line: the interval is about that, and reaches as far as the
 * sample, since it may be right. */
static void reach_doubt(const struct track *t, struct track_state *st)
{
	int64_t reach = ts_sat_add(clip_ns(st->doubt_ns), newest_sample(t)->error_ns);

	if (st->doubt_ns <= 0)
		return;
	st->low_ns = -reach < st->low_ns ? -reach : st->low_ns;
	st->high_ns = reach > st->high_ns ? reach : st->high_ns;
}

/* What the oscillator may have done since the newest sample, beyond any walk: maxclockerror. Others
 * have it in the drift of what they carry. */
static void reach_unseen(const struct track *t, struct track_state *st)
{
	double age_s = fmax(ts_dur_to_s(ts_raw_sub(st->line.raw, newest(t))), 0);
	int64_t unseen_ns = clip_ns(t->config.drift_ppb * age_s);

	st->low_ns = ts_sat_sub(st->low_ns, unseen_ns);
	st->high_ns = ts_sat_add(st->high_ns, unseen_ns);
}

static struct hardbound_line line_to_carry(const struct track *t, const struct track_state *st)
{
	return (struct hardbound_line){
		.line = st->line,
		/* who estimates the wander knows how the rate changed; others do not */
		.drift_ppb = t->ops->models ? 0 : t->config.drift_ppb,
		.rate_sd_ppb = st->rate_sd_ppb,
		.wander_ppb = t->ops->models ? st->wander_tail_ppb
					     : fmax(st->wander_ppb, unseen_wander_ppb(st)),
		.walks = t->ops->models,
		.unseen_ppb = t->config.drift_ppb,
		.least_delay_ns =
			fmin(st->least_delay_ns, (double)hardbound_least_delay(&t->bound)),
		.slack_ns = OFFSET_SIGMAS * certain_sd_ns(st),
		.since = st->oldest,
	};
}

static void hard_interval(const struct track *t, struct track_state *st)
{
	struct hardbound_line line = line_to_carry(t, st);
	struct hardbound_interval i;

	if (hardbound_at(&t->bound, &line, &i) < 0) {
		statistical_interval(t, st);
		return;
	}
	st->low_ns = i.low_ns;
	st->high_ns = i.high_ns;
	if (t->ops->models && st->low_ns <= 0 && st->high_ns >= 0)
		interval_about_line(st);
	reach_doubt(t, st);
	if (t->ops->models)
		reach_unseen(t, st);
}

/*
 * A line that leaves the hard interval is not true there: slightly, then the edge is the best that
 * is known; far, then the source or the clock has jumped and the estimator does not follow yet.
 */
static void keep_inside(struct track_state *st)
{
	double width = (double)st->high_ns - (double)st->low_ns;
	int64_t move = st->low_ns > 0 ? st->low_ns : st->high_ns < 0 ? st->high_ns : 0;

	if (move == 0)
		return;
	if (fabs((double)move) > OFFSET_SIGMAS * st->offset_sd_ns) {
		move = st->low_ns / 2 + st->high_ns / 2;
		st->offset_sd_ns = fmax(st->offset_sd_ns, width / sqrt(12));
	}
	st->line.utc = ts_utc_add(st->line.utc, (struct ts_dur){move});
	st->low_ns -= move;
	st->high_ns -= move;
}

static void choose_edges(struct track *t)
{
	struct track_state st;
	struct hardbound_line line;

	if (!t->ops->models || !has_hard_bound(t) ||
		t->ops->at(t->storage.bytes, newest(t), &st) < 0)
		return;
	line = line_to_carry(t, &st);
	hardbound_choose(&t->bound, &line);
}

int track_sample(struct track *t, const struct msg_sample *sample)
{
	int err;

	if (t->bound.count > 0 && sample->raw_ns <= newest(t).ns)
		return -EINVAL;
	err = t->ops->sample(t->storage.bytes, sample);
	if (err < 0)
		return err;
	hardbound_add(&t->bound, sample);
	choose_edges(t);
	return 0;
}

int track_at(const struct track *t, struct ts_raw raw, struct track_state *ret)
{
	struct track_state st = {.samples = 0};
	int err;

	if (t->bound.count == 0)
		return -ENODATA;
	err = t->ops->at(t->storage.bytes, raw, &st);
	if (err < 0)
		return err;
	st.drift_ppb = t->config.drift_ppb + RATE_SIGMAS * st.rate_sd_ppb;
	if (has_hard_bound(t))
		hard_interval(t, &st);
	else
		statistical_interval(t, &st);
	keep_inside(&st);
	*ret = st;
	return 0;
}

double track_growth(const struct track *t, double interval_s)
{
	struct track_state now, then;

	if (t->bound.count == 0 || t->ops->at(t->storage.bytes, newest(t), &now) < 0 ||
		t->ops->at(t->storage.bytes, ts_raw_add(newest(t), ts_dur_from_s(interval_s)),
			&then) < 0)
		return 0;
	if (now.offset_sd_ns <= 0 || then.offset_sd_ns <= now.offset_sd_ns)
		return 1;
	return fmin(then.offset_sd_ns / now.offset_sd_ns, 1e9);
}

void track_shift(struct track *t, struct ts_dur shift)
{
	hardbound_shift(&t->bound, shift);
	t->ops->shift(t->storage.bytes, shift);
}

void track_correct(struct track *t, struct ts_dur by)
{
	t->ops->shift(t->storage.bytes, by);
}

int track_dump(const struct track *t, char *text, size_t size)
{
	if (t->ops->dump)
		return t->ops->dump(t->storage.bytes, text, size);
	return snprintf(text, size, "%s: %d samples", t->ops->word, t->bound.count);
}
