/* SPDX-License-Identifier: MIT */
/*
 * What batches of readings come down to under each kind of noise, by the error of the stream of
 * samples; beside it what the narrowest bracket, the median and the average would give.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/phc_noise.h"
#include "common/core/prng.h"
#include "common/core/stats.h"
#include "selectd/core/track.h"
#include "tests/unit/tcheck.h"

#define BATCHES	 1000
#define READINGS PHC_BATCH_MAX
#define T0	 (1000 * NS_PER_S)
#define PHC0	 INT64_C(1700000000000000000)
#define SPACE_NS 2000
#define LEG_NS	 400

/* Of a reading: of each leg, and of the clock's stamp (more: it shows more). */
struct noise {
	double there_ns, back_ns; /* exponential */
	double late_ns;		  /* exponential, below 0: early */
	double gauss_ns;
	double legs_gauss_ns; /* of either leg, beside */
};

struct result {
	double ours, ours_rms, narrowest, median, average_rms;
};

static double leg_ns(struct prng *rng, double mean_ns, double gauss_ns)
{
	double ns = LEG_NS + mean_ns * prng_exponential(rng) + gauss_ns * prng_normal(rng);

	return ns > 20 ? ns : 20;
}

static void draw(struct prng *rng, const struct noise *n, int64_t t, struct phc_batch *ret)
{
	*ret = (struct phc_batch){
		.method = PHC_METHOD_EXTENDED, .scale = PHC_SCALE_RAW, .count = READINGS};
	for (int i = 0; i < READINGS; i++) {
		double there = leg_ns(rng, n->there_ns, n->legs_gauss_ns);
		double back = leg_ns(rng, n->back_ns, n->legs_gauss_ns);
		double hidden = n->late_ns * prng_exponential(rng) + n->gauss_ns * prng_normal(rng);
		int64_t at = t + i * SPACE_NS + llround(there);

		ret->reading[i] = (struct phc_reading){
			t + i * SPACE_NS, PHC0 + (at - T0) + llround(hidden), at + llround(back)};
	}
}

static double error_ns(int64_t phc_ns, int64_t system_ns)
{
	return (double)((phc_ns - PHC0) - (system_ns - T0));
}

static double errors_of(const struct phc_batch *b, double *errors)
{
	for (int i = 0; i < b->count; i++) {
		const struct phc_reading *r = &b->reading[i];

		errors[i] = error_ns(r->phc_ns, r->before_ns + (r->after_ns - r->before_ns) / 2);
	}
	return stats_mean(errors, b->count);
}

/* The first of the batches find out about the law, and count like all others. */
static struct result run(const struct noise *noise, uint64_t seed)
{
	static double ours[BATCHES], average[BATCHES];
	struct phc_noise state = {0};
	struct result r = {0};
	struct prng rng;

	prng_init(&rng, seed);
	for (int k = 0; k < BATCHES; k++) {
		double errors[READINGS], scratch[READINGS];
		struct phc_best best;
		struct phc_batch b;

		draw(&rng, noise, T0 + k * NS_PER_S, &b);
		average[k] = errors_of(&b, errors);
		r.median += stats_median(errors, READINGS, scratch) / BATCHES;
		assert_int_equal(phc_reading_best(&b, &best), 0);
		r.narrowest += error_ns(best.phc_ns, best.system_ns) / BATCHES;
		assert_int_equal(phc_noise_best(&state, &b, &best), 0);
		assert_i64_equal(best.width_ns,
			b.reading[best.index].after_ns - b.reading[best.index].before_ns);
		ours[k] = error_ns(best.phc_ns, best.system_ns);
	}
	r.ours = stats_mean(ours, BATCHES);
	r.ours_rms = stats_rms(ours, BATCHES);
	r.average_rms = stats_rms(average, BATCHES);
	return r;
}

static struct result show(const char *what, const struct noise *noise)
{
	struct result r = run(noise, 7);

	print_message("%s: mean error %.1f ns (rms %.1f); narrowest %.1f, median %.1f, "
		      "average rms %.1f\n",
		what, r.ours, r.ours_rms, r.narrowest, r.median, r.average_rms);
	return r;
}

