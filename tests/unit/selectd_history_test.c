/* SPDX-License-Identifier: MIT */
/* What selectd keeps of the past: holdover, disruptions, jumps, and what a successor gets. */
#include "tests/unit/selectd_bench.h"

static void silence_is_holdover_with_a_growing_bound(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 4);
	int64_t bound;
	int estimates;

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 1000);
	bound = b->estimate.bound_ns;
	b->next_s[0] = INFINITY;
	bench_run(b, 100);
	assert_int_equal(b->estimate.status, sync_synchronised);
	bench_run(b, 60);
	assert_int_equal(b->estimate.status, sync_holdover);
	assert_int_equal(b->event_count[EVENT_holdover], 1);
	assert_int_equal(b->verdict[0].reason, verdict_reason_stale);
	estimates = b->estimates;
	bench_run(b, 6400);
	assert_i64_range(b->estimates - estimates, 95, 105);
	assert_true(b->estimate.bound_ns > bound + 6000 * 1000);
	assert_int_equal(b->broken, 0);
	b->next_s[0] = 1e-9 * (double)b->sim.raw_ns;
	bench_run(b, 1);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_int_equal(b->event_count[EVENT_synchronised], 2);
	bench_free(b);
}

static void maxunreach_ends_a_holdover(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 4);
	struct msg m = sim_source(&p);

	(void)state;
	bench_add(b, &p, 0.1);
	m.u.source.maxunreach = 10;
	bench_put(b, &m);
	bench_run(b, 1000);
	b->next_s[0] = INFINITY;
	/* stale after eight polls, given up ten polls later: 288 s after the newest sample */
	bench_run(b, 160);
	assert_int_equal(b->estimate.status, sync_holdover);
	bench_run(b, 100);
	assert_int_equal(b->estimate.status, sync_holdover);
	bench_run(b, 30);
	assert_int_equal(b->estimate.status, sync_unsynchronised);
	assert_int_equal(b->estimate.stratum, 16);
	assert_int_equal(b->event_count[EVENT_unselected], 1);
	bench_run(b, 6400);
	assert_int_equal(b->event_count[EVENT_unselected], 1);
	b->next_s[0] = 1e-9 * (double)b->sim.raw_ns;
	bench_run(b, 1);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

static void disruption_voids_history(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1);
	struct msg m = {.kind = MSG_event};

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 100);
	assert_int_equal(b->estimate.disruption, 0);
	str_copy(m.env.sender, sizeof(m.env.sender), "refclockd");
	str_copy(m.u.event.code, sizeof(m.u.event.code), "disruption");
	m.u.event.raw_ns = b->sim.raw_ns;
	b->sim.x_ns += 1e10;
	b->sim.rate_ppb = -30000;
	bench_put(b, &m);
	bench_put(b, &m); /* told again, it counts once */
	assert_int_equal(b->estimate.status, sync_unsynchronised);
	assert_int_equal(b->estimate.disruption, 1);
	assert_int_equal(b->estimate.leap, leap_unsync);
	b->worst_ns = 0;
	bench_run(b, 20);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_int_equal(b->estimate.disruption, 1);
	assert_true(b->worst_ns < 1e6);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* The same crystal, a little colder: its rate is a good guess at once, and no more than that. */
static void a_sleep_keeps_the_rate(void **state)
{
	struct bench *b = bench_new(4, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 4);

	(void)state;
	bench_add(b, &p, 0.1);
	selectd_on_suspended(b->core, (struct ts_dur){0}, (struct ts_raw){b->sim.raw_ns});
	bench_run(b, 600);
	b->sim.x_ns += 1e10;
	b->sim.rate_ppb += 2000;
	selectd_on_suspended(
		b->core, (struct ts_dur){10 * NS_PER_S}, (struct ts_raw){b->sim.raw_ns});
	assert_int_equal(b->event_count[EVENT_disruption], 0); /* told with what comes next */
	bench_run(b, 16);
	assert_int_equal(b->event_count[EVENT_disruption], 1);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_true(fabs(b->estimate.rate_ppb - b->sim.rate_ppb) < 3000);
	assert_true(b->estimate.rate_sd_ppb > 1000 && b->estimate.rate_sd_ppb < 6000);
	bench_run(b, 600);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

static struct bench *three_sources(uint64_t seed)
{
	struct bench *b = bench_new(seed, 20000, 1e-9);
	struct sim_path p[3] = {bench_path("a", 1e6, 1e5, 4), bench_path("b", 2e6, 1e5, 4),
		bench_path("c", 5e6, 2e5, 5)};

	for (int i = 0; i < 3; i++)
		bench_add(b, &p[i], 1 + 5 * i);
	bench_run(b, 1000);
	return b;
}

/* A snapshot restored, a migration that nobody told of: all sources are elsewhere by the same. */
static void a_jump_of_all_is_our_clock(void **state)
{
	const double jumps[] = {3600e9, -5e9, 30e6};

	(void)state;
	for (uint64_t seed = 1; seed <= 9; seed++) {
		struct bench *b = three_sources(seed);
		int combined = (int)b->estimate.combined;

		b->sim.x_ns += jumps[seed % 3];
		b->estimates = 0;
		bench_run(b, 40);
		assert_int_equal(b->event_count[EVENT_disruption], 1);
		assert_non_null(strstr(b->event_text[EVENT_disruption], "sources jumped by"));
		assert_i64_equal(b->estimate.disruption, 1);
		assert_int_equal(b->estimate.status, sync_synchronised);
		assert_true(fabs(bench_error_ns(b)) <= bench_bound_ns(b));
		b->broken = 0;
		bench_run(b, 600);
		assert_int_equal(b->event_count[EVENT_disruption], 1);
		assert_int_equal(b->event_count[EVENT_falseticker], 0);
		assert_int_equal(b->estimate.combined, combined);
		assert_int_equal(b->broken, 0);
		assert_near_double(bench_error_ns(b), 0, 5e5);
		bench_free(b);
	}
}

/* One source, or most by different amounts, or an oscillator that runs away: nothing is void. */
static void other_jumps_are_not(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct bench *b = three_sources(seed);

		if (seed % 3 == 0)
			b->path[seed % 2].error_ns = 5e9;
		else if (seed % 3 == 1)
			b->sim.rate_ppb += 5e4;
		else
			for (int i = 0; i < 2; i++)
				b->path[i].error_ns = (i + 1) * 5e9;
		bench_run(b, 600);
		assert_int_equal(b->event_count[EVENT_disruption], 0);
		assert_i64_equal(b->estimate.disruption, 0);
		bench_free(b);
	}
}

