/* SPDX-License-Identifier: MIT */
/* The core of disciplined on a clock in virtual time: where it ends, how fast, by which means. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <errno.h>
#include <cmocka.h>
#include "tests/unit/discipline_sim.h"

#define WITHIN(value, limit)                                                                       \
	do {                                                                                       \
		double within_v = fabs((double)(value)), within_l = (double)(limit);               \
		if (!(within_v <= within_l))                                                       \
			fail_msg("|%s| is %.6g, allowed %.6g", #value, within_v, within_l);        \
	} while (0)
#define BEYOND(value, limit)                                                                       \
	do {                                                                                       \
		double beyond_v = fabs((double)(value)), beyond_l = (double)(limit);               \
		if (!(beyond_v > beyond_l))                                                        \
			fail_msg("|%s| is %.6g, expected above %.6g", #value, beyond_v, beyond_l); \
	} while (0)

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

static void foreign_step_is_undone(void **state)
{
	(void)state;
	sim_init(&s, false, 0, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 500));
	sim_step(&s, 2 * NS_PER_S);
	assert_true(sim_run(&s, 20));
	assert_int_equal(s.steps, 1);
	assert_true(llabs(s.step_max_ns - 2 * NS_PER_S) < 10000);
	assert_int_equal(s.events[EVENT_foreign], 1);
	WITHIN(sim_error_ns(&s), 5000);
	assert_int_equal(s.d.foreign, 1);
}

static void small_foreign_step_is_slewed(void **state)
{
	(void)state;
	sim_init(&s, false, 0, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 500));
	sim_step(&s, -300 * NS_PER_US);
	assert_true(sim_run(&s, 40));
	assert_int_equal(s.steps, 0);
	assert_int_equal(s.events[EVENT_foreign], 1);
	WITHIN(sim_error_ns(&s), 5000);
}

static void foreign_frequency_is_undone(void **state)
{
	(void)state;
	sim_init(&s, false, 0, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 500));
	sim_kernel_advance(&s, s.now_raw_ns);
	s.k_command_ppb += 3000;
	assert_true(sim_run(&s, 60));
	assert_int_equal(s.events[EVENT_foreign], 1);
	assert_int_equal(s.steps, 0);
	WITHIN(sim_error_ns(&s), 5000);
	WITHIN(s.k_command_ppb - 20000, 400);
	WITHIN(s.d.learn.residual_ppb, 20);
}

static void foreign_loop_is_ended(void **state)
{
	(void)state;
	sim_init(&s, false, 0, 20000);
	sim_start(&s, NULL);
	s.offset_sd_ns = s.rate_sd_ppb = 0;
	s.width_ns = 0;
	assert_true(sim_run(&s, 500));
	s.k_alien = true;
	assert_true(sim_run(&s, 20));
	assert_false(s.k_alien); /* though the clock itself needed nothing */
	assert_int_equal(s.events[EVENT_foreign], 1);
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

static void suspend_ends_a_slew(void **state)
{
	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 2));
	BEYOND(s.k_command_ppb, 1e6);
	s.suspended_ns = 3600 * NS_PER_S;
	sim_deadline(&s);
	WITHIN(s.k_command_ppb - 20000, 200);
	assert_int_equal(s.told.sync, sync_unsynchronised);
}

/* The raw clock stood, the kernel put its own clock forward: undoing that would be wrong. */
static void suspend_is_not_undone(void **state)
{
	(void)state;
	sim_init(&s, false, 0, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 500));
	sim_step(&s, 3600 * NS_PER_S);
	s.truth.utc.ns += 3600 * NS_PER_S + 400 * NS_PER_MS; /* what the RTC got wrong */
	s.suspended_ns = 3600 * NS_PER_S;
	assert_true(sim_run(&s, 40));
	assert_int_equal(s.events[EVENT_foreign], 0);
	assert_int_equal(s.events[EVENT_disruption], 1);
	assert_int_equal(s.steps, 1);
	WITHIN(s.step_max_ns, 500 * NS_PER_MS);
	WITHIN(sim_error_ns(&s), 5000);
}