static void hidden_delays_are_not_averaged_in(void **state)
{
	static const double side[] = {300, -300};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct noise n = {.late_ns = side[i]};
		struct result r = show(i ? "hidden 300 ns early" : "hidden 300 ns late", &n);

		assert_near_double(r.ours, 0, 50);
		assert_true(r.ours_rms < 60);
		/* what there is to win */
		assert_true(fabs(r.narrowest) > 250 && fabs(r.median) > 180);
	}
}

static void delays_that_brackets_show_do_no_harm(void **state)
{
	struct result r;

	(void)state;
	r = show("300 ns there", &(struct noise){.there_ns = 300});
	assert_near_double(r.ours, 0, 20);
	assert_true(r.ours_rms < 20);
	r = show("300 ns back", &(struct noise){.back_ns = 300});
	assert_near_double(r.ours, 0, 20);
	r = show("300 ns both ways", &(struct noise){.there_ns = 300, .back_ns = 300});
	assert_near_double(r.ours, 0, 5);
	assert_true(r.ours_rms < 0.7 * r.average_rms);
}

/* A simulated virtual machine: legs of which the brackets tell, and a delay of which they do not.
 */
static void both_at_once(void **state)
{
	struct result r;

	(void)state;
	r = show("hidden 300 ns, legs 200 ns",
		&(struct noise){.late_ns = 300, .legs_gauss_ns = 100});
	assert_near_double(r.ours, 0, 50);
}

static void symmetric_noise_is_averaged(void **state)
{
	struct result r;

	(void)state;
	r = show("symmetric 200 ns", &(struct noise){.gauss_ns = 200});
	assert_near_double(r.ours, 0, 5);
	assert_true(r.ours_rms < 1.1 * r.average_rms);
}

static void a_change_of_law_is_followed(void **state)
{
	struct noise late = {.late_ns = 300}, gauss = {.gauss_ns = 200};
	struct phc_noise noise = {0};
	double last = 0;
	struct prng rng;

	(void)state;
	prng_init(&rng, 3);
	for (int k = 0; k < 300; k++) {
		struct phc_best best;
		struct phc_batch b;

		draw(&rng, k < 100 || k >= 200 ? &late : &gauss, T0 + k * NS_PER_S, &b);
		assert_int_equal(phc_noise_best(&noise, &b, &best), 0);
		if (k % 100 == 50)
			last = 0;
		if (k % 100 > 50)
			last += error_ns(best.phc_ns, best.system_ns) / 49;
		if (k % 100 == 99)
			assert_near_double(last, 0, 40);
	}
}

/* Clocks that answer with something else now and then. */
static void wild_readings_are_left_out(void **state)
{
	static const struct noise noise[] = {{.late_ns = 300}, {.back_ns = 300}, {.gauss_ns = 200}};

	(void)state;
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
		struct phc_noise n = {0};
		struct prng rng;
		double sum = 0;

		prng_init(&rng, 5);
		for (int k = 0; k < 200; k++) {
			struct phc_best best;
			struct phc_batch b;

			draw(&rng, &noise[i], T0 + k * NS_PER_S, &b);
			b.reading[k % READINGS].phc_ns += k % 2 ? NS_PER_S : -NS_PER_S;
			b.reading[(k + 3) % READINGS].phc_ns = k % 3 ? 0 : INT64_MAX;
			b.reading[(k + 5) % READINGS].after_ns += 40000;
			assert_int_equal(phc_noise_best(&n, &b, &best), 0);
			sum += error_ns(best.phc_ns, best.system_ns) / 200;
		}
		assert_near_double(sum, 0, 50);
	}
}

static void few_readings_are_taken_as_they_are(void **state)
{
	struct phc_noise n = {0}, zero = {0};
	struct phc_best best, plain;
	struct phc_batch b;
	struct prng rng;

	(void)state;
	prng_init(&rng, 1);
	draw(&rng, &(struct noise){.late_ns = 300}, T0, &b);
	b.count = PHC_NOISE_READINGS_MIN - 1;
	assert_int_equal(phc_noise_best(&n, &b, &best), 0);
	assert_int_equal(phc_reading_best(&b, &plain), 0);
	assert_memory_equal(&best, &plain, sizeof(best));
	b.count = 1; /* a pair without a bracket */
	b.reading[0] = (struct phc_reading){5, INT64_MAX, 5};
	assert_int_equal(phc_noise_best(&n, &b, &best), 0);
	assert_i64_equal(best.phc_ns, INT64_MAX);
	b.count = 0;
	assert_int_equal(phc_noise_best(&n, &b, &best), -ENODATA);
	assert_memory_equal(&n, &zero, sizeof(n));
}

