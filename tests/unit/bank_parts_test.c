/* SPDX-License-Identifier: MIT */
/* The parts around the bank: scale of the noise, routes, odd readings, weights. */
#include <stdlib.h>
#include <string.h>
#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "selectd/core/bank.h"
#include "selectd/core/bank_memory.h"
#include "selectd/core/bank_route.h"
#include "selectd/core/bank_scale.h"
#include "selectd/core/bank_shapes.h"
#include "selectd/core/bank_watch.h"

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void window_keeps_the_last_in_order(void **state)
{
	struct bank_window w = {.count = 0};
	double all[500];
	struct prng g;

	(void)state;
	prng_init(&g, 1);
	for (int i = 0; i < 500; i++) {
		double last[BANK_WINDOW];
		int n = i + 1 < BANK_WINDOW ? i + 1 : BANK_WINDOW;

		all[i] = (double)prng_below(&g, 50); /* many equal ones */
		bank_window_add(&w, all[i]);
		memcpy(last, &all[i + 1 - n], sizeof(last[0]) * (size_t)n);
		qsort(last, (size_t)n, sizeof(last[0]), ascending);
		assert_int_equal(w.count, n);
		assert_memory_equal(w.sorted, last, sizeof(last[0]) * (size_t)n);
	}
}

static void scale_of_exponential_delays_is_one(void **state)
{
	struct bank_window w = {.count = 0};
	struct prng g;
	double sum = 0;

	(void)state;
	prng_init(&g, 2);
	for (int i = 0; i < 64 * 400; i++) {
		bank_window_add(&w, 1e6 + 1e3 * (prng_exponential(&g) + prng_exponential(&g)));
		if (i % 64 == 63)
			sum += bank_scale_two_way_ns(&w, 1) / 400;
	}
	assert_near_double(sum, 1e3, 50);
}

static void bursts_move_the_scale_little(void **state)
{
	struct bank_window w = {.count = 0};
	struct prng g;
	double sum = 0;

	(void)state;
	prng_init(&g, 3);
	for (int i = 0; i < 64 * 400; i++) {
		double burst = i % 3 ? 0 : 1e4 * prng_exponential(&g);

		bank_window_add(&w, burst + 1e3 * (prng_exponential(&g) + prng_exponential(&g)));
		if (i % 64 == 63)
			sum += bank_scale_two_way_ns(&w, 1) / 400;
	}
	assert_true(sum < 2e3);
}

static void few_round_trips_may_be_queueing(void **state)
{
	struct bank_window w = {.count = 0};

	(void)state;
	bank_window_add(&w, 8e5);
	assert_near_double(bank_scale_two_way_ns(&w, 1), 8e5 / 8 * 7 / 8, 1e-6);
}

/* The scale of a dozen round trips may be too large, but not often too small by a third. */
static void few_round_trips_tell_it_large(void **state)
{
	struct prng g;
	int small = 0;

	(void)state;
	prng_init(&g, 4);
	for (int i = 0; i < 1000; i++) {
		struct bank_window w = {.count = 0};

		for (int k = 0; k < 12; k++)
			bank_window_add(
				&w, 1e6 + 1e3 * (prng_exponential(&g) + prng_exponential(&g)));
		small += bank_scale_two_way_ns(&w, 1) < 667;
	}
	assert_true(small < 100);
}

static void coarse_stamps_show(void **state)
{
	struct bank_window w = {.count = 0};

	(void)state;
	for (int i = 0; i < 32; i++)
		bank_window_add(&w, 5000);
	assert_near_double(bank_window_quantum(&w, 1000), 1000, 0);
	assert_near_double(bank_scale_two_way_ns(&w, 1000), 408, 1);
	bank_window_add(&w, 5500);
	assert_near_double(bank_window_quantum(&w, 1000), 500, 0);
	for (int i = 0; i < BANK_WINDOW; i++)
		bank_window_add(&w, 7000 + 3 * i);
	assert_near_double(bank_window_quantum(&w, 1000), 0, 0);
}

/* 24 round trips of a guest in which the lower half lay close together by chance: uniform queues of
 * 58 us a direction. Taken for wander, what was beyond a third of that threw the phase for an hour.
 */
static void even_delays_are_measured_by_both_halves(void **state)
{
	static const int trip_us[] = {821, 715, 865, 678, 752, 664, 850, 771, 721, 903, 868, 911,
		717, 693, 698, 715, 734, 679, 701, 690, 759, 709, 693, 684};
	struct bank_window w;
	double low_ns, even_ns;

	(void)state;
	bank_window_reset(&w);
	for (size_t i = 0; i < sizeof(trip_us) / sizeof(trip_us[0]); i++)
		bank_window_add(&w, trip_us[i] * 1e3);
	low_ns = bank_scale_two_way_ns(&w, 1);
	even_ns = bank_scale_even_ns(&w, low_ns);
	assert_true(low_ns < 58e3);
	assert_true(even_ns > 70e3 && even_ns < 1.58 * 58e3);
	for (int i = 0; i < 8; i++)
		bank_window_add(&w, 1e9); /* queues */
	low_ns = bank_scale_two_way_ns(&w, 1);
	assert_near_double(bank_scale_even_ns(&w, low_ns), 3 * low_ns, 1);
	bank_window_reset(&w);
	for (int i = 0; i < BANK_WINDOW; i++)
		bank_window_add(&w, 1e6 + 1e3 * (i < 32 ? 3 * i : 96 + i - 32));
	low_ns = bank_scale_two_way_ns(&w, 1); /* the upper half is the narrower one */
	assert_near_double(bank_scale_even_ns(&w, low_ns), low_ns, 1e-6);
}

