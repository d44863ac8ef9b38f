/* SPDX-License-Identifier: MIT */
/* Slews: the software clock's bends, and the policy over random cases (seed printed). */
#include <stdlib.h>
#include <time.h>
#include "tests/unit/discipline_sim.h"
#include "tests/unit/tcheck.h"

static struct sim s;

static int64_t at(const struct softclock *c, int64_t raw_ns)
{
	return shadow_line_utc(&c->line, (struct ts_raw){raw_ns}).ns;
}

static struct softclock new_clock(void)
{
	struct shadow_line line = {.raw_ns = 100 * NS_PER_S,
		.utc_ns = 5000 * NS_PER_S,
		.bend_raw_ns = SHADOW_NEVER,
		.leap_raw_ns = SHADOW_NEVER};
	struct softclock c;

	softclock_init(&c, &line);
	return c;
}

static void rate_changes_without_a_jump(void **state)
{
	struct softclock c = new_clock();
	int64_t t = 100 * NS_PER_S;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t before;

		t += 12345678 + i;
		before = at(&c, t);
		softclock_set_rate(&c, (struct ts_raw){t}, 1000.0 * i, -500.0,
			(struct ts_raw){t + (i % 3) * 10 * NS_PER_MS});
		assert_i64_range(at(&c, t) - before, -1, 1);
	}
}

static void slew_ends_by_itself(void **state)
{
	struct softclock c = new_clock();

	(void)state;
	softclock_set_rate(
		&c, (struct ts_raw){100 * NS_PER_S}, 1e6, 0, (struct ts_raw){110 * NS_PER_S});
	assert_i64_equal(at(&c, 200 * NS_PER_S), 5100 * NS_PER_S + 10 * NS_PER_MS);
	/* and is no more in a line told from later on */
	assert_i64_equal(
		softclock_line(&c, (struct ts_raw){150 * NS_PER_S}).bend_raw_ns, SHADOW_NEVER);
	assert_near_double(softclock_line(&c, (struct ts_raw){150 * NS_PER_S}).rate_ppb, 0, 0);
}

static void leap_stays_at_its_second(void **state)
{
	struct softclock c = new_clock();
	struct ts_utc effect = {5050 * NS_PER_S};

	(void)state;
	softclock_set_leap(&c, (struct ts_raw){101 * NS_PER_S}, leap_insert, effect);
	assert_i64_equal(at(&c, 150 * NS_PER_S), 5049 * NS_PER_S);
	/* stepped and slewed meanwhile: still at the same second of the clock */
	softclock_step(&c, (struct ts_raw){102 * NS_PER_S}, 10 * NS_PER_S);
	softclock_set_rate(
		&c, (struct ts_raw){103 * NS_PER_S}, 1e8, 0, (struct ts_raw){113 * NS_PER_S});
	assert_i64_equal(c.line.leap_raw_ns, 139 * NS_PER_S);
	assert_i64_equal(at(&c, 139 * NS_PER_S), 5049 * NS_PER_S);
	/* made is made: taking the announcement back does not undo it */
	softclock_set_leap(&c, (struct ts_raw){140 * NS_PER_S}, leap_none, (struct ts_utc){0});
	assert_i64_equal(at(&c, 140 * NS_PER_S), 5050 * NS_PER_S);
	/* withdrawn before: never made */
	c = new_clock();
	softclock_set_leap(&c, (struct ts_raw){101 * NS_PER_S}, leap_remove, effect);
	softclock_set_leap(&c, (struct ts_raw){102 * NS_PER_S}, leap_none, effect);
	assert_i64_equal(at(&c, 160 * NS_PER_S), 5060 * NS_PER_S);
}

static double pick(double low, double high)
{
	return low + (high - low) * sim_uniform(&s);
}

/* Whatever the offset, oscillator, polls and noise: only allowed steps, only allowed rates, the
 * truth is reached in the time that the limits need, and the bound holds. */
static void random_cases(void **state)
{
	uint64_t seed = (uint64_t)time(NULL);
	const char *fixed = getenv("SEED");

	(void)state;
	if (fixed != NULL)
		seed = strtoull(fixed, NULL, 0);
	print_message("SEED=%" PRIu64 "\n", seed);
	memset(&s, 0, sizeof(s));
	s.rng = seed * 2 + 1;
	for (int i = 0; i < 300; i++) {
		uint64_t rng = s.rng;
		bool exact = sim_uniform(&s) < 0.5;
		double offset_s = pick(-1.5, 1.5), rate_ppb = pick(-2e5, 2e5);
		double slew_ppm = pick(2000, 83333), needs_s;
		double interval_s = exp(pick(-2.7, 4)), sd_ns = exp(pick(2, 11));
		double residual_ppb = exact ? 0 : pick(-100, 100);

		sim_init(&s, exact, (int64_t)(offset_s * 1e9), rate_ppb);
		s.rng = rng * 6364136223846793005u + 1442695040888963407u;
		s.policy.maxslewrate_ppm = slew_ppm;
		s.interval_s = interval_s;
		s.offset_sd_ns = sd_ns;
		s.bound_ns = (int64_t)(7 * sd_ns) + 100;
		s.k_residual_ppb = residual_ppb;
		s.late_ns = (int64_t)pick(0, 2e6);
		needs_s = fabs(offset_s) / (slew_ppm * 1e-6);
		sim_start(&s, NULL);
		assert_true(sim_run(&s, 2 + needs_s + 8 * interval_s));
		assert_int_equal(s.steps, 0);
		assert_true(s.slew_max_ppb <= slew_ppm * 1e3 * 1.0000001);
		if ((double)llabs(sim_error_ns(&s)) > 8 * sd_ns + 5000)
			fail_msg("case %d: error %" PRId64 " ns, sd %.0f ns, interval %.2f s", i,
				sim_error_ns(&s), sd_ns, interval_s);
		for (int k = 0; k < 20; k++) {
			struct shadow_line line;

			assert_true(sim_run(&s, interval_s / 7));
			line = sim_page(&s);
			if (llabs(sim_error_ns(&s)) >
				shadow_line_bound_ns(&line, (struct ts_raw){s.now_raw_ns}))
				fail_msg("case %d: bound broken", i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_changes_without_a_jump),
		cmocka_unit_test(slew_ends_by_itself),
		cmocka_unit_test(leap_stays_at_its_second),
		cmocka_unit_test(random_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
