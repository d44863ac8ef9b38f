/* SPDX-License-Identifier: MIT */
/*
 * The estimator `regression`: the best straight line through as much of the history as is straight.
 *
 * A two-way sample whose delay exceeds the smallest by q may be wrong by q/2 either way, uniformly
 * if the excess may be on either side: variance q^2/12 beside a floor for what the smallest delay
 * itself hides (taken as 0.15 of the median excess). History is cut from its old end until the
 * signs of the residuals are mixed well enough (as chrony does), and at a step: three samples in a
 * row off to the same side by more than six standard deviations.
 */
#include "selectd/core/track_private.h"
#include "selectd/core/regression_fit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SAMPLES_MIN	6 /* chrony's default: fewer say nothing about noise */
#define SAMPLES_FEW	8
#define FLOOR_OF_MEDIAN 0.15
#define STEP_SIGMAS	6.0
#define STEP_SAMPLES	3
#define STEP_HISTORY	4
#define PHASE_MAX_NS	4e18

struct reg_sample {
	struct ts_raw raw;
	struct ts_utc utc;
	int64_t delay_ns, dispersion_ns;
};

struct regression {
	struct track_config config;
	struct reg_sample s[FIT_SAMPLES_MAX]; /* oldest first */
	int count;
	struct fit_line fit; /* relative to the newest sample */
	double base_delay_ns, floor_ns, jitter_ns, wander_ppb;
	double prior_ppb, prior_sd_ppb;
	int odd; /* samples in a row off to one side; negative: below */
};
_Static_assert(sizeof(struct regression) <= TRACK_STORAGE_SIZE, "regression fits its storage");

static void reg_init(void *storage, const struct track_config *config)
{
	struct regression *r = storage;

	r->config = *config;
	r->prior_ppb = config->rate_ppb;
	r->prior_sd_ppb = config->rate_sd_ppb > 0 ? config->rate_sd_ppb : 1e5;
}

static void reg_configure(void *storage, const struct track_config *config)
{
	((struct regression *)storage)->config = *config;
}

static int samples_max(const struct regression *r)
{
	int64_t n = r->config.maxsamples;

	return n > 0 && n < FIT_SAMPLES_MAX ? (int)n : FIT_SAMPLES_MAX;
}

static int samples_min(const struct regression *r)
{
	int64_t n = r->config.minsamples > 0 ? r->config.minsamples : SAMPLES_MIN;

	return n < samples_max(r) ? (int)n : samples_max(r);
}

/* What a reading of such a clock may be off by before its own samples tell. */
static double prior_jitter_ns(enum source_kind kind)
{
	switch (kind) {
	case source_kind_phc:
	case source_kind_vmclock:
		return 1e3;
	case source_kind_pps:
		return 1e4;
	case source_kind_rtc:
		return 1e7;
	default:
		return 1e6;
	}
}

static void drop_oldest(struct regression *r, int n)
{
	r->count -= n;
	memmove(r->s, r->s + n, sizeof(r->s[0]) * (size_t)r->count);
}

static double excess_ns(const struct regression *r, const struct reg_sample *s)
{
	return fmax((double)s->delay_ns - r->base_delay_ns, 0);
}

static void learn_noise(struct regression *r)
{
	double q[FIT_SAMPLES_MAX], few;
	int64_t base = r->s[0].delay_ns, precision = r->s[0].dispersion_ns;

	for (int i = 1; i < r->count; i++) {
		base = r->s[i].delay_ns < base ? r->s[i].delay_ns : base;
		precision = r->s[i].dispersion_ns < precision ? r->s[i].dispersion_ns : precision;
	}
	r->base_delay_ns = (double)base;
	for (int i = 0; i < r->count; i++)
		q[i] = excess_ns(r, &r->s[i]);
	r->floor_ns =
		fmax(1 + 0.5 * (double)precision, FLOOR_OF_MEDIAN * fit_median_abs(q, r->count));
	if (r->count >= SAMPLES_FEW)
		return;
	/* too few to have met the smallest delay: an eighth of it may be queueing as well */
	few = (double)(SAMPLES_FEW - r->count) / SAMPLES_FEW;
	few *= r->config.kind == source_kind_ntp ? r->base_delay_ns / 8
						 : prior_jitter_ns(r->config.kind);
	r->floor_ns = fmax(r->floor_ns, few);
}

static double variance_ns2(const struct regression *r, const struct reg_sample *s)
{
	double q = excess_ns(r, s);

	return r->floor_ns * r->floor_ns + q * q / 12;
}