static void second_differences_see_noise_and_not_the_line(void **state)
{
	struct bank_second_difference d = {.count = 0};
	struct prng g;
	double t = 0, sum = 0;

	(void)state;
	prng_init(&g, 4);
	for (int i = 0; i < 64 * 200; i++) {
		t += 0.5 + prng_uniform(&g); /* uneven */
		bank_second_difference_add(&d, t, 7e6 + 2e4 * t + 200 * prng_normal(&g));
		if (i == 3)
			assert_near_double(bank_scale_one_way_ns(&d, 1234, 1), 1234, 0);
		if (i % 64 == 63)
			sum += bank_scale_one_way_ns(&d, 1e6, 1) / 200;
	}
	assert_near_double(sum, 200, 12);
}

static const struct bank_route_view ordinary = {.there_ns = 1010,
	.back_ns = 1010,
	.base_ns = 1000,
	.scale_ns = 10,
	.phase_sd_ns = 1,
	.samples = 100};

static void settle(struct bank_route *r)
{
	struct bank_route_change c;

	memset(r, 0, sizeof(*r));
	assert_int_equal(bank_route_judge(r, &ordinary, &c), BANK_ROUTE_USE);
	assert_near_double(r->scale_ns, 10, 0);
}

static struct bank_route_view moved(double there, double back)
{
	struct bank_route_view v = ordinary;

	v.there_ns += there;
	v.back_ns += back;
	return v;
}

static void a_single_short_trip_is_dropped(void **state)
{
	struct bank_route_change c;
	struct bank_route_view shorter = moved(-100, -100);
	struct bank_route r;

	(void)state;
	settle(&r);
	assert_int_equal(bank_route_judge(&r, &shorter, &c), BANK_ROUTE_HOLD);
	for (int i = 0; i < 5; i++)
		assert_int_equal(bank_route_judge(&r, &ordinary, &c), BANK_ROUTE_HOLD);
	assert_int_equal(bank_route_judge(&r, &ordinary, &c), BANK_ROUTE_USE);
}

static void a_shorter_path_is_learnt(void **state)
{
	struct bank_route_change c;
	struct bank_route_view v = moved(-300, -310);
	struct bank_route r;

	(void)state;
	settle(&r);
	for (int i = 0; i < 5; i++)
		assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_HOLD);
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_CHANGED);
	assert_near_double(c.base_ns, -295, 1e-9);
	assert_near_double(c.there_ns, 0, 0);
	assert_near_double(c.phase_var_ns2, 0, 0);
}

static void a_wandering_clock_does_not_wait_for_six(void **state)
{
	struct bank_route_change c;
	struct bank_route_view v = moved(-300, -300);
	struct bank_route r;

	(void)state;
	settle(&r);
	v.phase_sd_ns = 20;
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_HOLD);
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_CHANGED);
}

/* The way back is as ever, and goes on telling the phase. */
static void one_way_longer_is_told_from_both(void **state)
{
	struct bank_route_change c;
	struct bank_route_view v = moved(500, 0);
	struct bank_route r;

	(void)state;
	settle(&r);
	for (int i = 0; i < 9; i++)
		assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_USE);
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_CHANGED);
	assert_near_double(c.there_ns, 510, 1e-9);
	assert_near_double(c.back_ns, 10, 1e-9);
	assert_near_double(c.phase_var_ns2, 1 + 1, 1e-9);
	assert_int_equal(c.still, 0);
}

/* A direction whose base delay is where it was is pinned there. */
static void the_way_that_stands_still_is_found(void **state)
{
	struct bank_route_change c;
	struct bank_route_view there = moved(500, -9), back = moved(-9, 500);
	struct bank_route_view both = moved(500, 90);
	struct bank_route r;

	(void)state;
	settle(&r);
	for (int i = 0; i < 10; i++)
		bank_route_judge(&r, &there, &c);
	assert_int_equal(c.still, -1);
	assert_near_double(c.there_ns, 510, 1e-9);
	assert_near_double(c.back_ns, 0, 0);
	settle(&r);
	for (int i = 0; i < 10; i++)
		bank_route_judge(&r, &back, &c);
	assert_int_equal(c.still, 1);
	assert_near_double(c.there_ns, 0, 0);
	assert_near_double(c.back_ns, 510, 1e-9);
	settle(&r);
	both.phase_sd_ns = 100; /* 100 is less than 2 deviations, but a fifth of 510 */
	for (int i = 0; i < 10; i++)
		bank_route_judge(&r, &both, &c);
	assert_int_equal(c.still, 0);
}

