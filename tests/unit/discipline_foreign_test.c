/* SPDX-License-Identifier: MIT */
/* What others do to the clock that disciplined steers: strangers, sleep, disruptions, a
 * predecessor, estimates that jump, a kernel that refuses. */
#include <errno.h>
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/discipline_sim.h"

static struct sim s;

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_step_is_undone),
		cmocka_unit_test(small_foreign_step_is_slewed),
		cmocka_unit_test(foreign_frequency_is_undone),
		cmocka_unit_test(foreign_loop_is_ended),
		cmocka_unit_test(suspend_ends_a_slew),
		cmocka_unit_test(suspend_is_not_undone),
		cmocka_unit_test(disruption_allows_one_step),
		cmocka_unit_test(disruption_step_has_a_limit),
		cmocka_unit_test(announced_disruption_voids_history),
		cmocka_unit_test(jump_is_believed_the_third_time),
		cmocka_unit_test(maxchange_stops_after_ignoring),
		cmocka_unit_test(denied_clock_is_tried_again),
		cmocka_unit_test(restart_leaves_no_bump),
		cmocka_unit_test(kernel_slew_of_a_dead_one_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