static void disruption_allows_one_step(void **state)
{
	(void)state;
	sim_init(&s, true, 0, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 500));
	s.truth.utc.ns += 54409 * NS_PER_S;
	s.disruption++;
	assert_true(sim_run(&s, 20));
	assert_int_equal(s.steps, 1);
	WITHIN(sim_error_ns(&s), 5000);
	/* and none later */
	s.bound_ns = 3 * NS_PER_S;
	s.truth.utc.ns += 2 * NS_PER_S;
	assert_true(sim_run(&s, 40));
	assert_int_equal(s.steps, 1);
}

static void disruption_step_has_a_limit(void **state)
{
	(void)state;
	sim_init(&s, true, 0, 20000);
	s.policy.maxdisruptionstep_s = 10;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 500));
	s.truth.utc.ns += 11 * NS_PER_S;
	s.disruption++;
	assert_true(sim_run(&s, 40));
	assert_int_equal(s.steps, 0);
}

static void announced_disruption_voids_history(void **state)
{
	struct discipline_out out;
	struct msg_clock c;
	struct clk_reading r;
	struct msg old;

	(void)state;
	sim_init(&s, true, 0, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 500));
	sim_fill_estimate(&s, &old);
	s.now_raw_ns += NS_PER_S;
	sim_read(&s, &r);
	discipline_on_disruption(&s.d, &r, &out);
	sim_finish(&s, &out);
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_unsynchronised);
	assert_int_equal(c.stratum, 16);
	sim_give(&s, &old);
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_unsynchronised);
	assert_int_equal(s.events[EVENT_estimate_refused], 1);
	s.now_raw_ns += NS_PER_S;
	sim_estimate(&s);
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_synchronised);
}

static void jump_is_believed_the_third_time(void **state)
{
	(void)state;
	sim_init(&s, true, 0, 0);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 100));
	s.est_bias_ns = 10 * NS_PER_MS;
	s.next_est_ns = s.now_raw_ns;
	assert_true(sim_run(&s, 17));
	WITHIN(sim_error_ns(&s), 5000);
	assert_int_equal(s.events[EVENT_estimate_refused], 1);
	assert_true(sim_run(&s, 40));
	WITHIN(sim_error_ns(&s) + 10 * NS_PER_MS, 10000);
}

static void maxchange_stops_after_ignoring(void **state)
{
	struct discipline_out out;
	struct clk_reading r;
	struct msg_clock c;

	(void)state;
	sim_init(&s, true, 0, 0);
	s.policy.maxchange_s = 0.1;
	s.policy.maxchange_start = 1;
	s.policy.maxchange_ignore = 2;
	s.bound_ns = NS_PER_S;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 100));
	s.truth.utc.ns += 500 * NS_PER_MS;
	assert_true(sim_run(&s, 100));
	BEYOND(sim_error_ns(&s), 499 * NS_PER_MS);
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_unsynchronised);
	sim_read(&s, &r);
	assert_int_equal(discipline_makestep(&s.d, &r, &out), 0);
	sim_finish(&s, &out);
	WITHIN(sim_error_ns(&s), 10000);
	assert_true(sim_run(&s, 20));
	discipline_clock(&s.d, &c);
	assert_int_equal(c.status, sync_synchronised);
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

static void denied_clock_is_tried_again(void **state)
{
	struct msg_clock c;

	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 0);
	s.k_error = -EPERM;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 100));
	discipline_clock(&s.d, &c);
	assert_int_equal(c.mode, clock_mode_none);
	assert_int_equal(s.events[EVENT_denied], 1);
	assert_true(c.bound_ns > 299 * NS_PER_MS);
	assert_true(s.turns < 40);
	assert_true(s.refusals >= 2 && s.refusals <= 4);
	s.k_error = 0;
	assert_true(sim_run(&s, 100));
	discipline_clock(&s.d, &c);
	assert_int_equal(c.mode, clock_mode_realtime);
	WITHIN(sim_error_ns(&s), 10000);
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

