/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/selectd_sim.h"
#include "selectd/core/track.h"

static const struct track_config ntp_config = {
	.kind = source_kind_ntp, .rate_sd_ppb = 1e5, .drift_ppb = 1000};

static const struct sim_path lan = {.name = "a",
	.kind = source_kind_ntp,
	.base_ns = 1e6,
	.jitter_ns = 1e5,
	.root_dispersion_ns = 1000,
	.stratum = 1};

/* The interface is one, whoever stands behind it: the tests of it are run for each estimator. */
static enum track_kind kind_under_test;
static const char *const names[TRACK_KINDS] = {"regression", "bank", "classic"};

static struct track *new_track(const struct track_config *config)
{
	struct track *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	track_init(t, kind_under_test, config);
	return t;
}

static void feed(struct track *t, struct sim *s, const struct sim_path *p, int n, double interval_s)
{
	for (int i = 0; i < n; i++) {
		struct msg m;

		sim_advance(s, interval_s);
		m = sim_sample(s, p);
		assert_int_equal(track_sample(t, &m.u.sample), 0);
	}
}

static struct track_state look(const struct track *t, int64_t raw_ns)
{
	struct track_state st;

	assert_int_equal(track_at(t, (struct ts_raw){raw_ns}, &st), 0);
	return st;
}

static double error_ns(const struct track_state *st, const struct sim *s)
{
	return (double)(st->line.utc.ns - sim_utc(s, st->line.raw.ns));
}

/* To the bit, but for the padding. */
static void assert_same(const struct track_state *a, const struct track_state *b)
{
	assert_i64_equal(a->line.raw.ns, b->line.raw.ns);
	assert_i64_equal(a->line.utc.ns, b->line.utc.ns);
	assert_near_double(a->line.rate_ppb, b->line.rate_ppb, 0);
	assert_near_double(a->offset_sd_ns, b->offset_sd_ns, 0);
	assert_near_double(a->rate_sd_ppb, b->rate_sd_ppb, 0);
	assert_near_double(a->jitter_ns, b->jitter_ns, 0);
	assert_near_double(a->wander_ppb, b->wander_ppb, 0);
	assert_int_equal(a->samples, b->samples);
	assert_i64_equal(a->newest.ns, b->newest.ns);
	assert_i64_equal(a->oldest.ns, b->oldest.ns);
	assert_i64_equal(a->low_ns, b->low_ns);
	assert_i64_equal(a->high_ns, b->high_ns);
}

static void empty_track_knows_nothing(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct track_state st;

	(void)state;
	assert_int_equal(track_at(t, (struct ts_raw){5}, &st), -ENODATA);
	assert_near_double(track_growth(t, 64), 0, 0);
	free(t);
}

static void first_sample_sets_the_phase(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 1, 20000, 0);
	feed(t, &s, &lan, 1, 1);
	st = look(t, s.raw_ns);
	assert_int_equal(st.samples, 1);
	assert_near_double(error_ns(&st, &s), 0, 5e5);
	assert_near_double(st.rate_sd_ppb, 1e5, 1e3);
	assert_true((double)st.low_ns <= -error_ns(&st, &s) &&
		    (double)st.high_ns >= -error_ns(&st, &s));
	/* the uncertain rate must show a second later */
	st = look(t, s.raw_ns + NS_PER_S);
	assert_true(st.offset_sd_ns > 9e4);
	assert_true(st.high_ns > 900000);
	free(t);
}

static void four_samples_converge(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct track *t = new_track(&ntp_config);
		struct track_state st;
		struct sim s;

		sim_init(&s, seed, 20000, 0);
		feed(t, &s, &lan, 4, 2);
		st = look(t, s.raw_ns);
		assert_near_double(error_ns(&st, &s), 0, 5e5);
		free(t);
	}
}

