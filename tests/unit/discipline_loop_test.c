/* SPDX-License-Identifier: MIT */
/* The classic loops of disciplined: figures of their papers by hand, then on a clock. */
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/discipline_sim.h"

static struct sim s;

static struct ts_raw at(double seconds)
{
	return (struct ts_raw){SIM_START_RAW_NS + llround(seconds * 1e9)};
}

static void pllfll_measures_the_frequency_first(void **state)
{
	struct pllfll p;

	(void)state;
	pllfll_init(&p, 3000, false);
	for (int i = 0; i <= 14; i++) {
		pllfll_update(&p, at(64 * i), 5000 + 64 * 20 * i, 64);
		assert_near_double(p.frequency_ppb, 3000, 0);
		assert_near_double(pllfll_second_ns(&p), 0, 0);
	}
	pllfll_update(&p, at(960), 5000 + 960 * 20, 64);
	assert_near_double(p.frequency_ppb, 3020, 1e-9);
	assert_near_double(p.residual_ns, 5000 + 960 * 20, 0);
	assert_int_equal(p.state, PLLFLL_SYNC);
}

static void pllfll_locks_the_phase_at_short_polls(void **state)
{
	struct pllfll p;

	(void)state;
	pllfll_init(&p, 0, true);
	pllfll_update(&p, at(0), 1e6, 64);
	assert_near_double(p.frequency_ppb, 0, 0); /* the first moves the phase alone */
	assert_near_double(pllfll_second_ns(&p), 1e6 / 1024, 1e-9);
	assert_near_double(pllfll_second_ns(&p), (1e6 - 1e6 / 1024) / 1024, 1e-9);
	pllfll_update(&p, at(64), 1e6, 64);
	assert_near_double(p.frequency_ppb, 1e6 * 64 / (4096. * 4096), 1e-9);
	/* a longer silence is not integrated over */
	pllfll_update(&p, at(64 + 640), 1e6, 64);
	assert_near_double(p.frequency_ppb, 2e6 * 64 / (4096. * 4096), 1e-9);
	pllfll_stepped(&p);
	assert_near_double(pllfll_second_ns(&p), 0, 0);
	assert_near_double(p.frequency_ppb, 2e6 * 64 / (4096. * 4096), 1e-9);
}

static void pllfll_locks_the_frequency_at_long_polls(void **state)
{
	struct pllfll p;
	double fll, pll = 1e6 * 1024 / (65536. * 65536);

	(void)state;
	pllfll_init(&p, 0, true);
	pllfll_update(&p, at(0), 0, 1024);
	pllfll_update(&p, at(1024), 1e6, 1024);
	fll = 1e6 / (1500 * (18 - 10));
	assert_near_double(p.frequency_ppb, fll + pll, 1e-9);
	assert_near_double(p.constant_s, 16 * 1024, 0);
	pllfll_update(&p, at(1024 + 4096), 2e6, 1024);
	assert_near_double(p.frequency_ppb, fll + pll + 1e6 / (4096 * 8.) + 2 * pll, 1e-9);
}

static void ppslock_takes_the_median(void **state)
{
	struct ppslock p;

	(void)state;
	ppslock_init(&p, 0);
	ppslock_update(&p, at(0), (struct ts_utc){0}, 100);
	ppslock_update(&p, at(1), (struct ts_utc){NS_PER_S}, 300);
	assert_near_double(p.residual_ns, 0, 0); /* three are needed */
	ppslock_update(&p, at(2), (struct ts_utc){2 * NS_PER_S}, 200);
	assert_near_double(p.residual_ns, 200, 0);
	assert_near_double(p.jitter_ns, 200, 0);
	assert_near_double(ppslock_second_ns(&p), 50, 0);
	ppslock_update(&p, at(3), (struct ts_utc){3 * NS_PER_S}, 5000);
	assert_near_double(p.residual_ns, 150, 0); /* popcorn: 4800 > 4 * 200 */
	assert_int_equal(p.popcorn, 1);
	assert_near_double(p.jitter_ns, 200 + 4600 / 4., 1e-9);
}

static void pulses(struct ppslock *p, int *second, int n, double rate_ppb)
{
	for (int i = 0; i < n; i++, (*second)++) {
		struct ts_utc utc = {*second * NS_PER_S + llround(*second * rate_ppb)};

		ppslock_update(p, at(*second), utc, 0);
	}
}

static void ppslock_calibrates_over_growing_intervals(void **state)
{
	struct ppslock p;
	int second = 0;

	(void)state;
	ppslock_init(&p, 0);
	pulses(&p, &second, 4, 20000);
	assert_near_double(p.frequency_ppb, 0, 0);
	pulses(&p, &second, 1, 20000);
	assert_near_double(p.frequency_ppb, 20000, 1);
	assert_int_equal(p.shift, 2);
	pulses(&p, &second, 12, 20000);
	assert_int_equal(p.shift, 3); /* four good ones */
	pulses(&p, &second, 4 * (8 + 16 + 32 + 64 + 128), 20000);
	assert_int_equal(p.shift, 8);
	pulses(&p, &second, 256 * 8, 20000);
	assert_int_equal(p.shift, 8);
	assert_near_double(p.frequency_ppb, 20000, 0.1);
}