static void restart_leaves_no_bump(void **state)
{
	(void)state;
	for (int slewing = 0; slewing < 2; slewing++) {
		struct discipline_start start = {.until = TS_RAW_NEVER};
		struct shadow_line page;
		struct msg_clock c;
		int64_t before_ns;

		sim_init(&s, true, slewing ? -300 * NS_PER_MS : 0, 20000);
		sim_start(&s, NULL);
		assert_true(sim_run(&s, slewing ? 2 : 500));
		page = sim_page(&s);
		s.now_raw_ns += NS_PER_S;
		before_ns = sim_clock_ns(&s);
		softclock_init(&s.soft, &page);
		assert_true(llabs(sim_clock_ns(&s) - before_ns) <= 1);
		sim_read(&s, &start.reading);
		pagefill_continue(&page, &start.reading, &start);
		assert_true(start.continued);
		s.rates = 0;
		sim_start(&s, &start);
		assert_int_equal(s.rates, 0);
		assert_true(llabs(sim_clock_ns(&s) - before_ns) <= 1);
		discipline_clock(&s.d, &c);
		assert_int_equal(c.status, sync_holdover);
		WITHIN(sim_error_ns(&s), c.bound_ns);
		assert_true(clk_model_slewing(&s.d.model) == (slewing == 1));
		assert_true(slewing == 0 || fabs(c.rate_ppb) > 1e6);
		/* a slew ends at its time though nobody gives estimates */
		s.silent = true;
		assert_true(sim_run(&s, 20));
		WITHIN(sim_error_ns(&s), 20000);
		WITHIN(s.d.model.base_ppb - s.d.model.rate_ppb, 1e-9);
		WITHIN(s.d.model.rate_ppb - 20000, 200);
	}
}

/* The kernel goes on with the slew of a disciplined that died; the next one ends it. */
static void kernel_slew_of_a_dead_one_is_ended(void **state)
{
	struct discipline_start start = {.until = TS_RAW_NEVER};
	struct shadow_line page;
	struct shadow_time t;

	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 2));
	page = sim_page(&s);
	s.now_raw_ns += 10 * NS_PER_S;
	shadow_line_time(&page, (struct ts_raw){s.now_raw_ns}, &t);
	assert_int_equal(t.status, SHADOW_UNSYNCHRONISED);
	sim_read(&s, &start.reading);
	pagefill_continue(&page, &start.reading, &start);
	assert_false(start.continued);
	s.silent = true;
	sim_start(&s, &start);
	assert_true(sim_run(&s, 1));
	WITHIN(s.k_command_ppb - 20000, 200);
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
		cmocka_unit_test(frequency_is_quiet_at_rest),
		cmocka_unit_test(kernel_residual_is_learned),
		cmocka_unit_test(late_ticks_are_no_strangers),
		cmocka_unit_test(drift_is_used_until_known_better),
		cmocka_unit_test(wrong_drift_is_dropped),
		cmocka_unit_test(unsure_rates_do_not_move_the_frequency),
		cmocka_unit_test(newcomer_does_no_harm),
		cmocka_unit_test(foreign_step_is_undone),
		cmocka_unit_test(small_foreign_step_is_slewed),
		cmocka_unit_test(foreign_frequency_is_undone),
		cmocka_unit_test(foreign_loop_is_ended),
		cmocka_unit_test(slew_ends_without_anything_to_follow),
		cmocka_unit_test(suspend_ends_a_slew),
		cmocka_unit_test(suspend_is_not_undone),
		cmocka_unit_test(disruption_allows_one_step),
		cmocka_unit_test(disruption_step_has_a_limit),
		cmocka_unit_test(announced_disruption_voids_history),
		cmocka_unit_test(jump_is_believed_the_third_time),
		cmocka_unit_test(maxchange_stops_after_ignoring),
		cmocka_unit_test(holdover_grows_and_ends),
		cmocka_unit_test(wide_bound_ends_holdover),
		cmocka_unit_test(denied_clock_is_tried_again),
		cmocka_unit_test(bound_holds),
		cmocka_unit_test(bound_allows_for_an_unknown_residual),
		cmocka_unit_test(restart_leaves_no_bump),
		cmocka_unit_test(kernel_slew_of_a_dead_one_is_ended),
		cmocka_unit_test(stop_ends_a_slew),
		cmocka_unit_test(fast_estimates_are_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