/* Reference minus raw clock, against that of the newest sample. */
static double phase_ns(const struct reg_sample *s, const struct reg_sample *origin)
{
	double x = (double)ts_sat_sub(
		ts_utc_sub(s->utc, origin->utc).ns, ts_raw_sub(s->raw, origin->raw).ns);

	/* the configured asymmetry moves offsets with the delay's excess over the base: by caller
	 */
	return x;
}

static void load(const struct regression *r, struct fit_data *d)
{
	const struct reg_sample *newest = &r->s[r->count - 1];

	d->count = r->count;
	for (int i = 0; i < r->count; i++) {
		const struct reg_sample *s = &r->s[i];

		d->t_s[i] = ts_dur_to_s(ts_raw_sub(s->raw, newest->raw));
		d->x_ns[i] = phase_ns(s, newest) + r->config.asymmetry * excess_ns(r, s);
		d->var_ns2[i] = variance_ns2(r, s);
		d->weight[i] = 1;
	}
}

/* A gross outlier must not pull the first round: start from how far samples lie off before. */
static void start_weights(
	const struct regression *r, struct fit_data *d, double moved_s, double moved_ns)
{
	double z[FIT_SAMPLES_MAX], limit;

	if (r->count <= STEP_HISTORY)
		return;
	for (int i = 0; i < d->count; i++)
		z[i] = (d->x_ns[i] + moved_ns - r->fit.x_ns -
			       r->fit.rate_ppb * (d->t_s[i] + moved_s)) /
		       sqrt(d->var_ns2[i]);
	limit = 5 * fit_median_abs(z, d->count);
	for (int i = 0; i < d->count; i++)
		if (fabs(z[i]) > limit && limit > 0)
			d->weight[i] = limit / fabs(z[i]);
}

static double rms(const struct fit_data *d)
{
	double sum = 0, n = 0;

	for (int i = 0; i < d->count; i++) {
		sum += d->weight[i] * d->residual_ns[i] * d->residual_ns[i];
		n += d->weight[i];
	}
	return sqrt(sum / fmax(n - 2, 1));
}

static double span_s(const struct regression *r)
{
	return ts_dur_to_s(ts_raw_sub(r->s[r->count - 1].raw, r->s[0].raw));
}

/* The window is as long as straightness allows: over it wander and noise weigh alike, so the
 * rate's uncertainty at its end is about what the rate wanders within it. */
static void summarise(struct regression *r, const struct fit_data *d, const struct fit_line *f)
{
	r->fit = *f;
	r->wander_ppb = r->count >= SAMPLES_MIN ? sqrt(f->prr / fmax(span_s(r), 1e-3)) : 0;
	r->jitter_ns = r->count >= 3 ? rms(d) : f->scale * sqrt(d->var_ns2[r->count - 1]);
}

static void refit(struct regression *r, double moved_s, double moved_ns)
{
	struct fit_data d;
	struct fit_line f;

	for (;;) {
		learn_noise(r);
		load(r, &d);
		start_weights(r, &d, moved_s, moved_ns);
		fit_run(&d, r->prior_ppb, r->prior_sd_ppb, &f);
		if (r->count <= samples_min(r) || !fit_is_bent(&d, &f))
			break;
		drop_oldest(r, 1 + r->count / 16);
	}
	summarise(r, &d, &f);
}

static double offset_var(const struct regression *r, double dt_s)
{
	double w = dt_s > 0 ? r->wander_ppb : 0;

	return r->fit.pxx + 2 * r->fit.pxr * dt_s + r->fit.prr * dt_s * dt_s +
	       w * w * fabs(dt_s * dt_s * dt_s) / 3;
}

static double surprise_ns(const struct regression *r, const struct reg_sample *s)
{
	const struct reg_sample *newest = &r->s[r->count - 1];
	double dt = ts_dur_to_s(ts_raw_sub(s->raw, newest->raw));

	return phase_ns(s, newest) + r->config.asymmetry * excess_ns(r, s) - r->fit.x_ns -
	       r->fit.rate_ppb * dt;
}

