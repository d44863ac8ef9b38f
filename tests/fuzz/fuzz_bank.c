/* SPDX-License-Identifier: MIT */
/*
 * The bank estimator under a stream of samples, plausible ones, steps, gaps and nonsense mixed.
 * Whatever it says is finite, weights add up, covariances are covariances, and what the schema
 * allows in a verdict can be made of it. Second half of the inputs: the bank itself, with readings
 * far beyond what a message can carry.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "selectd/core/bank.h"
#include "selectd/core/track.h"
#include "tests/fuzz/input.h"

/* 0 .. 2^bits - 1, small ones often. */
static int64_t number(struct input *in, int bits)
{
	uint64_t v = 0;
	int n = byte(in) % 8 + 1;

	for (int i = 0; i < n; i++)
		v = v << 8 | byte(in);
	return (int64_t)(v & ((UINT64_C(1) << bits) - 1));
}

static void check_track(const struct track *t, int64_t raw_ns)
{
	struct track_state st;
	char text[256];

	require(track_at(t, (struct ts_raw){raw_ns}, &st) == 0, "a track with samples answers");
	require(isfinite(st.offset_sd_ns) && st.offset_sd_ns >= 0, "deviation of the offset");
	require(isfinite(st.rate_sd_ppb) && st.rate_sd_ppb >= 0, "deviation of the rate");
	require(isfinite(st.line.rate_ppb), "rate");
	require(isfinite(st.wander_ppb) && st.wander_ppb > 0.009 && st.wander_ppb < 1001, "wander");
	require(isfinite(st.jitter_ns) && st.jitter_ns > 0, "jitter");
	require(st.base_delay_ns >= 0, "base delay");
	require(st.low_ns <= 0 && st.high_ns >= 0, "the line lies in its interval");
	require(st.samples > 0 && st.samples <= 100000, "samples");
	require(st.span_ns >= 0 && st.oldest.ns <= st.newest.ns, "span");
	require(isfinite(track_growth(t, 64)) && track_growth(t, 64) >= 1, "growth");
	require(track_dump(t, text, sizeof(text)) > 0, "dump");
}

static void make_sample(struct input *in, int64_t raw_ns, int64_t utc_ns, struct msg_sample *m)
{
	int64_t turn;

	memset(m, 0, sizeof(*m));
	m->kind = (enum source_kind)(byte(in) % 8);
	m->raw_ns = raw_ns;
	m->utc_ns = utc_ns;
	m->delay_ns = number(in, 35);
	m->dispersion_ns = number(in, 35);
	if (!(byte(in) & 1))
		return;
	turn = number(in, 20);
	m->t1_raw_ns = raw_ns - number(in, 34);
	m->t4_raw_ns = ts_sat_add(raw_ns, number(in, 34));
	m->t2_utc_ns = utc_ns - turn;
	m->t3_utc_ns = ts_sat_add(utc_ns, turn);
	if (m->t1_raw_ns < 0 || m->t2_utc_ns < 0 || m->t4_raw_ns < 0 || m->t3_utc_ns < 0)
		m->t1_raw_ns = m->t2_utc_ns = m->t3_utc_ns = m->t4_raw_ns = 0;
}

static int64_t not_negative(int64_t v)
{
	return v < 0 ? 0 : v;
}