static void long_history_is_better_than_a_sample(void **state)
{
	double sum = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct track *t = new_track(&ntp_config);
		struct track_state st;
		struct sim s;

		sim_init(&s, seed, -35000, 1e-10);
		feed(t, &s, &lan, 100, 16);
		st = look(t, s.raw_ns);
		sum += error_ns(&st, &s) * error_ns(&st, &s);
		assert_near_double(st.line.rate_ppb, s.rate_ppb, 8 * st.rate_sd_ppb + 1);
		assert_near_double((double)st.base_delay_ns, 1e6, 1e5);
		free(t);
	}
	/* a single sample: 71 us; the linear limit for this is 8 us (white noise, wander 1e-10) */
	assert_true(sqrt(sum / 20) < 2e4);
}

static void sd_is_about_right(void **state)
{
	double z2 = 0, worst = 0;
	int n = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct track *t = new_track(&ntp_config);
		struct sim s;

		sim_init(&s, seed, 1000, 1e-9);
		feed(t, &s, &lan, 20, 16);
		for (int i = 0; i < 100; i++) {
			struct track_state st;
			double z;

			feed(t, &s, &lan, 1, 16);
			sim_advance(&s, 8);
			st = look(t, s.raw_ns);
			z = error_ns(&st, &s) / st.offset_sd_ns;
			z2 += z * z;
			n++;
			worst = fmax(worst, fabs(z));
		}
		free(t);
	}
	assert_near_double(sqrt(z2 / n), 1, 0.5);
	assert_true(worst < 7);
}

/* Whatever noise, asymmetry and wander: the interval holds the truth. */
static void interval_holds_the_truth(enum track_kind kind)
{
	static const double wander[] = {0, 1e-10, 1e-9, 1e-8, 1e-7};
	static const double interval[] = {0.0625, 2, 16, 64, 256};
	int broken = 0, looked = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct track *t = new_track(&ntp_config);
		struct sim_path p = lan;
		struct sim s;

		track_init(t, kind, &ntp_config);
		sim_init(&s, seed, 50000 - 2500.0 * (double)(seed % 40), wander[seed % 5]);
		p.noise = seed % 2 ? SIM_GAUSSIAN : SIM_EXPONENTIAL;
		p.asymmetry_ns = (double)(int64_t)(seed % 3 - 1) * 0.5 * p.base_ns;
		for (int i = 0; i < 150; i++) {
			struct track_state st;
			double e;

			feed(t, &s, &p, 1, interval[seed % 4]);
			sim_advance(&s, interval[seed % 4] * prng_uniform(&s.g));
			st = look(t, s.raw_ns);
			e = -error_ns(&st, &s);
			looked++;
			assert_true(st.low_ns <= 0 && st.high_ns >= 0);
			broken += e < (double)st.low_ns || e > (double)st.high_ns;
		}
		free(t);
	}
	assert_int_equal(looked, 6000);
	assert_int_equal(broken, 0);
}

static void hard_interval_holds_the_truth(void **state)
{
	(void)state;
	interval_holds_the_truth(TRACK_REGRESSION);
	interval_holds_the_truth(TRACK_BANK);
}

static void intersection_is_tighter_than_one_sample(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct sim_path p = lan;
	struct track_state st;
	struct sim s;

	(void)state;
	p.jitter_ns = 1e6;
	sim_init(&s, 3, 1000, 0);
	feed(t, &s, &p, 64, 1);
	st = look(t, s.raw_ns);
	/* one exchange: half of base plus 2 ms of queueing on average; both ways at their best:
	 * base */
	assert_i64_range(st.high_ns - st.low_ns, 900000, 1600000);
	free(t);
}

static void an_outlier_moves_nothing(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct sim_path bad = lan;
	struct track_state before, after;
	struct sim s;
	struct msg m;

	(void)state;
	sim_init(&s, 9, 1000, 1e-10);
	feed(t, &s, &lan, 40, 16);
	before = look(t, s.raw_ns + 16 * NS_PER_S);
	sim_advance(&s, 16);
	bad.error_ns = 1e9;
	m = sim_sample(&s, &bad);
	assert_int_equal(track_sample(t, &m.u.sample), 0);
	after = look(t, before.line.raw.ns);
	assert_near_double((double)(after.line.utc.ns - before.line.utc.ns), 0, 5e4);
	assert_int_equal(after.samples, 41);
	free(t);
}

