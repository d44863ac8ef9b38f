/* SPDX-License-Identifier: MIT */
/* What a person says of sources and of their choice, through the whole core. */
#include <stdio.h>

#include "tests/unit/selectd_bench.h"

static struct sim_path path(const char *name, double base_ns)
{
	return (struct sim_path){.name = name,
		.kind = source_kind_ntp,
		.base_ns = base_ns,
		.jitter_ns = 1e5,
		.root_dispersion_ns = 1000,
		.stratum = 1,
		.poll = 2};
}

static struct bench *bench_with(const struct selectd_config *config)
{
	struct bench *b = bench_new(1, 20000, 1e-9);

	selectd_configure(b->core, config);
	return b;
}

struct said {
	bool prefer, trust, require, noselect;
};

static int add(struct bench *b, const struct sim_path *p, struct said said)
{
	int i = bench_add(b, p, 0.1 + 0.5 * b->n);
	struct msg m = sim_source(p);

	m.u.source.prefer = said.prefer;
	m.u.source.trust = said.trust;
	m.u.source.require = said.require;
	m.u.source.noselect = said.noselect;
	bench_put(b, &m);
	return i;
}

static const struct said nothing;

static void the_preferred_one_rules_though_it_is_far(void **state)
{
	struct selectd_config config = bench_config();
	struct bench *b = bench_with(&config);
	struct sim_path p[3] = {path("near", 1e6), path("far", 4e7), path("other", 2e6)};

	(void)state;
	for (int i = 0; i < 3; i++)
		add(b, &p[i], (struct said){.prefer = i == 1});
	bench_run(b, 100);
	assert_string_equal(b->estimate.selected, "far");
	assert_int_equal(b->estimate.combined, 1);
	assert_int_equal(b->verdict[0].reason, verdict_reason_prefer);
	assert_near_double(b->verdict[0].weight, 0, 0);
	/* and the others where it is silent */
	b->next_s[1] = INFINITY;
	bench_run(b, 100);
	assert_string_equal(b->estimate.selected, "near");
	assert_int_equal(b->event_count[EVENT_holdover], 0);
	bench_free(b);
}

static void a_preferred_liar_does_not(void **state)
{
	struct selectd_config config = bench_config();
	struct bench *b = bench_with(&config);
	struct sim_path p[3] = {path("a", 1e6), path("liar", 1e6), path("b", 2e6)};

	(void)state;
	p[1].error_ns = 5e8;
	for (int i = 0; i < 3; i++)
		add(b, &p[i], (struct said){.prefer = i == 1});
	bench_run(b, 100);
	assert_string_equal(b->estimate.selected, "a");
	assert_int_equal(b->verdict[1].state, verdict_state_falseticker);
	bench_free(b);
}

/* One that is trusted against three that agree on something else. */
static void one_that_is_trusted_outvotes_three(void **state)
{
	struct selectd_config config = bench_config();
	struct bench *b = bench_with(&config);
	struct sim_path p[4] = {
		path("a", 1e6), path("b", 2e6), path("c", 3e6), path("trusted", 2e6)};

	(void)state;
	for (int i = 0; i < 4; i++) {
		p[i].error_ns = i < 3 ? -2e9 : 0;
		add(b, &p[i], (struct said){.trust = i == 3});
	}
	bench_run(b, 100);
	assert_string_equal(b->estimate.selected, "trusted");
	assert_near_double(bench_error_ns(b), 0, 1e6);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(b->verdict[i].state, verdict_state_falseticker);
		assert_int_equal(b->verdict[i].reason, verdict_reason_trust);
	}
	assert_int_equal(b->event_count[EVENT_falseticker], 3);
	assert_non_null(
		strstr(b->event_text[EVENT_falseticker], "misses that of the trusted sources"));
	bench_free(b);
}

/* The event says where the liar's interval lies and where that of the others: they are apart. */
static void a_falseticker_is_named_with_both_intervals(void **state)
{
	struct selectd_config config = bench_config();
	struct bench *b = bench_with(&config);
	struct sim_path p[3] = {path("a", 1e6), path("liar", 1e6), path("b", 2e6)};
	double low, high, others_low, others_high;
	char name[16];

	(void)state;
	p[1].error_ns = -3e8;
	for (int i = 0; i < 3; i++)
		add(b, &p[i], nothing);
	bench_run(b, 100);
	assert_int_equal(sscanf(b->event_text[EVENT_falseticker],
				 "%15s is a falseticker: its interval %lf .. %lf s misses that of "
				 "the majority, %lf .. %lf s",
				 name, &low, &high, &others_low, &others_high),
		5);
	assert_string_equal(name, "liar");
	assert_true(low <= -0.3 && -0.3 <= high && high < others_low);
	assert_true(others_low <= 0 && 0 <= others_high);
	assert_true(b->verdict[1].high_ns < b->verdict[0].low_ns);
	bench_free(b);
}

