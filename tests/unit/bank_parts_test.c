/* SPDX-License-Identifier: MIT */
/* The bank itself, and the parts that guard it: memory of the rate, odd readings. */
#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "selectd/core/bank.h"
#include "selectd/core/bank_memory.h"
#include "selectd/core/bank_shapes.h"
#include "selectd/core/bank_watch.h"

static void a_jump_of_the_rate_ends_the_memory(void **state)
{
	struct bank_memory m = {.readings = 0};
	struct bank_memory_rate r = {.rate_ppb = 1000, .var_ppb2 = 100};

	(void)state;
	assert_true(bank_memory_add(&m, &r, 1));
	for (int i = 0; i < 500; i++) {
		r.raw_ns += 16000000000;
		r.rate_ppb += i % 2 ? 20 : -20;
		assert_false(bank_memory_add(&m, &r, 1));
	}
	/* 128 readings of wander are 45 ppb */
	r.rate_ppb += 300;
	assert_true(bank_memory_add(&m, &r, 1));
	assert_false(bank_memory_add(&m, &r, 1));
}

static enum bank_watch_verdict show(struct bank_watch *w, int64_t t, double off, double gate,
	double dt, struct bank_watch_change *c)
{
	struct bank_sample s = {.raw_ns = t * 1000000000, .there_ns = off};
	struct bank_watch_view v = {.off_ns = off, .gate_ns = gate, .dt_s = dt};

	return bank_watch_judge(w, &v, &s, c);
}

static void odd_readings_are_told_apart(void **state)
{
	struct bank_watch_change c;
	struct bank_watch w = {.count = 0};

	(void)state;
	assert_int_equal(show(&w, 1, 5, 10, 1, &c), BANK_WATCH_USE);
	assert_int_equal(w.count, 0);
	/* outlier: used, then taken back */
	assert_int_equal(show(&w, 2, 50, 10, 1, &c), BANK_WATCH_USE);
	assert_int_equal(show(&w, 3, 5, 10, 2, &c), BANK_WATCH_RETURN);
	/* step */
	assert_int_equal(show(&w, 4, -50, 10, 1, &c), BANK_WATCH_USE);
	assert_int_equal(show(&w, 5, -55, 10, 2, &c), BANK_WATCH_USE);
	assert_int_equal(show(&w, 6, -60, 10, 3, &c), BANK_WATCH_STEP);
	assert_near_double(c.step_ns, -55, 1e-9);
	w.count = 0;
	/* rate: the bank follows anyway */
	assert_int_equal(show(&w, 7, 50, 10, 1, &c), BANK_WATCH_USE);
	assert_int_equal(show(&w, 8, 100, 10, 2, &c), BANK_WATCH_USE);
	assert_int_equal(show(&w, 9, 150, 10, 3, &c), BANK_WATCH_USE);
	assert_int_equal(w.count, 0);
}

static void impossible_readings_are_held(void **state)
{
	struct bank_watch_change c;
	struct bank_watch w = {.count = 0};

	(void)state;
	/* a step of a second */
	assert_int_equal(show(&w, 1, 1e9, 10, 1, &c), BANK_WATCH_HOLD);
	assert_int_equal(show(&w, 2, 1e9, 10, 2, &c), BANK_WATCH_HOLD);
	assert_int_equal(show(&w, 3, 1e9, 10, 3, &c), BANK_WATCH_STEP);
	w.count = 0;
	/* 50 ppm */
	assert_int_equal(show(&w, 4, 5e4, 10, 1, &c), BANK_WATCH_HOLD);
	assert_int_equal(show(&w, 5, 1e5, 10, 2, &c), BANK_WATCH_HOLD);
	assert_int_equal(show(&w, 6, 1.5e5, 10, 3, &c), BANK_WATCH_RATE);
	assert_near_double(c.rate_ppb, 5e4, 1e-6);
	w.count = 0;
	/* anything */
	assert_int_equal(show(&w, 7, 1e9, 10, 1, &c), BANK_WATCH_HOLD);
	assert_int_equal(show(&w, 8, -1e9, 10, 2, &c), BANK_WATCH_HOLD);
	assert_int_equal(show(&w, 9, 3e9, 10, 3, &c), BANK_WATCH_HOLD);
	assert_int_equal(show(&w, 10, -5e9, 10, 4, &c), BANK_WATCH_HOLD);
	assert_int_equal(show(&w, 11, 2e9, 10, 5, &c), BANK_WATCH_RESTART);
	assert_int_equal(w.count, 0);
}

