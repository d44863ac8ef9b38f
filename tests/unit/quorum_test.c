/* SPDX-License-Identifier: MIT */
/* Whose answers the choice waits for after a silence of all, and who is believed then. */
#include "tests/unit/selectd_bench.h"

#include "selectd/core/quorum.h"
#include "selectd/core/suspect.h"

#define POLL_S	16.0
#define HOUR_S	3600.0
#define LIE_NS	50e6
#define SOURCES 3

static struct sim_path server(const char *name, double base_ns)
{
	return (struct sim_path){.publisher = "ntpexchd",
		.name = name,
		.kind = source_kind_ntp,
		.base_ns = base_ns,
		.jitter_ns = 1e5,
		.root_dispersion_ns = 1000,
		.stratum = 1,
		.poll = 4};
}

static struct bench *servers(uint64_t seed)
{
	struct bench *b = bench_new(seed, 20000, 1e-9);
	struct sim_path p[SOURCES] = {server("a", 1e6), server("b", 2e6), server("c", 5e6)};
	struct selectd_config config = bench_config();

	config.estimator = TRACK_BANK;
	selectd_configure(b->core, &config);
	for (int i = 0; i < SOURCES; i++)
		bench_add(b, &p[i], 1 + 5 * i);
	bench_run(b, 1000);
	assert_int_equal(b->estimate.status, sync_synchronised);
	return b;
}

static double now_s(const struct bench *b)
{
	return 1e-9 * (double)b->sim.raw_ns;
}

static void silence(struct bench *b, double seconds)
{
	for (int i = 0; i < SOURCES; i++)
		b->next_s[i] = INFINITY;
	bench_run(b, seconds);
}

static void answers_from(struct bench *b, int i, double after_s)
{
	b->next_s[i] = now_s(b) + after_s;
}

static void sleeps(struct bench *b, double seconds)
{
	selectd_on_suspended(b->core, (struct ts_dur){0}, (struct ts_raw){b->sim.raw_ns});
	b->sim.x_ns += seconds * 1e9;
	selectd_on_suspended(
		b->core, (struct ts_dur){(int64_t)(seconds * 1e9)}, (struct ts_raw){b->sim.raw_ns});
	bench_run(b, 1);
	assert_int_equal(b->estimate.status, sync_unsynchronised);
}

static void who_agrees_with_our_own_line_ends_a_holdover(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct bench *b = servers(seed);

		silence(b, HOUR_S);
		assert_int_equal(b->estimate.status, sync_holdover);
		answers_from(b, 0, 1);
		bench_run(b, 2);
		assert_int_equal(b->estimate.status, sync_synchronised);
		assert_int_equal(b->broken, 0);
		bench_free(b);
	}
}

/* The first to answer has turned false meanwhile: neither what it says nor the doubt about it moves
 * anything until the others are there. */
static void a_liar_that_ends_a_silence_waits_for_the_others(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct bench *b = servers(seed);

		silence(b, HOUR_S);
		b->path[0].error_ns = LIE_NS;
		answers_from(b, 0, 1);
		bench_run(b, 5 * POLL_S);
		assert_int_equal(b->estimate.status, sync_holdover);
		assert_int_equal(b->verdict[0].reason, verdict_reason_waiting);
		answers_from(b, 1, 1);
		answers_from(b, 2, 2);
		bench_run(b, POLL_S);
		assert_int_equal(b->estimate.status, sync_synchronised);
		assert_string_equal(b->estimate.selected, "b");
		assert_int_equal(b->verdict[0].state, verdict_state_falseticker);
		assert_int_equal(b->broken, 0);
		bench_free(b);
	}
}

static void it_is_not_waited_for_ever(void **state)
{
	struct bench *b = servers(1);

	(void)state;
	silence(b, HOUR_S);
	b->path[0].error_ns = LIE_NS; /* or is it we? nobody else is there to tell */
	answers_from(b, 0, 1);
	bench_run(b, 8 * POLL_S);
	assert_int_equal(b->estimate.status, sync_holdover);
	assert_int_equal(b->broken, 0);
	bench_run(b, POLL_S);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_near_double(bench_error_ns(b), LIE_NS, 1e6);
	bench_free(b);
}

static void after_a_sleep_those_that_had_answered_are_waited_for(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct bench *b = servers(seed);

		sleeps(b, 100);
		silence(b, HOUR_S);
		b->path[0].error_ns = LIE_NS;
		answers_from(b, 0, 1);
		bench_run(b, POLL_S);
		assert_int_equal(b->estimate.status, sync_unsynchronised);
		answers_from(b, 1, 1);
		answers_from(b, 2, 2);
		bench_run(b, 5);
		assert_int_equal(b->estimate.status, sync_synchronised);
		assert_string_equal(b->estimate.selected, "b");
		assert_int_equal(b->broken, 0);
		bench_free(b);
	}
}

