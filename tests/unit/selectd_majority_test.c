/* SPDX-License-Identifier: MIT */
/* Who is followed while sources come, go wrong and fall silent. */
#include "tests/unit/selectd_bench.h"

static void falseticker_that_answers_first_is_never_followed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct bench *b = bench_new(seed, 20000, 1e-9);
		struct sim_path liar = bench_path("liar", 1e5, 1e4, 1);
		struct sim_path p[3] = {bench_path("a", 1e6, 1e5, 1), bench_path("b", 3e6, 3e5, 1),
			bench_path("c", 2e6, 1e5, 1)};
		int l;

		liar.error_ns = 5e8;
		l = bench_add(b, &liar, 0.01);
		for (int i = 0; i < 3; i++)
			bench_add(b, &p[i], 0.3 + 0.8 * i);
		bench_run(b, 60);
		assert_true(b->estimates > 20);
		assert_true(b->worst_ns < 3e6);
		assert_int_equal(b->broken, 0);
		assert_int_equal(b->verdict[l].state, verdict_state_falseticker);
		assert_int_equal(b->verdict[l].reason, verdict_reason_majority);
		assert_near_double((double)b->verdict[l].offset_ns, 5e8, 1e7);
		assert_int_equal(b->event_count[EVENT_falseticker], 1);
		assert_non_null(strstr(b->event_text[EVENT_falseticker], "misses"));
		bench_free(b);
	}
}

static void one_of_four_waits_for_the_others_but_not_for_ever(void **state)
{
	struct bench *b = bench_new(1, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1);

	(void)state;
	bench_add(b, &p, 0.1);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"x", "y", "z"};

		p.name = names[i];
		p.poll = 6;
		bench_add(b, &p, INFINITY);
	}
	bench_run(b, 15);
	assert_int_equal(b->estimates, 0);
	assert_int_equal(b->verdict[0].reason, verdict_reason_waiting);
	bench_run(b, 4);
	assert_true(b->estimates > 0);
	assert_string_equal(b->estimate.selected, "a");
	bench_free(b);
}

static void missing_devices_are_not_waited_for(void **state)
{
	struct bench *b = bench_new(1, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1), gone = bench_path("PHC0", 0, 0, 0);
	struct msg m;

	(void)state;
	gone.kind = source_kind_phc;
	m = sim_source(&gone);
	m.u.source.state = source_state_missing;
	bench_put(b, &m);
	bench_add(b, &p, 0.1);
	bench_run(b, 1);
	assert_int_equal(b->estimates, 1);
	bench_free(b);
}

/* Two that disagree are no majority: better none than the wrong one. */
static void two_that_disagree_select_nobody(void **state)
{
	struct bench *b = bench_new(1, 20000, 1e-9);
	struct sim_path p = bench_path("a", 1e6, 1e5, 1), q = bench_path("b", 1e6, 1e5, 1);

	(void)state;
	q.error_ns = 1e9;
	bench_add(b, &p, 0.1);
	bench_add(b, &q, 0.2);
	bench_run(b, 30);
	assert_int_equal(b->estimates, 0);
	assert_int_equal(b->verdict[0].reason, verdict_reason_no_majority);
	bench_free(b);
}

static void source_that_goes_wrong_is_dropped_and_comes_back(void **state)
{
	struct bench *b = bench_new(3, 20000, 1e-9);
	struct sim_path p[3] = {bench_path("a", 1e6, 1e5, 4), bench_path("b", 1e6, 1e5, 4),
		bench_path("c", 1e6, 1e5, 4)};

	(void)state;
	for (int i = 0; i < 3; i++)
		bench_add(b, &p[i], 1 + i);
	bench_run(b, 1000);
	assert_int_equal(b->estimate.combined, 3);
	b->path[0].error_ns = 1e8;
	b->worst_ns = 0;
	bench_run(b, 300);
	assert_true(b->worst_ns < 1e6);
	assert_int_equal(b->event_count[EVENT_falseticker], 1);
	assert_int_equal(b->estimate.combined, 2);
	b->path[0].error_ns = 0;
	bench_run(b, 300);
	assert_true(b->worst_ns < 1e6);
	assert_int_equal(b->event_count[EVENT_truechimer], 1);
	assert_int_equal(b->estimate.combined, 3);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* Who was found false is not followed because the others are silent; their word lets it in again.
 */
static void a_liar_alone_is_not_followed(void **state)
{
	struct bench *b = bench_new(5, 20000, 1e-9);
	struct sim_path p[3] = {bench_path("a", 1e6, 1e5, 4), bench_path("b", 1e6, 1e5, 4),
		bench_path("c", 1e6, 1e5, 4)};

	(void)state;
	p[2].error_ns = 1e9;
	for (int i = 0; i < 3; i++)
		bench_add(b, &p[i], 1 + i);
	bench_run(b, 600);
	assert_int_equal(b->event_count[EVENT_falseticker], 1);
	b->next_s[0] = b->next_s[1] = INFINITY;
	bench_run(b, 600);
	assert_int_equal(b->estimate.status, sync_holdover);
	assert_int_equal(b->verdict[2].reason, verdict_reason_no_majority);
	assert_true(b->worst_ns < 1e6);
	b->path[2].error_ns = 0; /* what our own line vouches for */
	bench_run(b, 600);
	assert_int_equal(b->estimate.status, sync_synchronised);
	assert_int_equal(b->event_count[EVENT_truechimer], 1);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* Two contradict each other, and the third agrees with both: neither is called false. */
static void a_tie_convicts_nobody(void **state)
{
	struct bench *b = bench_new(6, 20000, 1e-9);
	struct sim_path p[3] = {bench_path("a", 1e6, 1e5, 4), bench_path("b", 1e8, 1e5, 4),
		bench_path("c", 1e6, 1e5, 4)};

	(void)state;
	p[2].error_ns = 1e7;
	for (int i = 0; i < 3; i++)
		bench_add(b, &p[i], 1 + i);
	bench_run(b, 600);
	assert_int_equal(b->event_count[EVENT_falseticker], 0);
	assert_int_equal(b->verdict[0].reason, verdict_reason_no_majority);
	assert_int_equal(b->verdict[1].reason, verdict_reason_ok);
	assert_int_equal(b->verdict[2].reason, verdict_reason_no_majority);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(falseticker_that_answers_first_is_never_followed),
		cmocka_unit_test(one_of_four_waits_for_the_others_but_not_for_ever),
		cmocka_unit_test(missing_devices_are_not_waited_for),
		cmocka_unit_test(two_that_disagree_select_nobody),
		cmocka_unit_test(source_that_goes_wrong_is_dropped_and_comes_back),
		cmocka_unit_test(a_liar_alone_is_not_followed),
		cmocka_unit_test(a_tie_convicts_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