static void ppslock_distrusts_what_no_clock_does(void **state)
{
	struct ppslock p;

	(void)state;
	ppslock_init(&p, 0);
	ppslock_update(&p, at(0), (struct ts_utc){0}, 0);
	ppslock_update(&p, at(4), (struct ts_utc){5 * NS_PER_S}, 0); /* a pulse was missed */
	assert_near_double(p.frequency_ppb, 0, 0);
	ppslock_update(&p, at(8), (struct ts_utc){9 * NS_PER_S + 4 * 300000}, 0);
	assert_near_double(p.frequency_ppb, 100e3, 0);
	assert_int_equal(p.wander, 1);
	ppslock_stepped(&p);
	ppslock_update(&p, at(12), (struct ts_utc){0}, 0);
	assert_near_double(p.frequency_ppb, 100e3, 0);
}

static double rms_ns(double seconds)
{
	double sum = 0;
	int n = (int)(seconds / 10);

	for (int i = 0; i < n; i++) {
		double e;

		assert_true(sim_run(&s, 10));
		e = (double)sim_error_ns(&s);
		sum += e * e / n;
	}
	return sqrt(sum);
}

/* What grew while the frequency was measured, 18 ms, pulls the loop for hours: it is as slow as that.
 * Rates that the estimate tells are none of its business. */
static void loops_follow_offsets_alone(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		bool pps = i & 1;

		sim_init(&s, i & 2, 50000, 20000);
		s.policy.loop = pps ? LOOP_PPS : LOOP_PLLFLL;
		s.interval_s = pps ? 1 : 16;
		s.est_rate_error_ppb = 500;
		s.rate_sd_ppb = 1000;
		sim_start(&s, NULL);
		assert_true(sim_run(&s, pps ? 1000 : 30000));
		assert_near_double(s.d.model.base_ppb, 20000, pps ? 20 : 60);
		assert_true(rms_ns(1000) < 1500);
		assert_int_equal(s.steps, 0);
		assert_true(s.slew_max_ppb < 83333.333e3 + 1);
	}
}

static void known_frequency_is_used_at_once(void **state)
{
	struct discipline_start start = {
		.until = TS_RAW_NEVER, .base_ppb = 20000, .base_sd_ppb = 1000};

	(void)state;
	sim_init(&s, true, 0, 20000);
	s.policy.loop = LOOP_PLLFLL;
	sim_read(&s, &start.reading);
	sim_start(&s, &start);
	assert_true(sim_run(&s, 600));
	assert_true(rms_ns(1000) < 3000);
}

/* The policy for steps is the same; after one the frequency is measured anew. */
static void loops_step_by_the_policy(void **state)
{
	(void)state;
	sim_init(&s, false, -300 * NS_PER_MS, 20000);
	s.policy.loop = LOOP_PLLFLL;
	s.policy.makestep_s = 0.1;
	s.policy.makestep_limit = 3;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 30000));
	assert_int_equal(s.steps, 1);
	assert_near_double(s.d.model.base_ppb, 20000, 100);
}

static void loop_changes_with_a_reload(void **state)
{
	struct discipline_policy p;

	(void)state;
	sim_init(&s, false, 0, 20000);
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 300));
	p = s.policy;
	p.loop = LOOP_PLLFLL;
	discipline_reload(&s.d, &p);
	assert_true(sim_run(&s, 300));
	assert_near_double(s.d.model.base_ppb, 20000, 50);
	assert_true(rms_ns(300) < 3000);
}

/* A loop on a clock that nobody is told about would run on for ever. */
static void loop_ends_with_the_truth(void **state)
{
	int turns;

	(void)state;
	sim_init(&s, false, 100000, 20000);
	s.policy.loop = LOOP_PPS;
	s.interval_s = 1;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 600));
	s.silent = true;
	assert_true(sim_run(&s, 3600));
	turns = s.turns;
	assert_true(sim_run(&s, 3600));
	assert_true(s.turns - turns < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pllfll_measures_the_frequency_first),
		cmocka_unit_test(pllfll_locks_the_phase_at_short_polls),
		cmocka_unit_test(pllfll_locks_the_frequency_at_long_polls),
		cmocka_unit_test(ppslock_takes_the_median),
		cmocka_unit_test(ppslock_calibrates_over_growing_intervals),
		cmocka_unit_test(ppslock_distrusts_what_no_clock_does),
		cmocka_unit_test(loops_follow_offsets_alone),
		cmocka_unit_test(known_frequency_is_used_at_once),
		cmocka_unit_test(loops_step_by_the_policy),
		cmocka_unit_test(loop_changes_with_a_reload),
		cmocka_unit_test(loop_ends_with_the_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
