/* SPDX-License-Identifier: MIT */
/*
 * The estimator `bank`: states over wanders and laws of noise, weighed by likelihood (bank.h);
 * from exchanges both directions (bank_exchange.h), from reference clocks their readings
 * (bank_oneway.h).
 *
 * Instants stay in int64: the track keeps an origin (an instant of the raw clock and UTC there),
 * and the bank works with differences of both clocks against it.
 */
#include "selectd/core/track_private.h"
#include "selectd/core/bank_exchange.h"
#include "selectd/core/bank_oneway.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PHASE_MAX_NS  4e18
#define SD_MAX_NS     1e17 /* three years: nothing is known; some of them still fit int64 */
#define SAMPLES_SHOWN 100000
#define RATE_SD_PPB   1e5 /* if the configuration has no prior: any crystal */
#define SQRT_HALF     0.70710678118654752

struct track_bank {
	struct track_config config;
	struct ts_raw raw, newest; /* origin; newest sample */
	struct ts_utc utc;
	struct bank_prior prior;
	bool two_way;
	int samples; /* since the start or the last step */
	int steps;
	union {
		struct bank_exchange exchange;
		struct bank_oneway oneway;
	} u;
};
_Static_assert(sizeof(struct track_bank) <= TRACK_STORAGE_SIZE, "the bank fits its storage");

static const struct bank_line *line_of(const struct track_bank *t)
{
	return t->two_way ? &t->u.exchange.line : &t->u.oneway.line;
}

static void bank_init(void *storage, const struct track_config *config)
{
	struct track_bank *t = storage;

	t->config = *config;
	t->prior.rate_ppb = config->rate_ppb;
	t->prior.rate_sd_ppb = config->rate_sd_ppb > 0 ? config->rate_sd_ppb : RATE_SD_PPB;
}