static bool is_step(struct regression *r, const struct reg_sample *s)
{
	double dt, off, limit;

	if (r->count < STEP_HISTORY)
		return false;
	dt = ts_dur_to_s(ts_raw_sub(s->raw, r->s[r->count - 1].raw));
	off = surprise_ns(r, s);
	limit = STEP_SIGMAS *
		sqrt(offset_var(r, dt) + r->fit.scale * r->fit.scale * variance_ns2(r, s));
	if (off > limit)
		r->odd = r->odd > 0 ? r->odd + 1 : 1;
	else if (off < -limit)
		r->odd = r->odd < 0 ? r->odd - 1 : -1;
	else
		r->odd = 0;
	return r->odd >= STEP_SAMPLES || r->odd <= -STEP_SAMPLES;
}

/* Only the phase was moved: what is known of the rate becomes the prior of what follows. */
static void cut_at_step(struct regression *r)
{
	r->prior_ppb = r->fit.rate_ppb;
	r->prior_sd_ppb = fmin(fmax(10 * sqrt(r->fit.prr), r->config.drift_ppb), 1e5);
	r->prior_sd_ppb = fmax(r->prior_sd_ppb, 1);
	drop_oldest(r, r->count - (STEP_SAMPLES - 1));
	r->odd = 0;
}

static int reg_sample(void *storage, const struct msg_sample *sample)
{
	struct regression *r = storage;
	struct reg_sample s = {
		.raw = {sample->raw_ns},
		.utc = {sample->utc_ns},
		.delay_ns = sample->delay_ns,
		.dispersion_ns = sample->dispersion_ns,
	};
	double moved_s = 0, moved_ns = 0;

	if (is_step(r, &s))
		cut_at_step(r);
	if (r->count > 0) {
		moved_s = ts_dur_to_s(ts_raw_sub(s.raw, r->s[r->count - 1].raw));
		moved_ns = phase_ns(&s, &r->s[r->count - 1]);
	}
	if (r->count >= samples_max(r))
		drop_oldest(r, r->count - samples_max(r) + 1);
	r->s[r->count++] = s;
	refit(r, moved_s, moved_ns);
	return 0;
}

static int reg_at(const void *storage, struct ts_raw raw, struct track_state *ret)
{
	const struct regression *r = storage;
	const struct reg_sample *newest = &r->s[r->count - 1];
	struct ts_dur passed = ts_raw_sub(raw, newest->raw);
	double dt = ts_dur_to_s(passed), ahead = dt > 0 ? dt : 0;
	double x = fmax(fmin(r->fit.x_ns + r->fit.rate_ppb * dt, PHASE_MAX_NS), -PHASE_MAX_NS);

	*ret = (struct track_state){
		.line.raw = raw,
		.line.utc =
			ts_utc_add(ts_utc_add(newest->utc, passed), (struct ts_dur){llround(x)}),
		.line.rate_ppb = r->fit.rate_ppb,
		.offset_sd_ns = sqrt(fmax(offset_var(r, dt), 0)),
		.rate_sd_ppb = sqrt(r->fit.prr + r->wander_ppb * r->wander_ppb * ahead),
		.wander_ppb = r->wander_ppb,
		.jitter_ns = r->jitter_ns,
		.base_delay_ns = (int64_t)r->base_delay_ns,
		.samples = r->count,
		.runs = r->fit.runs,
		.span_ns = ts_raw_sub(newest->raw, r->s[0].raw).ns,
		.oldest = r->s[0].raw,
		.newest = newest->raw,
	};
	return 0;
}

static void reg_shift(void *storage, struct ts_dur shift)
{
	struct regression *r = storage;

	for (int i = 0; i < r->count; i++)
		r->s[i].utc = ts_utc_add(r->s[i].utc, shift);
}

static int reg_dump(const void *storage, char *text, size_t size)
{
	const struct regression *r = storage;

	return snprintf(text, size,
		"regression: %d samples, span %.3f s, runs %d, x %.1f ns sd %.1f, rate %.3f ppb "
		"sd %.3f, base delay %.0f ns, floor %.1f ns, jitter %.1f ns, scale %.2f, odd %d",
		r->count, r->count > 0 ? span_s(r) : 0, r->fit.runs, r->fit.x_ns, sqrt(r->fit.pxx),
		r->fit.rate_ppb, sqrt(r->fit.prr), r->base_delay_ns, r->floor_ns, r->jitter_ns,
		r->fit.scale, r->odd);
}

const struct track_ops track_regression = {
	.word = "regression",
	.size = sizeof(struct regression),
	.init = reg_init,
	.configure = reg_configure,
	.sample = reg_sample,
	.at = reg_at,
	.shift = reg_shift,
	.dump = reg_dump,
};
