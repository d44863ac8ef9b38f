/* SPDX-License-Identifier: MIT */
/* The frequency that disciplined sets: quiet, learned, kept over restarts. */
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/discipline_sim.h"

static struct sim s;

static void frequency_is_quiet_at_rest(void **state)
{
	int rates;

	(void)state;
	sim_init(&s, true, 0, 5000);
	s.offset_sd_ns = s.rate_sd_ppb = 0;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 100));
	rates = s.rates;
	assert_true(sim_run(&s, 1600));
	assert_int_equal(s.rates, rates);
	WITHIN(sim_error_ns(&s), 5);
}

/* Two commands an estimate: one at once, one when the slew is over; the kernel's clock, whose own
 * rate differs from what it was told, is off by next to nothing in between. */
static void kernel_residual_is_learned(void **state)
{
	int64_t worst_ns = 0;
	int turns;

	(void)state;
	sim_init(&s, false, 0, 20000);
	s.k_residual_ppb = 87.3;
	s.offset_sd_ns = s.rate_sd_ppb = 0;
	s.interval_s = 64;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 2000));
	WITHIN(s.d.learn.residual_ppb - 87.3, 0.5);
	turns = s.turns;
	for (int i = 0; i < 640; i++) {
		assert_true(sim_run(&s, 1));
		if (llabs(sim_error_ns(&s)) > worst_ns)
			worst_ns = llabs(sim_error_ns(&s));
	}
	WITHIN(worst_ns, 60); /* of the reading itself 30 */
	WITHIN(s.turns - turns, 30);
}

static void late_ticks_are_no_strangers(void **state)
{
	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 20000);
	s.k_delay_ms = 10;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 200));
	assert_int_equal(s.events[EVENT_foreign], 0);
	WITHIN(sim_error_ns(&s), 10000);
}

static void drift_is_used_until_known_better(void **state)
{
	struct discipline_start start = {.base_ppb = 20000, .base_sd_ppb = 1000};

	(void)state;
	sim_init(&s, true, 0, 20000);
	sim_read(&s, &start.reading);
	start.until = TS_RAW_NEVER;
	s.rate_sd_ppb = 100000; /* the first estimates know nothing of the rate */
	s.est_rate_error_ppb = -20000;
	s.interval_s = 2;
	sim_start(&s, &start);
	assert_true(s.d.model.base_ppb == 20000);
	assert_true(sim_run(&s, 20));
	WITHIN(s.d.model.base_ppb - 20000, 0.001);
	WITHIN(sim_error_ns(&s), 4000);
	s.rate_sd_ppb = 500;
	s.est_rate_error_ppb = 0;
	assert_true(sim_run(&s, 20));
	assert_true(s.d.following);
	WITHIN(s.d.model.base_ppb - 20000, 1000);
}

static void wrong_drift_is_dropped(void **state)
{
	struct discipline_start start = {.base_ppb = 50000, .base_sd_ppb = 1000};

	(void)state;
	sim_init(&s, true, 0, -20000);
	sim_read(&s, &start.reading);
	start.until = TS_RAW_NEVER;
	s.rate_sd_ppb = 5000;
	sim_start(&s, &start);
	assert_true(sim_run(&s, 2));
	WITHIN(s.d.model.base_ppb + 20000, 8000);
}

static void unsure_rates_do_not_move_the_frequency(void **state)
{
	(void)state;
	sim_init(&s, true, 0, 0);
	s.policy.maxupdateskew_ppm = 1;
	s.rate_sd_ppb = 1500;
	s.est_rate_error_ppb = 5000;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 200));
	WITHIN(s.d.model.base_ppb, 1e-9);
	WITHIN(sim_error_ns(&s), 6000);
}

/* Another selectd that has heard little yet must not make a good clock worse. */
static void newcomer_does_no_harm(void **state)
{
	int64_t worst_ns = 0;

	(void)state;
	sim_init(&s, true, 0, 20000);
	s.offset_sd_ns = 500;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 1000));
	s.boot = 8;
	s.seq = 0;
	s.offset_sd_ns = 50000;
	s.rate_sd_ppb = 50000;
	s.bound_ns = NS_PER_MS;
	s.interval_s = 2;
	for (int i = 0; i < 60; i++) {
		assert_true(sim_run(&s, 1));
		if (llabs(sim_error_ns(&s)) > worst_ns)
			worst_ns = llabs(sim_error_ns(&s));
	}
	WITHIN(worst_ns, 5000);
	s.offset_sd_ns = 500;
	s.rate_sd_ppb = 20;
	assert_true(sim_run(&s, 10));
	assert_true(s.d.follow_boot == 8);
	WITHIN(sim_error_ns(&s), 2500);
}

static void fast_estimates_are_stable(void **state)
{
	(void)state;
	sim_init(&s, false, -10 * NS_PER_MS, 20000);
	s.interval_s = 1.0 / 16;
	s.offset_sd_ns = 30;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 60));
	for (int i = 0; i < 100; i++) {
		assert_true(sim_run(&s, 0.05));
		WITHIN(sim_error_ns(&s), 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frequency_is_quiet_at_rest),
		cmocka_unit_test(kernel_residual_is_learned),
		cmocka_unit_test(late_ticks_are_no_strangers),
		cmocka_unit_test(drift_is_used_until_known_better),
		cmocka_unit_test(wrong_drift_is_dropped),
		cmocka_unit_test(unsure_rates_do_not_move_the_frequency),
		cmocka_unit_test(newcomer_does_no_harm),
		cmocka_unit_test(fast_estimates_are_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