/* So that whoever compares two samples sees the same time twice. */
static void a_clock_that_stands_still_is_left_alone(void **state)
{
	struct phc_noise n = {0};
	struct prng rng;

	(void)state;
	prng_init(&rng, 1);
	for (int k = 0; k < 20; k++) {
		struct phc_best best;
		struct phc_batch b;

		draw(&rng, &(struct noise){.late_ns = 300}, T0 + k * NS_PER_S, &b);
		for (int i = 0; k >= 10 && i < READINGS; i++)
			b.reading[i].phc_ns = PHC0 + 5;
		assert_int_equal(phc_noise_best(&n, &b, &best), 0);
		if (k >= 10)
			assert_i64_equal(best.phc_ns, PHC0 + 5);
	}
}

/* Equal readings, absurd ones: an answer, and finite. */
static void no_noise_at_all(void **state)
{
	struct phc_noise n = {0};
	struct phc_best best;
	struct phc_batch b = {.method = PHC_METHOD_PLAIN, .count = READINGS};

	(void)state;
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < READINGS; i++)
			b.reading[i] =
				k == 0	 ? (struct phc_reading){100, 5000, 100}
				: k == 1 ? (struct phc_reading){0, i % 2 ? INT64_MAX : 0, INT64_MAX}
					 : (struct phc_reading){INT64_MAX - 1, i, INT64_MAX};
		assert_int_equal(phc_noise_best(&n, &b, &best), 0);
		assert_true(isfinite(n.log_ratio) && isfinite(n.late) && isfinite(n.early));
		assert_true(best.phc_ns >= 0 && best.noise_ns >= 0);
	}
}

/* selectd looks for an edge too: on what was corrected here already it must not do so again. */
static void the_line_through_the_samples_is_right_too(void **state)
{
	static const struct noise noise[] = {
		{.late_ns = 300}, {.late_ns = -300}, {.gauss_ns = 200}};
	static const struct track_config config = {
		.kind = source_kind_phc, .rate_sd_ppb = 1e5, .drift_ppb = 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
		struct track *t = calloc(1, sizeof(*t));
		struct phc_noise n = {0};
		struct prng rng;
		double sum = 0;

		assert_non_null(t);
		track_init(t, TRACK_BANK, &config);
		prng_init(&rng, 11);
		for (int k = 0; k < 600; k++) {
			struct msg_sample s = {.kind = source_kind_phc};
			struct track_state at;
			struct phc_best best;
			struct phc_batch b;

			draw(&rng, &noise[i], T0 + k * NS_PER_S, &b);
			assert_int_equal(phc_noise_best(&n, &b, &best), 0);
			s.raw_ns = best.system_ns;
			s.utc_ns = best.phc_ns;
			s.delay_ns = best.width_ns;
			s.dispersion_ns = 30 + best.noise_ns;
			assert_int_equal(track_sample(t, &s), 0);
			assert_int_equal(track_at(t, (struct ts_raw){s.raw_ns}, &at), 0);
			if (k >= 100)
				sum += error_ns(at.line.utc.ns, s.raw_ns) / 500;
		}
		print_message("line: mean error %.1f ns\n", sum);
		assert_near_double(sum, 0, 30);
		free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hidden_delays_are_not_averaged_in),
		cmocka_unit_test(delays_that_brackets_show_do_no_harm),
		cmocka_unit_test(both_at_once),
		cmocka_unit_test(symmetric_noise_is_averaged),
		cmocka_unit_test(a_change_of_law_is_followed),
		cmocka_unit_test(wild_readings_are_left_out),
		cmocka_unit_test(few_readings_are_taken_as_they_are),
		cmocka_unit_test(a_clock_that_stands_still_is_left_alone),
		cmocka_unit_test(no_noise_at_all),
		cmocka_unit_test(the_line_through_the_samples_is_right_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