static void a_stepped_source_is_followed_and_keeps_its_rate(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct sim_path moved = lan;
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 9, 12345, 1e-10);
	feed(t, &s, &lan, 40, 16);
	moved.error_ns = 5e9;
	feed(t, &s, &moved, 3, 16);
	st = look(t, s.raw_ns);
	assert_near_double(error_ns(&st, &s), 5e9, 5e5);
	assert_near_double(st.line.rate_ppb, 12345, 2000);
	/* and the interval is about the new time */
	assert_true(st.low_ns > -2000000 && st.high_ns < 2000000);
	free(t);
}

static void history_shortens_when_the_rate_changes(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 4, 0, 1e-10);
	feed(t, &s, &lan, 64, 64);
	assert_true(look(t, s.raw_ns).samples > 40);
	s.rate_ppb += 10000;
	feed(t, &s, &lan, 16, 64);
	st = look(t, s.raw_ns);
	assert_true(st.samples <= 20);
	assert_near_double(st.line.rate_ppb, s.rate_ppb, 1000);
	free(t);
}

static void samples_are_kept_as_configured(void **state)
{
	struct track_config config = ntp_config;
	struct track *t;
	struct sim s;

	(void)state;
	config.maxsamples = 10;
	t = new_track(&config);
	sim_init(&s, 4, 0, 1e-10);
	feed(t, &s, &lan, 30, 16);
	assert_int_equal(look(t, s.raw_ns).samples, 10);
	config.minsamples = 64;
	config.maxsamples = 0;
	track_configure(t, &config);
	feed(t, &s, &lan, 5, 16);
	s.rate_ppb += 10000;
	feed(t, &s, &lan, 30, 16);
	assert_int_equal(look(t, s.raw_ns).samples, 45);
	free(t);
}

static void old_or_equal_instants_are_refused(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct track_state before, after;
	struct sim s;
	struct msg m;

	(void)state;
	sim_init(&s, 4, 0, 1e-10);
	feed(t, &s, &lan, 10, 16);
	m = sim_sample(&s, &lan);
	m.u.sample.raw_ns = look(t, s.raw_ns).newest.ns;
	before = look(t, s.raw_ns);
	assert_int_equal(track_sample(t, &m.u.sample), -EINVAL);
	m.u.sample.raw_ns -= 5;
	assert_int_equal(track_sample(t, &m.u.sample), -EINVAL);
	after = look(t, s.raw_ns);
	assert_same(&before, &after);
	free(t);
}

static void a_leap_second_shifts_everything(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct track_state before, after;
	struct sim s;

	(void)state;
	sim_init(&s, 4, 777, 1e-10);
	feed(t, &s, &lan, 30, 16);
	before = look(t, s.raw_ns);
	track_shift(t, (struct ts_dur){-NS_PER_S});
	after = look(t, s.raw_ns);
	assert_i64_equal(after.line.utc.ns, before.line.utc.ns - NS_PER_S);
	assert_i64_equal(after.low_ns, before.low_ns);
	assert_i64_equal(after.high_ns, before.high_ns);
	s.leap_ns = -NS_PER_S;
	feed(t, &s, &lan, 1, 16);
	after = look(t, s.raw_ns);
	assert_int_equal(after.samples, before.samples + 1);
	assert_near_double(error_ns(&after, &s), 0, 1e5);
	free(t);
}

static void reset_forgets(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct track_state st;
	struct sim s;

	(void)state;
	sim_init(&s, 4, 777, 1e-10);
	feed(t, &s, &lan, 30, 16);
	track_reset(t);
	assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &st), -ENODATA);
	feed(t, &s, &lan, 1, 16);
	assert_int_equal(look(t, s.raw_ns).samples, 1);
	free(t);
}

