/* SPDX-License-Identifier: MIT */
/* The estimator `bank` behind track.h. Limits are those of filters that know all, with room. */
#include <errno.h>
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/selectd_sim.h"
#include "selectd/core/track.h"

static const struct sim_path lan = {
	.name = "a", .kind = source_kind_ntp, .base_ns = 2e6, .jitter_ns = 1e5, .stratum = 1};

static const struct sim_path pps = {.name = "p", .kind = source_kind_pps, .jitter_ns = 200};

static struct track *new_track(enum source_kind kind)
{
	struct track_config config = {.kind = kind, .rate_sd_ppb = 1e5, .drift_ppb = 1000};
	struct track *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	track_init(t, TRACK_BANK, &config);
	return t;
}

static double error_ns(const struct track *t, const struct sim *s)
{
	struct track_state st;

	assert_int_equal(track_at(t, (struct ts_raw){s->raw_ns}, &st), 0);
	return (double)(st.line.utc.ns - sim_utc(s, s->raw_ns));
}

static void take(struct track *t, struct sim *s, const struct sim_path *p)
{
	struct msg m = sim_sample(s, p);

	assert_int_equal(track_sample(t, &m.u.sample), 0);
}

/* n samples; RMS of the error just before each of the last `of`. */
static double feed(
	struct track *t, struct sim *s, const struct sim_path *p, int n, double interval_s, int of)
{
	double sum = 0;

	for (int i = 0; i < n; i++) {
		double e;

		sim_advance(s, interval_s);
		if (i >= n - of) {
			e = error_ns(t, s);
			sum += e * e;
		}
		take(t, s, p);
	}
	return of > 0 ? sqrt(sum / of) : 0;
}

static void empty_track_knows_nothing(void **state)
{
	struct track *t = new_track(source_kind_ntp);
	struct track_state st;

	(void)state;
	assert_int_equal(track_at(t, (struct ts_raw){5}, &st), -ENODATA);
	assert_near_double(track_growth(t, 64), 0, 0);
	free(t);
}

static void first_sample_sets_the_phase(void **state)
{
	struct track *t = new_track(source_kind_ntp);
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 1, 20000, 0);
	sim_advance(&s, 1);
	take(t, &s, &lan);
	assert_near_double(error_ns(t, &s), 0, 5e5);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &st), 0);
	assert_near_double(st.rate_sd_ppb, 1e5, 1e3);
	assert_int_equal(st.samples, 1);
	assert_true(track_growth(t, 64) > 10);
	free(t);
}

/* Edges: 16 samples' worth of mean delay would be 18 us, the Kalman limit 25 us. */
static void edges_count(void **state)
{
	double sum = 0, sd = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct track *t = new_track(source_kind_ntp);
		struct track_state st;
		struct sim s;
		double e;

		sim_init(&s, seed, -35000, 1e-9);
		e = feed(t, &s, &lan, 600, 64, 400);
		sum += e * e / 6;
		assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &st), 0);
		sd += st.offset_sd_ns * st.offset_sd_ns / 6;
		assert_near_double(st.line.rate_ppb, s.rate_ppb, 7 * st.rate_sd_ppb);
		assert_near_double((double)st.base_delay_ns, 2e6, 3e4);
		assert_near_double(log10(st.wander_ppb), 0, 0.5);
		assert_near_double(st.jitter_ns, 7e4, 4e4);
		free(t);
	}
	/* before each sample the limit is about 14 us, just after one 8 us */
	assert_near_double(sqrt(sum), 14e3, 3e3);
	assert_near_double(sqrt(sd), 8e3, 3e3);
}

static void pulses_reach_the_kalman_limit(void **state)
{
	double sum = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct track *t = new_track(source_kind_pps);
		struct sim s;
		double e;

		sim_init(&s, seed, 35000, 1e-9);
		e = feed(t, &s, &pps, 3000, 1, 2000);
		sum += e * e / 6;
		free(t);
	}
	assert_near_double(sqrt(sum), 66, 8);
}

/* Two steps in a row, of a millisecond and of an hour; the rate must not be thrown. */
static void steps_are_followed_in_three_samples(void **state)
{
	static const int64_t step[] = {1000000, -3600 * NS_PER_S};
	struct track *t = new_track(source_kind_ntp);
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 3, 1000, 1e-9);
	feed(t, &s, &lan, 100, 16, 0);
	for (int k = 0; k < 2; k++) {
		s.x_ns += (double)step[k];
		feed(t, &s, &lan, 3, 16, 0);
		assert_near_double(error_ns(t, &s), 0, 1.5e5);
		assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &st), 0);
		assert_near_double(st.line.rate_ppb, s.rate_ppb, 7 * st.rate_sd_ppb);
		assert_true(st.rate_sd_ppb < 5000);
		assert_int_equal(st.samples, 3);
		feed(t, &s, &lan, 30, 16, 0);
		assert_near_double(error_ns(t, &s), 0, 5e4);
	}
	free(t);
}

static void a_wild_sample_is_forgotten(void **state)
{
	static const double off_ns[] = {5e3, 5e5, 1e9, -1e15};

	(void)state;
	for (int k = 0; k < 4; k++) {
		struct track *t = new_track(source_kind_pps);
		struct sim s;
		struct msg m;

		sim_init(&s, 4, 1000, 1e-9);
		feed(t, &s, &pps, 100, 1, 0);
		sim_advance(&s, 1);
		m = sim_sample(&s, &pps);
		m.u.sample.utc_ns += (int64_t)off_ns[k];
		assert_int_equal(track_sample(t, &m.u.sample), 0);
		feed(t, &s, &pps, 1, 1, 0);
		assert_near_double(error_ns(t, &s), 0, 300);
		free(t);
	}
}

