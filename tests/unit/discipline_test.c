/* SPDX-License-Identifier: MIT */
/* The core of disciplined on a clock in virtual time: slews and steps, holdover, the bound. */
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/discipline_sim.h"

static struct sim s;

static void slews_without_makestep(void **state)
{
	(void)state;
	for (int exact = 0; exact < 2; exact++) {
		sim_init(&s, exact, -300 * NS_PER_MS, 20000);
		sim_start(&s, NULL);
		assert_true(sim_run(&s, 10));
		WITHIN(sim_error_ns(&s), NS_PER_MS);
		assert_int_equal(s.steps, 0);
		WITHIN(s.slew_max_ppb, 83333.333e3 + 1);
		assert_true(sim_run(&s, 600));
		WITHIN(sim_error_ns(&s), 5000);
	}
}

/* While the slew lasts the clock approaches and never runs past the truth by more than a late timer
 * makes it. */
static void slew_does_not_overshoot(void **state)
{
	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 20000);
	s.late_ns = NS_PER_MS;
	sim_start(&s, NULL);
	for (int i = 0; i < 1500; i++) {
		assert_true(sim_run(&s, 0.01));
		assert_true(sim_error_ns(&s) > -200 * NS_PER_US);
	}
	WITHIN(sim_error_ns(&s), 10000);
}

static void steps_once_with_makestep(void **state)
{
	(void)state;
	for (int exact = 0; exact < 2; exact++) {
		sim_init(&s, exact, -300 * NS_PER_MS, 20000);
		s.policy.makestep_s = 0.1;
		s.policy.makestep_limit = 3;
		sim_start(&s, NULL);
		assert_true(sim_run(&s, 1.2));
		WITHIN(sim_error_ns(&s), 10000);
		assert_int_equal(s.steps, 1);
		assert_int_equal(s.events[EVENT_step], 1);
		assert_true(sim_run(&s, 300));
		assert_int_equal(s.steps, 1);
		WITHIN(sim_error_ns(&s), 5000);
	}
}

static void makestep_limit_counts_updates(void **state)
{
	(void)state;
	sim_init(&s, true, 0, 0);
	s.policy.makestep_s = 0.1;
	s.policy.makestep_limit = 3;
	s.bound_ns = NS_PER_S; /* so that the jump is believed */
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 100));
	s.truth.utc.ns += 500 * NS_PER_MS;
	assert_true(sim_run(&s, 60));
	assert_int_equal(s.steps, 0);
	assert_int_equal(s.events[EVENT_step_refused], 1);
	WITHIN(sim_error_ns(&s), 10000);
}

static void slew_limit_is_kept(void **state)
{
	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, -3000);
	s.policy.maxslewrate_ppm = 1000;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 200));
	BEYOND(sim_error_ns(&s), 50 * NS_PER_MS);
	assert_true(sim_run(&s, 150));
	WITHIN(sim_error_ns(&s), 10000);
	WITHIN(s.slew_max_ppb, 1000e3 + 1);
}

/* Found by fuzzing: history void in the midst of a slew, and a stranger at each look. */
static void slew_ends_without_anything_to_follow(void **state)
{
	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 2));
	s.d.target.valid = false;
	s.silent = true;
	s.k_alien = true;
	assert_true(sim_run(&s, 20));
	assert_false(clk_model_slewing(&s.d.model));
	WITHIN(s.k_command_ppb - 20000, 200);
}

static void holdover_grows_and_ends(void **state)
{
	struct msg_clock c, later;

	(void)state;
	sim_init(&s, false, 0, 20000);
	s.policy.maxholdover_s = 3000;
	s.policy.maxclockerror_ppm = 10;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 500));
	s.silent = true;
	assert_true(sim_run(&s, 140));
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_holdover);
	assert_int_equal(c.stratum, 2);
	assert_int_equal(s.events[EVENT_holdover], 1);
	assert_true(c.holdover_ns > 100 * NS_PER_S);
	assert_true(c.bound_drift_ppb >= 10000);
	assert_true(sim_run(&s, 1500));
	discipline_clock(&s.d, &later);
	assert_true(later.bound_ns > c.bound_ns + 1000 * 9000);
	assert_true(llabs(sim_error_ns(&s)) < later.bound_ns);
	assert_true(sim_run(&s, 2000));
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_unsynchronised);
	assert_int_equal(c.stratum, 16);
	s.silent = false;
	s.next_est_ns = s.now_raw_ns;
	assert_true(sim_run(&s, 30));
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_synchronised);
}

static void wide_bound_ends_holdover(void **state)
{
	struct msg_clock c;

	(void)state;
	sim_init(&s, true, 0, 20000);
	s.policy.maxbound_s = 0.01;
	s.policy.maxclockerror_ppm = 100;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 100));
	s.silent = true;
	assert_true(sim_run(&s, 400));
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_unsynchronised);
}