static double share_of_wander(const struct bank *b, int from, int to)
{
	double sum = 0;

	for (int s = 0; s < b->shapes; s++)
		for (int i = from; i <= to; i++)
			sum += b->share[s] * b->h[s][i].weight;
	return sum;
}

static void run_bank(struct bank *b, double wander_ppb, double dt_s, int n, int law, uint64_t seed)
{
	struct bank_start start = {.x_sd_ns = 1e6, .rate_sd_ppb = 1e5};
	double x = 0, rate = 1e4;
	struct prng g;

	prng_init(&g, seed);
	bank_start(b, 0, &start);
	for (int i = 0; i < n; i++) {
		double d = law ? law * prng_exponential(&g) : prng_normal(&g);

		bank_advance(b, dt_s, 0);
		bank_one_way(b, x + 200 * d, law ? 157 : 200, 1);
		x += rate * dt_s + wander_ppb * sqrt(dt_s * dt_s * dt_s / 3) * prng_normal(&g);
		rate += wander_ppb * sqrt(dt_s) * prng_normal(&g);
	}
}

static void wander_and_law_are_found(void **state)
{
	static struct bank b;
	double late = 0, early = 0;

	(void)state;
	run_bank(&b, 1, 1, 6000, 0, 6);
	assert_true(share_of_wander(&b, 3, 5) > 0.9);
	assert_true(b.share[0] > 0.99);
	run_bank(&b, 1, 1, 6000, 1, 7);
	for (int s = 3; s < 7; s++)
		late += b.share[s];
	assert_true(late > 0.999);
	run_bank(&b, 1, 1, 6000, -1, 8);
	for (int s = 7; s < BANK_ONE_WAY_SHAPES; s++)
		early += b.share[s];
	assert_true(early > 0.999);
	run_bank(&b, 100, 1, 3000, 0, 9);
	assert_true(share_of_wander(&b, 7, 9) > 0.9);
}

/* However noisy, Gaussian noise is not taken for an edge. */
static void symmetric_noise_stays_symmetric(void **state)
{
	static struct bank b;

	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		double one_sided = 0;

		run_bank(&b, 0.1, 1, 500, 0, 100 + seed);
		for (int s = 3; s < BANK_ONE_WAY_SHAPES; s++)
			one_sided += b.share[s];
		assert_true(one_sided < 0.01);
	}
}

static void unused_wanders_do_not_rule_predictions(void **state)
{
	static struct bank b;
	struct bank_mean m;

	(void)state;
	run_bank(&b, 1, 16, 4000, 0, 11);
	bank_mean(&b, &m);
	assert_near_double(log10(sqrt(m.wander_var_ppb2)), 0, 0.3);
	assert_near_double(log10(m.wander_ppb), 0, 0.3);
	assert_near_double(bank_phase_var_ns2(&m, 0), m.state.pxx, 1e-9);
	assert_near_double(bank_phase_ns(&m, -2), m.state.x_ns - 2 * m.state.rate_ppb, 1e-6);
	assert_true(bank_phase_var_ns2(&m, 100) > bank_phase_var_ns2(&m, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jump_of_the_rate_ends_the_memory),
		cmocka_unit_test(odd_readings_are_told_apart),
		cmocka_unit_test(impossible_readings_are_held),
		cmocka_unit_test(wander_and_law_are_found),
		cmocka_unit_test(symmetric_noise_stays_symmetric),
		cmocka_unit_test(unused_wanders_do_not_rule_predictions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