static void but_two_polls_at_most(void **state)
{
	struct bench *b = servers(1);

	(void)state;
	sleeps(b, 100);
	silence(b, HOUR_S);
	answers_from(b, 0, 1);
	bench_run(b, 2 * POLL_S);
	assert_int_equal(b->estimate.status, sync_unsynchronised);
	bench_run(b, 2);
	assert_int_equal(b->estimate.status, sync_synchronised);
	bench_free(b);
}

/* A machine that starts without network: the wait of the start is over, and nobody was heard yet.
 */
static void a_network_that_comes_up_late_comes_up_for_all(void **state)
{
	(void)state;
	for (int others = 0; others < 2; others++) {
		struct bench *b = bench_new(1, 20000, 1e-9);
		struct sim_path p[SOURCES] = {server("a", 1e6), server("b", 2e6), server("c", 5e6)};

		p[0].error_ns = LIE_NS;
		for (int i = 0; i < SOURCES; i++)
			bench_add(b, &p[i], INFINITY);
		bench_run(b, 300);
		answers_from(b, 0, 1);
		if (others) {
			answers_from(b, 1, 5);
			answers_from(b, 2, 6);
		}
		bench_run(b, 16);
		assert_int_equal(b->estimates > 0, others);
		bench_run(b, 2);
		assert_int_equal(b->estimate.status, sync_synchronised);
		assert_string_equal(b->estimate.selected, others ? "b" : "a");
		bench_free(b);
	}
}

/* A server that had been dead for long before the choice was lost is nobody's loss. */
static void the_dead_are_not_waited_for(void **state)
{
	struct bench *b = servers(1);

	(void)state;
	b->next_s[1] = b->next_s[2] = INFINITY;
	bench_run(b, HOUR_S);
	assert_string_equal(b->estimate.selected, "a");
	sleeps(b, 100);
	silence(b, HOUR_S);
	answers_from(b, 0, 1);
	bench_run(b, 2);
	assert_int_equal(b->estimate.status, sync_synchronised);
	bench_free(b);
}

static void a_reference_clock_needs_no_network(void **state)
{
	struct bench *b = servers(1);
	struct sim_path p = {.publisher = "refclockd",
		.name = "PHC0",
		.kind = source_kind_phc,
		.base_ns = 1000,
		.jitter_ns = 100,
		.poll = 2};

	(void)state;
	bench_add(b, &p, 0.5);
	bench_run(b, 100);
	sleeps(b, 100);
	silence(b, 0);
	bench_run(b, 16);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_string_equal(b->estimate.selected, "PHC0");
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

static struct source line_at(int64_t offset_ns, double sd_ns)
{
	struct source s = {.used = true};

	s.now.offset_ns = offset_ns;
	s.now.track.offset_sd_ns = sd_ns;
	return s;
}

static bool changes(int64_t false_ns, int64_t offset_ns, double sd_ns, double sure_ns)
{
	struct witness w = {1000, sure_ns};
	struct source s = line_at(1000 + false_ns, 10);

	suspect_convict(&s, &w);
	assert_true(s.told_false);
	s.now = line_at(1000 + offset_ns, sd_ns).now;
	return suspect_has_changed(&s, &w);
}

static void ignorance_is_no_evidence(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		assert_true(changes(sign * 100000, 0, 10, 10));
		assert_true(changes(sign * 100000, sign * 40000, 10, 10));
		assert_false(changes(sign * 100000, sign * 60000, 10, 10)); /* nearer to the lie */
		assert_false(changes(sign * 100000, 0, 10000, 10));	    /* nobody knows where */
		assert_false(changes(sign * 100000, 0, 10, 60000)); /* nobody knows what is */
	}
}

/* One of three lies by more than an hour's wander and less than what two days of holdover leave. */
static void age_acquits_nobody(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct bench *b = servers(seed);

		b->path[0].error_ns = 8e6;
		bench_run(b, 200);
		assert_int_equal(b->event_count[EVENT_falseticker], 1);
		b->path[0].poll = 12; /* is heard once an hour, and its interval grows */
		for (int i = 0; i < 40; i++) {
			bench_run(b, 1000);
			assert_true(b->verdict[0].weight <= 0);
		}
		assert_int_equal(b->event_count[EVENT_truechimer], 0);
		b->path[0].error_ns = 0;
		bench_run(b, 8 * HOUR_S);
		assert_int_equal(b->event_count[EVENT_truechimer], 1);
		assert_int_equal(b->broken, 0);
		bench_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_agrees_with_our_own_line_ends_a_holdover),
		cmocka_unit_test(a_liar_that_ends_a_silence_waits_for_the_others),
		cmocka_unit_test(it_is_not_waited_for_ever),
		cmocka_unit_test(after_a_sleep_those_that_had_answered_are_waited_for),
		cmocka_unit_test(but_two_polls_at_most),
		cmocka_unit_test(a_network_that_comes_up_late_comes_up_for_all),
		cmocka_unit_test(the_dead_are_not_waited_for),
		cmocka_unit_test(a_reference_clock_needs_no_network),
		cmocka_unit_test(ignorance_is_no_evidence),
		cmocka_unit_test(age_acquits_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