/* |true error| <= bound, at every moment, in every phase: the promise to applications. */
static void bound_holds(void **state)
{
	(void)state;
	for (int exact = 0; exact < 2; exact++) {
		sim_init(&s, exact, -80 * NS_PER_MS, 20000);
		s.bound_ns = 6000;
		s.k_residual_ppb = -60;
		sim_start(&s, NULL);
		assert_true(sim_run(&s, 1.5));
		for (int i = 0; i < 4000; i++) {
			struct shadow_line line;
			struct ts_raw raw;

			assert_true(sim_run(&s, 0.1));
			line = sim_page(&s);
			raw.ns = s.now_raw_ns;
			WITHIN(sim_error_ns(&s), shadow_line_bound_ns(&line, raw));
		}
	}
}

/* A kernel whose clock runs otherwise than told, as nobody can know yet: the bound says so. */
static void bound_allows_for_an_unknown_residual(void **state)
{
	(void)state;
	sim_init(&s, false, 0, 20000);
	s.offset_sd_ns = s.rate_sd_ppb = 0;
	s.bound_ns = 100;
	s.interval_s = 64;
	s.drift_ppb = 0;
	s.k_residual_ppb = 250;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 1.5));
	for (int i = 0; i < 500; i++) {
		struct shadow_line line;
		struct ts_raw raw;

		assert_true(sim_run(&s, 1));
		line = sim_page(&s);
		raw.ns = s.now_raw_ns;
		WITHIN(sim_error_ns(&s), shadow_line_bound_ns(&line, raw));
	}
}

static void stop_ends_a_slew(void **state)
{
	struct discipline_out out;
	struct clk_reading r;

	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 2));
	BEYOND(s.k_command_ppb, 1e6);
	sim_read(&s, &r);
	discipline_stop(&s.d, &r, &out);
	sim_finish(&s, &out);
	WITHIN(s.k_command_ppb - 20000, 200);
	assert_int_equal(s.steps, 0);
}

/* The rate of an old kernel ends a tick after it was read as ended: what that makes of a fast slew
 * must not stand until the next estimate. */
static void late_end_of_a_slew_is_looked_for(void **state)
{
	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 20000);
	s.k_delay_ms = 10;
	s.late_ns = 10 * NS_PER_MS;
	s.offset_sd_ns = 100;
	s.interval_s = 1024;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 8));
	WITHIN(sim_error_ns(&s), 2000);
	assert_int_equal(s.events[EVENT_foreign], 0);
	assert_true(s.rates < 20);
}

enum swallower { REFUSED, UNSYNCHRONISED, DISRUPTED, SWALLOWERS };

static void swallow(enum swallower what)
{
	struct discipline_out out;
	struct clk_reading r;
	struct msg m;

	sim_fill_estimate(&s, &m);
	if (what == UNSYNCHRONISED)
		m.u.estimate.status = sync_unsynchronised;
	else
		m.u.estimate.rate_ppb = 9e8;
	if (what != DISRUPTED) {
		sim_give(&s, &m);
		return;
	}
	sim_read(&s, &r);
	discipline_on_disruption(&s.d, &r, &out);
	sim_finish(&s, &out);
}

/* A message of the middle of a slew stands until the next: what comes between the slew's end and
 * the timer for it, and has no news of its own, must not be taken for the one that corrects it. */
static void end_of_a_slew_is_told(void **state)
{
	(void)state;
	for (int exact = 0; exact < 2; exact++) {
		for (int what = 0; what < SWALLOWERS; what++) {
			sim_init(&s, exact, 0, 20000);
			sim_start(&s, NULL);
			assert_true(sim_run(&s, 100));
			s.est_bias_ns = 50000;
			s.now_raw_ns = s.next_est_ns;
			sim_estimate(&s);
			assert_true(clk_model_slewing(&s.d.model));
			if (what == DISRUPTED) /* no change of state that would be told */
				s.d.status = sync_unsynchronised;
			s.now_raw_ns = s.d.model.until.ns + (what == DISRUPTED ? -1000 : 1000);
			swallow((enum swallower)what);
			s.silent = true;
			assert_true(sim_run(&s, 100));
			assert_int_equal(s.orphans, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(end_of_a_slew_is_told),
		cmocka_unit_test(late_end_of_a_slew_is_looked_for),
		cmocka_unit_test(slews_without_makestep),
		cmocka_unit_test(slew_does_not_overshoot),
		cmocka_unit_test(steps_once_with_makestep),
		cmocka_unit_test(makestep_limit_counts_updates),
		cmocka_unit_test(slew_limit_is_kept),
		cmocka_unit_test(slew_ends_without_anything_to_follow),
		cmocka_unit_test(holdover_grows_and_ends),
		cmocka_unit_test(wide_bound_ends_holdover),
		cmocka_unit_test(bound_holds),
		cmocka_unit_test(bound_allows_for_an_unknown_residual),
		cmocka_unit_test(stop_ends_a_slew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