static void without_the_required_one_nobody_rules(void **state)
{
	struct selectd_config config = bench_config();
	struct bench *b = bench_with(&config);
	struct sim_path p[3] = {path("a", 1e6), path("needed", 5e6), path("b", 2e6)};

	(void)state;
	for (int i = 0; i < 3; i++)
		add(b, &p[i], (struct said){.require = i == 1});
	bench_run(b, 100);
	assert_string_equal(b->estimate.selected, "a");
	b->next_s[1] = INFINITY;
	bench_run(b, 100);
	assert_int_equal(b->estimate.status, sync_holdover);
	assert_int_equal(b->verdict[0].reason, verdict_reason_require);
	assert_int_equal(b->event_count[EVENT_unselected], 1);
	bench_free(b);
}

static void minsources_waits_for_so_many(void **state)
{
	struct selectd_config config = bench_config();
	struct bench *b;
	struct sim_path p[3] = {path("a", 1e6), path("b", 2e6), path("c", 1e6)};

	(void)state;
	config.minsources = 3;
	b = bench_with(&config);
	for (int i = 0; i < 3; i++)
		add(b, &p[i], nothing);
	b->next_s[2] += 60;
	bench_run(b, 50);
	assert_int_equal(b->estimates, 0);
	assert_int_equal(b->verdict[0].reason, verdict_reason_too_few);
	bench_run(b, 50);
	assert_int_equal(b->estimate.status, sync_synchronised);
	bench_free(b);
}

static void maxdistance_keeps_the_far_one_out(void **state)
{
	struct selectd_config config = bench_config();
	struct bench *b;
	struct sim_path p[2] = {path("near", 1e6), path("far", 8e7)};

	(void)state;
	config.maxdistance_s = 0.03;
	b = bench_with(&config);
	for (int i = 0; i < 2; i++)
		add(b, &p[i], nothing);
	bench_run(b, 100);
	assert_string_equal(b->estimate.selected, "near");
	assert_int_equal(b->verdict[1].reason, verdict_reason_distance);
	assert_int_equal(b->verdict[1].state, verdict_state_unusable);
	bench_free(b);
}

static void stratumweight_says_what_a_stratum_costs(void **state)
{
	(void)state;
	for (int heavy = 0; heavy < 2; heavy++) {
		struct selectd_config config = bench_config();
		struct sim_path p[2] = {path("second", 2e6), path("first", 2e7)};
		struct bench *b;

		config.stratumweight_s = heavy ? 0.1 : 0.001;
		b = bench_with(&config);
		p[0].stratum = 2;
		for (int i = 0; i < 2; i++)
			add(b, &p[i], nothing);
		bench_run(b, 100);
		assert_string_equal(b->estimate.selected, heavy ? "first" : "second");
		assert_int_equal(b->estimate.stratum, heavy ? 2 : 3);
		/* the near one's time is as good, whatever its stratum */
		assert_int_equal(b->estimate.combined, heavy ? 2 : 1);
		bench_free(b);
	}
}

static void combinelimit_sets_the_far_one_aside(void **state)
{
	(void)state;
	for (int wide = 0; wide < 2; wide++) {
		struct selectd_config config = bench_config();
		struct sim_path p[2] = {path("near", 1e6), path("far", 2e7)};
		struct bench *b;

		config.combinelimit = wide ? 30 : 3;
		b = bench_with(&config);
		for (int i = 0; i < 2; i++)
			add(b, &p[i], nothing);
		bench_run(b, 100);
		assert_int_equal(b->estimate.combined, 1 + wide);
		assert_true((b->verdict[1].weight > 0) == wide);
		if (!wide)
			assert_int_equal(b->verdict[1].reason, verdict_reason_weight);
		bench_free(b);
	}
}

static void noselect_is_measured_and_never_chosen(void **state)
{
	struct selectd_config config = bench_config();
	struct bench *b = bench_with(&config);
	struct sim_path p = path("watched", 1e6);

	(void)state;
	add(b, &p, (struct said){.noselect = true});
	bench_run(b, 100);
	assert_int_equal(b->estimates, 0);
	assert_int_equal(b->verdict[0].reason, verdict_reason_noselect);
	assert_true(b->verdict[0].samples > 10);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_preferred_one_rules_though_it_is_far),
		cmocka_unit_test(a_preferred_liar_does_not),
		cmocka_unit_test(one_that_is_trusted_outvotes_three),
		cmocka_unit_test(a_falseticker_is_named_with_both_intervals),
		cmocka_unit_test(without_the_required_one_nobody_rules),
		cmocka_unit_test(minsources_waits_for_so_many),
		cmocka_unit_test(maxdistance_keeps_the_far_one_out),
		cmocka_unit_test(stratumweight_says_what_a_stratum_costs),
		cmocka_unit_test(combinelimit_sets_the_far_one_aside),
		cmocka_unit_test(noselect_is_measured_and_never_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