static void a_jump_of_the_only_source_is_its_own(void **state)
{
	struct bench *b = bench_new(1, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 4);

	(void)state;
	bench_add(b, &p, 0.1);
	bench_run(b, 1000);
	b->sim.x_ns += 5e9;
	bench_run(b, 600);
	assert_int_equal(b->event_count[EVENT_disruption], 0);
	bench_free(b);
}

/* The history of who came when, and with which bias, is not in a snapshot: both may be off from
 * each other by what they say they may be off from the truth, by no more. */
static void snapshot_gives_as_good_an_estimate_as_live(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct bench *b = bench_new(seed, 20000, 1e-9);
		struct selectd_config config = bench_config();
		struct sim_path p[2] = {bench_path("a", 1e6, 1e5, 4), bench_path("b", 2e6, 1e5, 4)};
		struct ts_raw now;
		struct selectd *again = calloc(1, sizeof(*again));
		int64_t since = 0;

		assert_non_null(again);
		b->log = calloc(BENCH_LOG_MAX, sizeof(struct msg));
		assert_non_null(b->log);
		bench_add(b, &p[0], 0.1);
		bench_add(b, &p[1], 3.1);
		bench_run(b, 900);
		selectd_init(again, &config);
		now.ns = b->sim.raw_ns;
		/* as a late joiner gets it: a source's samples together, in any order of sources */
		for (int k = 1; k >= 0; k--)
			for (int i = 0; i < b->logged; i++) {
				struct msg m = b->log[i];
				const char *name = m.kind == MSG_sample ? m.u.sample.source
									: m.u.source.source;

				m.env.snapshot = true;
				if (strcmp(name, p[k].name) != 0)
					continue;
				selectd_on_message(again, &m, now);
				assert_true(selectd_deadline(again).ns <= now.ns);
			}
		for (int round = 0; round < 2; round++) {
			struct selectd_out out;

			selectd_on_deadline(again, now);
			for (int n = 0; selectd_next_out(again, &out); n++)
				assert_true(n < 10); /* not one for each old sample */
			now.ns += NS_PER_S;
		}
		since = again->estimate.raw_ns - b->estimate.raw_ns;
		assert_i64_equal(since, 0);
		assert_near_double((double)again->estimate.utc_ns, (double)b->estimate.utc_ns,
			2 * (again->estimate.offset_sd_ns + b->estimate.offset_sd_ns));
		assert_near_double(again->estimate.rate_ppb, b->estimate.rate_ppb,
			again->estimate.rate_sd_ppb + b->estimate.rate_sd_ppb);
		assert_int_equal(again->estimate.combined, b->estimate.combined);
		assert_string_equal(again->estimate.selected, b->estimate.selected);
		free(again);
		bench_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_holdover_with_a_growing_bound),
		cmocka_unit_test(maxunreach_ends_a_holdover),
		cmocka_unit_test(disruption_voids_history),
		cmocka_unit_test(a_sleep_keeps_the_rate),
		cmocka_unit_test(a_jump_of_all_is_our_clock),
		cmocka_unit_test(other_jumps_are_not),
		cmocka_unit_test(a_jump_of_the_only_source_is_its_own),
		cmocka_unit_test(snapshot_gives_as_good_an_estimate_as_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