/* A queue before the change is not of the ten that tell it. */
static void a_long_one_before_the_change_does_not_hide_it(void **state)
{
	struct bank_route_change c;
	struct bank_route_view queue = moved(40, 40), v = moved(500, 500);
	struct bank_route r;

	(void)state;
	settle(&r);
	assert_int_equal(bank_route_judge(&r, &queue, &c), BANK_ROUTE_HOLD);
	for (int i = 0; i < 9; i++)
		assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_HOLD);
	assert_int_equal(bank_route_judge(&r, &v, &c), BANK_ROUTE_CHANGED);
	assert_near_double(c.base_ns, 510, 1e-9);
}

static struct bank_route_view queueing(struct prng *g)
{
	return moved(40 + 200 * prng_exponential(g), 200 * prng_exponential(g));
}

static void queueing_is_no_change_of_route(void **state)
{
	struct bank_route_change c;
	struct bank_route r;
	struct prng g;

	(void)state;
	prng_init(&g, 5);
	settle(&r);
	for (int i = 0; i < 59; i++) {
		struct bank_route_view v = queueing(&g);
		bool tells;

		v.phase_sd_ns = i % 2 ? 1 : 1e4;
		/* those that may tell something are used: an edge that is not late, or any */
		tells = i % 2 == 0 || v.back_ns < 1030;
		assert_int_equal(
			bank_route_judge(&r, &v, &c), tells ? BANK_ROUTE_USE : BANK_ROUTE_HOLD);
	}
}

/* Sixty in a row, but only if they last for an hour as well. */
static int judged_changes(int readings, int64_t interval_ns)
{
	struct bank_route_change c;
	struct bank_route r;
	struct prng g;
	int changes = 0;

	prng_init(&g, 5);
	settle(&r);
	for (int i = 0; i < readings; i++) {
		struct bank_route_view v = queueing(&g);

		v.raw_ns = i * interval_ns;
		changes += bank_route_judge(&r, &v, &c) == BANK_ROUTE_CHANGED;
	}
	return changes;
}

static void a_queue_that_lasts_becomes_the_route(void **state)
{
	(void)state;
	assert_int_equal(judged_changes(59, 64000000000), 0);
	assert_int_equal(judged_changes(62, 64000000000), 1);
	assert_int_equal(judged_changes(800, 4000000000), 0);
	assert_int_equal(judged_changes(1000, 4000000000), 1);
}

/* The clock's error of +-50 is in each direction, not in the round trips. */
static void a_wandering_clock_moves_no_base(void **state)
{
	struct bank_route_change c;
	struct bank_route r;

	(void)state;
	settle(&r);
	for (int i = 0; i < 10; i++) {
		struct bank_route_view v = moved(200, 200);

		v.there_ns += i % 2 ? 50 : -50;
		v.back_ns -= i % 2 ? 50 : -50;
		v.phase_sd_ns = 40;
		assert_int_equal(
			bank_route_judge(&r, &v, &c), i < 9 ? BANK_ROUTE_HOLD : BANK_ROUTE_CHANGED);
	}
	assert_near_double(c.base_ns, 210, 1e-9);
	assert_near_double(c.there_ns, 0, 0);
}

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
		cmocka_unit_test(even_delays_are_measured_by_both_halves),
		cmocka_unit_test(window_keeps_the_last_in_order),
		cmocka_unit_test(scale_of_exponential_delays_is_one),
		cmocka_unit_test(bursts_move_the_scale_little),
		cmocka_unit_test(few_round_trips_may_be_queueing),
		cmocka_unit_test(few_round_trips_tell_it_large),
		cmocka_unit_test(coarse_stamps_show),
		cmocka_unit_test(second_differences_see_noise_and_not_the_line),
		cmocka_unit_test(a_single_short_trip_is_dropped),
		cmocka_unit_test(a_shorter_path_is_learnt),
		cmocka_unit_test(a_wandering_clock_does_not_wait_for_six),
		cmocka_unit_test(one_way_longer_is_told_from_both),
		cmocka_unit_test(the_way_that_stands_still_is_found),
		cmocka_unit_test(a_long_one_before_the_change_does_not_hide_it),
		cmocka_unit_test(queueing_is_no_change_of_route),
		cmocka_unit_test(a_queue_that_lasts_becomes_the_route),
		cmocka_unit_test(a_wandering_clock_moves_no_base),
		cmocka_unit_test(a_jump_of_the_rate_ends_the_memory),
		cmocka_unit_test(odd_readings_are_told_apart),
		cmocka_unit_test(impossible_readings_are_held),
		cmocka_unit_test(wander_and_law_are_found),
		cmocka_unit_test(symmetric_noise_stays_symmetric),
		cmocka_unit_test(unused_wanders_do_not_rule_predictions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