static void fuzz_track(struct input *in)
{
	static struct track t;
	struct track_config config = {.kind = (enum source_kind)(byte(in) % 8),
		.rate_sd_ppb = (double)number(in, 20),
		.drift_ppb = 1000,
		.asymmetry = byte(in) / 255.0 - 0.5};
	int64_t raw_ns = number(in, 40), utc_ns = INT64_C(1780000000) * NS_PER_S;
	bool any = false;

	track_init(&t, TRACK_BANK, &config);
	while (in->left > 0) {
		uint8_t what = byte(in);
		int64_t dt = number(in, what & 1 ? 62 : 34), step = number(in, what & 2 ? 62 : 20);
		struct msg_sample m;

		raw_ns = not_negative(ts_sat_add(raw_ns, dt));
		utc_ns = not_negative(ts_sat_add(utc_ns, dt));
		utc_ns = not_negative(
			what & 4 ? ts_sat_sub(utc_ns, step) : ts_sat_add(utc_ns, step));
		make_sample(in, raw_ns, utc_ns, &m);
		any |= track_sample(&t, &m) == 0;
		if (!any)
			continue;
		check_track(&t, raw_ns);
		check_track(&t, not_negative(ts_sat_add(raw_ns, number(in, 50))));
		check_track(&t, 0);
		if ((what & 0xf0) == 0x10) {
			track_shift(&t, (struct ts_dur){what & 8 ? NS_PER_S : -NS_PER_S});
			check_track(&t, raw_ns);
		}
	}
}

static double real(struct input *in, int low, int high)
{
	int e = low + byte(in) % (high - low + 1);

	return (1 + byte(in) / 256.0) * pow(10, e);
}

static void check_hypothesis(const struct bank_hypothesis *h)
{
	require(isfinite(h->x_ns) && isfinite(h->rate_ppb) && isfinite(h->base_ns), "state");
	require(isfinite(h->pxx) && h->pxx > 0, "variance of the phase");
	require(isfinite(h->prr) && h->prr > 0, "variance of the rate");
	require(isfinite(h->pbb) && h->pbb >= 0, "variance of the base");
	require(h->pxr * h->pxr <= h->pxx * h->prr * (1 + 1e-9), "correlation of phase and rate");
	require(h->pxb * h->pxb <= h->pxx * h->pbb * (1 + 1e-9), "correlation of phase and base");
	require(h->prb * h->prb <= h->prr * h->pbb * (1 + 1e-9), "correlation of rate and base");
	require(h->weight > 0 && h->weight <= 1 + 1e-9, "weight");
}

static void check_bank(const struct bank *b)
{
	double shares = 0;
	struct bank_mean m;

	for (int s = 0; s < b->shapes; s++) {
		double sum = 0;

		shares += b->share[s];
		for (int i = 0; i < BANK_WANDERS; i++) {
			check_hypothesis(&b->h[s][i]);
			sum += b->h[s][i].weight;
		}
		require(fabs(sum - 1) < 1e-9, "wanders of a shape add up to 1");
	}
	require(fabs(shares - 1) < 1e-9, "shapes add up to 1");
	bank_mean(b, &m);
	require(isfinite(bank_phase_ns(&m, 1e6)) && isfinite(bank_phase_var_ns2(&m, 1e6)), "mean");
}

static void fuzz_bank(struct input *in)
{
	static struct bank b;
	struct bank_start start = {.x_sd_ns = real(in, -3, 15),
		.rate_sd_ppb = real(in, -3, 7),
		.base_ns = real(in, 0, 10),
		.base_sd_ns = real(in, -3, 12)};
	int two_way = byte(in) & 1;

	bank_start(&b, two_way, &start);
	check_bank(&b);
	while (in->left > 0) {
		uint8_t what = byte(in);
		double y1 = real(in, -3, 18) * (what & 1 ? -1 : 1);
		double y2 = real(in, -3, 18) * (what & 2 ? -1 : 1);
		double scale = real(in, 0, 12), floor_ns2 = real(in, 0, 18);
		struct bank_size size = {scale, 1.5 * scale, 3 * scale, (what & 4) != 0};

		bank_advance(&b, real(in, -9, 9), scale * scale * 1e-6);
		if (two_way)
			bank_two_way(&b, y1, y2, &size, floor_ns2);
		else
			bank_one_way(&b, y1, scale, floor_ns2);
		if ((what & 0xf0) == 0x10)
			bank_loosen(&b, y2 * y2, scale);
		check_bank(&b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	if (byte(&in) & 1)
		fuzz_track(&in);
	else
		fuzz_bank(&in);
	return 0;
}