static void bank_configure(void *storage, const struct track_config *config)
{
	((struct track_bank *)storage)->config = *config;
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

/* Reference minus raw clock against the origin. */
static double phase_ns(const struct track_bank *t, int64_t utc_ns, int64_t raw_ns)
{
	return (double)ts_sat_sub(ts_sat_sub(utc_ns, t->utc.ns), ts_sat_sub(raw_ns, t->raw.ns));
}

static bool has_stamps(const struct msg_sample *m)
{
	return m->t4_raw_ns > m->t1_raw_ns && m->t1_raw_ns > 0 && m->t2_utc_ns > 0 &&
	       m->t3_utc_ns >= m->t2_utc_ns && m->t1_raw_ns <= m->raw_ns &&
	       m->raw_ns <= m->t4_raw_ns;
}

/*
 * Both directions at raw_ns. Each holds at the instant of the server's stamp; those lie
 * evenly around the middle, during which time the reference gains on the raw clock.
 */
static void directions(
	const struct track_bank *t, const struct msg_sample *m, struct bank_exchange_sample *ret)
{
	double y = phase_ns(t, m->utc_ns, m->raw_ns), half = (double)m->delay_ns / 2, f, turn;

	ret->there_ns = y + half;
	ret->back_ns = half - y;
	if (!has_stamps(m))
		return;
	f = t->samples > 0 ? t->u.exchange.line.mean.state.rate_ppb : t->prior.rate_ppb;
	turn = 1e-9 * (double)(m->t3_utc_ns - m->t2_utc_ns) / 2;
	ret->there_ns = phase_ns(t, m->t2_utc_ns, m->t1_raw_ns) + f * turn;
	ret->back_ns = -phase_ns(t, m->t3_utc_ns, m->t4_raw_ns) + f * turn;
}

static enum bank_line_result take(
	struct track_bank *t, const struct msg_sample *m, int64_t *ret_step_ns)
{
	if (t->two_way) {
		struct bank_exchange_sample s = {
			.raw_ns = m->raw_ns,
			.precision_ns = (double)m->dispersion_ns,
			.asymmetry = t->config.asymmetry,
		};

		directions(t, m, &s);
		return bank_exchange_take(&t->u.exchange, &s, &t->prior, ret_step_ns);
	}
	return bank_oneway_take(&t->u.oneway,
		&(struct bank_oneway_sample){
			.raw_ns = m->raw_ns,
			.y_ns = phase_ns(t, m->utc_ns, m->raw_ns),
			.bracket_ns = (double)m->delay_ns,
			.precision_ns = (double)m->dispersion_ns,
			.prior_jitter_ns = prior_jitter_ns(m->kind),
		},
		&t->prior, ret_step_ns);
}

static void start(struct track_bank *t, const struct msg_sample *m)
{
	memset(&t->u, 0, sizeof(t->u));
	t->two_way = m->kind == source_kind_ntp;
	t->raw.ns = m->raw_ns;
	t->utc.ns = m->utc_ns;
	t->samples = 0;
}

static int bank_sample(void *storage, const struct msg_sample *sample)
{
	struct track_bank *t = storage;
	int64_t step_ns = 0;

	if (t->samples == 0)
		start(t, sample);
	switch (take(t, sample, &step_ns)) {
	case BANK_LINE_STEPPED:
		t->utc.ns = ts_sat_add(t->utc.ns, step_ns);
		t->samples = BANK_WATCH_READINGS - 1;
		t->steps++;
		break;
	case BANK_LINE_LOST:
		start(t, sample);
		take(t, sample, &step_ns);
		t->steps++;
		break;
	case BANK_LINE_TAKEN:
		break;
	}
	t->samples += t->samples < INT32_MAX;
	t->newest.ns = sample->raw_ns;
	return 0;
}

static double jitter_ns(const struct track_bank *t)
{
	/* the midpoint of two directions */
	return t->two_way ? SQRT_HALF * t->u.exchange.scale_ns : t->u.oneway.scale_ns;
}

/* The least round trip, less a deviation of what is known of it, and of the Gaussian part where the
 * law of the delays has no sharp edge. One is enough: an error of it counts by the share of the
 * time that an edge is carried, beside all of the four deviations of the wander (hardbound.h). */
static double least_delay_ns(const struct track_bank *t)
{
	const struct bank_mean *m = &t->u.exchange.line.mean;

	if (!t->two_way)
		return 0;
	return fmax(bank_exchange_delay_ns(&t->u.exchange) -
			    2 * hypot(sqrt(m->state.pbb), m->gauss * t->u.exchange.scale_ns),
		0);
}

/* bank_exchange.h: what changes of one way have moved since the start. */
static double apart_ns(const struct track_bank *t)
{
	const struct bank_exchange *e = &t->u.exchange;

	return t->two_way ? e->there_ns - e->back_ns + bank_apart_ns(&e->line.bank, &e->line.mean)
			  : 0;
}

static int bank_at(const void *storage, struct ts_raw raw, struct track_state *ret)
{
	const struct track_bank *t = storage;
	const struct bank_line *l = line_of(t);
	struct bank_line_state s = bank_line_at(l, raw.ns);
	double x = fmax(fmin(s.phase_ns, PHASE_MAX_NS), -PHASE_MAX_NS);
	struct ts_utc utc = ts_utc_add(t->utc, ts_raw_sub(raw, t->raw));

	*ret = (struct track_state){
		.line.raw = raw,
		.line.utc = ts_utc_add(utc, (struct ts_dur){llround(x)}),
		.line.rate_ppb = s.rate_ppb,
		.offset_sd_ns = fmin(s.phase_sd_ns, SD_MAX_NS),
		.doubt_ns = fmin(s.doubt_ns, SD_MAX_NS),
		.rate_sd_ppb = s.rate_sd_ppb,
		.wander_ppb = l->mean.wander_ppb,
		.wander_tail_ppb = l->mean.wander_tail_ppb,
		.jitter_ns = jitter_ns(t),
		.base_delay_ns = t->two_way ? llround(bank_exchange_delay_ns(&t->u.exchange)) : 0,
		.apart_ns = apart_ns(t),
		.least_delay_ns = least_delay_ns(t),
		.samples = t->samples < SAMPLES_SHOWN ? t->samples : SAMPLES_SHOWN,
		.span_ns = ts_sat_sub(t->newest.ns, l->since_raw_ns),
		.oldest = {l->since_raw_ns},
		.newest = t->newest,
	};
	return 0;
}

static void bank_shift(void *storage, struct ts_dur shift)
{
	struct track_bank *t = storage;

	t->utc = ts_utc_add(t->utc, shift);
}

static int bank_dump(const void *storage, char *text, size_t size)
{
	const struct track_bank *t = storage;
	const struct bank_line *l = line_of(t);
	struct bank_line_state s = bank_line_at(l, l->raw_ns);

	return snprintf(text, size,
		"bank: %d samples, %s, sd %.1f ns, rate %.3f ppb sd %.3f, wander %.3g ppb/sqrt(s), "
		"scale %.1f ns, gaussian share %.2f, base delay %.0f ns, steps %d, route changes "
		"%d, watching %d",
		t->samples, t->two_way ? "two-way" : "one-way", s.phase_sd_ns, s.rate_ppb,
		s.rate_sd_ppb, l->mean.wander_ppb,
		t->two_way ? t->u.exchange.scale_ns : t->u.oneway.scale_ns, l->mean.gauss,
		t->two_way ? bank_exchange_delay_ns(&t->u.exchange) : 0, t->steps,
		t->two_way ? t->u.exchange.route_changes : 0, l->watch.count);
}

const struct track_ops track_bank = {
	.word = "bank",
	.models = true,
	.size = sizeof(struct track_bank),
	.init = bank_init,
	.configure = bank_configure,
	.sample = bank_sample,
	.at = bank_at,
	.shift = bank_shift,
	.dump = bank_dump,
};