static void growth_rises_with_the_interval(void **state)
{
	struct track *t = new_track(&ntp_config);
	struct sim s;

	(void)state;
	sim_init(&s, 4, 777, 1e-9);
	feed(t, &s, &lan, 40, 16);
	assert_true(track_growth(t, 1) >= 1);
	assert_true(track_growth(t, 64) > track_growth(t, 16));
	assert_true(track_growth(t, 4096) > 3);
	free(t);
}

static void reference_clock_is_believed_within_its_noise(void **state)
{
	struct track_config config = ntp_config;
	struct sim_path pps = {
		.name = "PPS", .kind = source_kind_pps, .jitter_ns = 200, .stratum = 0};
	struct track *t;
	int broken = 0;
	struct sim s;

	(void)state;
	config.kind = source_kind_pps;
	t = new_track(&config);
	sim_init(&s, 4, 777, 1e-9);
	for (int i = 0; i < 500; i++) {
		struct track_state st;

		feed(t, &s, &pps, 1, 1);
		st = look(t, s.raw_ns);
		broken += -error_ns(&st, &s) > (double)st.high_ns ||
			  -error_ns(&st, &s) < (double)st.low_ns;
		if (i > 100)
			assert_near_double(error_ns(&st, &s), 0, 600);
	}
	assert_int_equal(broken, 0);
	assert_true(look(t, s.raw_ns).high_ns < 10000);
	free(t);
}

static void same_input_same_bits(void **state)
{
	struct track *a = new_track(&ntp_config), *b = new_track(&ntp_config);
	struct track_state x, y;
	struct sim s, r;

	(void)state;
	sim_init(&s, 11, 777, 1e-8);
	r = s;
	feed(a, &s, &lan, 200, 16);
	feed(b, &r, &lan, 200, 16);
	x = look(a, s.raw_ns);
	y = look(b, s.raw_ns);
	assert_same(&x, &y);
	free(a);
	free(b);
}

/* What each must keep to. */
static int run_contract(enum track_kind kind)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_track_knows_nothing),
		cmocka_unit_test(first_sample_sets_the_phase),
		cmocka_unit_test(four_samples_converge),
		cmocka_unit_test(old_or_equal_instants_are_refused),
		cmocka_unit_test(reset_forgets),
		cmocka_unit_test(growth_rises_with_the_interval),
		cmocka_unit_test(same_input_same_bits),
	};

	kind_under_test = kind;
	return cmocka_run_group_tests_name(names[kind], tests, NULL, NULL);
}

/* What those that fit a line to their samples can do; the clock filter knows one sample. */
static int run_line(enum track_kind kind)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_history_is_better_than_a_sample),
		cmocka_unit_test(sd_is_about_right),
		cmocka_unit_test(intersection_is_tighter_than_one_sample),
		cmocka_unit_test(an_outlier_moves_nothing),
		cmocka_unit_test(a_stepped_source_is_followed_and_keeps_its_rate),
		cmocka_unit_test(a_leap_second_shifts_everything),
		cmocka_unit_test(reference_clock_is_believed_within_its_noise),
	};

	kind_under_test = kind;
	return cmocka_run_group_tests_name(names[kind], tests, NULL, NULL);
}

/* Only a window of samples has a length. */
static int run_window(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_shortens_when_the_rate_changes),
		cmocka_unit_test(samples_are_kept_as_configured),
		cmocka_unit_test(hard_interval_holds_the_truth),
	};

	kind_under_test = TRACK_REGRESSION;
	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}

int main(void)
{
	int failed = run_window() + run_line(TRACK_REGRESSION) + run_line(TRACK_BANK);

	for (int kind = 0; kind < TRACK_KINDS; kind++)
		failed += run_contract((enum track_kind)kind);
	return failed != 0;
}