static void a_leap_second_moves_the_line(void **state)
{
	struct track *t = new_track(source_kind_ntp);
	struct track_state before, after;
	struct sim s;

	(void)state;
	sim_init(&s, 5, 1000, 1e-9);
	feed(t, &s, &lan, 40, 16, 0);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &before), 0);
	track_shift(t, (struct ts_dur){-NS_PER_S});
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &after), 0);
	assert_i64_equal(after.line.utc.ns, before.line.utc.ns - NS_PER_S);
	assert_near_double(after.offset_sd_ns, before.offset_sd_ns, 1e-9);
	s.x_ns -= 1e9;
	feed(t, &s, &lan, 5, 16, 0);
	assert_near_double(error_ns(t, &s), 0, 5e4);
	free(t);
}

/* A week without a sample: certain of less, and back at once. */
static void a_long_gap_widens_and_ends(void **state)
{
	struct track *t = new_track(source_kind_ntp);
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 6, 1000, 1e-9);
	feed(t, &s, &lan, 300, 64, 0);
	for (int i = 0; i < 70; i++)
		sim_advance(&s, 8640);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &st), 0);
	/* w T^1.5 / sqrt(3) is 0.27 s */
	assert_near_double(log10(st.offset_sd_ns / 2.7e8), 0, 0.5);
	assert_true(fabs(error_ns(t, &s)) < 5 * st.offset_sd_ns);
	feed(t, &s, &lan, 20, 64, 0);
	assert_near_double(error_ns(t, &s), 0, 1e5);
	free(t);
}

/* Whatever was learned of the wander: between samples the rate may change by maxclockerror unseen,
 * and what other sources' samples are weighed against is carried from the last of this one. */
static void the_interval_grows_by_maxclockerror(void **state)
{
	struct track *t = new_track(source_kind_ntp);
	struct track_state now, then;
	struct sim s;

	(void)state;
	sim_init(&s, 3, 20000, 1e-10);
	feed(t, &s, &lan, 400, 16, 0);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &now), 0);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns + 200 * NS_PER_S}, &then), 0);
	assert_true(then.high_ns - then.low_ns >= now.high_ns - now.low_ns + 2 * 200 * 1000);
	sim_advance(&s, 1);
	s.rate_ppb += 900;
	sim_advance(&s, 199);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &then), 0);
	assert_true((double)then.low_ns <= -error_ns(t, &s));
	assert_true((double)then.high_ns >= -error_ns(t, &s));
	free(t);
}

static void growth_and_the_past(void **state)
{
	struct track *t = new_track(source_kind_ntp);
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 7, 1000, 1e-9);
	feed(t, &s, &lan, 300, 64, 0);
	assert_true(track_growth(t, 64) < track_growth(t, 1024));
	assert_true(track_growth(t, 1) >= 1 && track_growth(t, 1) < 1.1);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns - 10 * NS_PER_S}, &st), 0);
	assert_near_double(
		(double)(st.line.utc.ns - sim_utc(&s, s.raw_ns - 10 * NS_PER_S)), 0, 6e4);
	free(t);
}

static void dump_is_text(void **state)
{
	struct track *t = new_track(source_kind_ntp);
	char text[512];
	struct sim s;

	(void)state;
	sim_init(&s, 8, 1000, 1e-9);
	feed(t, &s, &lan, 5, 64, 0);
	assert_true(track_dump(t, text, sizeof(text)) > 20);
	assert_non_null(strstr(text, "bank: 5 samples, two-way"));
	assert_true(track_dump(t, text, 4) > 20);
	free(t);
}

/* Gaussian delays that were quiet by half for a window, as happens by chance in a month: early ones
 * are 6 deviations off then, and must not be taken for a wander of the oscillator. */
static void a_quiet_hour_is_no_promise(void **state)
{
	struct sim_path p = lan;
	double worst = 0;

	(void)state;
	p.noise = SIM_GAUSSIAN;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct track *t = new_track(source_kind_ntp);
		struct sim s;

		sim_init(&s, seed, 35000, 1e-9);
		p.jitter_ns = 1e5;
		p.base_ns = lan.base_ns;
		feed(t, &s, &p, 300, 64, 0);
		p.jitter_ns = 5e4;
		p.base_ns = lan.base_ns + 5e5;
		feed(t, &s, &p, 64, 64, 0);
		p.jitter_ns = 1e5;
		p.base_ns = lan.base_ns;
		for (int i = 0; i < 16; i++) {
			sim_advance(&s, 64);
			take(t, &s, &p);
			worst = fmax(worst, fabs(error_ns(t, &s)));
		}
		free(t);
	}
	assert_near_double(worst, 0, 19e4);
}

static void reset_forgets(void **state)
{
	struct track *t = new_track(source_kind_pps);
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 9, 1000, 1e-9);
	feed(t, &s, &lan, 50, 16, 0);
	track_reset(t);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &st), -ENODATA);
	feed(t, &s, &pps, 50, 1, 0); /* of another kind even */
	assert_near_double(error_ns(t, &s), 0, 500);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_track_knows_nothing),
		cmocka_unit_test(first_sample_sets_the_phase),
		cmocka_unit_test(edges_count),
		cmocka_unit_test(pulses_reach_the_kalman_limit),
		cmocka_unit_test(steps_are_followed_in_three_samples),
		cmocka_unit_test(a_wild_sample_is_forgotten),
		cmocka_unit_test(a_leap_second_moves_the_line),
		cmocka_unit_test(a_long_gap_widens_and_ends),
		cmocka_unit_test(the_interval_grows_by_maxclockerror),
		cmocka_unit_test(growth_and_the_past),
		cmocka_unit_test(dump_is_text),
		cmocka_unit_test(a_quiet_hour_is_no_promise),
		cmocka_unit_test(reset_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
