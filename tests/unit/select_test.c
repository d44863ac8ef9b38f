/* SPDX-License-Identifier: MIT */
/* Who is believed: what must hold for any set of sources, each exclusion by its reason, and
 * weights. */
#include "tests/unit/select_world.h"
#include "selectd/core/combine.h"

static double truth_ns(const struct world *w, const struct selection *sel)
{
	return (double)(sim_utc(&w->sim, sel->at.ns) - sel->base.ns);
}

static void check_invariants(const struct world *w, const struct selection *sel)
{
	int64_t low = INT64_MIN, high = INT64_MAX;
	double sum = 0;

	for (int i = 0; i < w->n; i++) {
		const struct judgement *j = &w->sources[i].now;
		bool in = j->state == verdict_state_combined || j->state == verdict_state_selected;

		assert_true(j->weight >= 0 && j->weight <= 1);
		assert_int_equal(in, j->weight > 0);
		assert_int_equal(j->state == verdict_state_selected, sel->selected == i);
		assert_true(!in || (j->agrees && j->reason == verdict_reason_ok));
		assert_true(in || j->reason != verdict_reason_ok);
		sum += j->weight;
		if (!in)
			continue;
		low = j->low_ns > low ? j->low_ns : low;
		high = j->high_ns < high ? j->high_ns : high;
	}
	if (sel->selected < 0) {
		assert_near_double(sum, 0, 0);
		return;
	}
	assert_near_double(sum, 1, 1e-9);
	assert_true(low <= high);
	assert_true(2 * sel->agreeing > sel->usable || sel->combined >= 1);
}

/* More than half are right: none of the others counts, and the bound covers the truth. */
static void majority_wins_and_bound_covers(void **state)
{
	int tighter = 0, runs = 60;

	(void)state;
	for (int seed = 1; seed <= runs; seed++) {
		struct world w = new_world((uint64_t)seed);
		int right = 1 + (int)prng_below(&w.sim.g, 6);
		int wrong = (int)prng_below(&w.sim.g, (uint64_t)right);
		struct combination c;
		struct joint joint = {0};
		struct selection sel;

		for (int i = 0; i < right; i++)
			add_source(&w, 0);
		for (int i = 0; i < wrong; i++)
			add_source(&w, (i % 2 ? 1 : -1) * (0.3 + prng_uniform(&w.sim.g)) * 1e9);
		run_polls(&w, 1 + (int)prng_below(&w.sim.g, 30));
		sel = judge(&w, &defaults);
		check_invariants(&w, &sel);
		assert_true(sel.selected >= 0 && sel.selected < right);
		for (int i = right; i < w.n; i++)
			assert_int_equal(w.sources[i].now.state, verdict_state_falseticker);
		combine_run(&joint, w.sources, w.n, &sel, &c);
		assert_true(fabs((double)(c.line.utc.ns - sim_utc(&w.sim, sel.at.ns))) <=
			    (double)c.bound_ns);
		assert_true((double)sel.low_ns <= truth_ns(&w, &sel) &&
			    (double)sel.high_ns >= truth_ns(&w, &sel));
		tighter += sel.high_ns / 2 - sel.low_ns / 2 <
			   hardbound_error(&w.sources[sel.selected].newest);
		free(w.sources);
	}
	assert_i64_range(tighter, runs / 2, runs);
}

static void random_options_keep_the_invariants(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct world w = new_world(seed);
		struct selectd_config config = defaults;
		struct selection sel;
		int n = 1 + (int)prng_below(&w.sim.g, 8);

		for (int i = 0; i < n; i++) {
			struct msg_source *info;

			add_source(&w, prng_below(&w.sim.g, 3) ? 0 : 1e9 * prng_normal(&w.sim.g));
			info = &w.sources[i].info;
			info->noselect = prng_below(&w.sim.g, 6) == 0;
			info->prefer = prng_below(&w.sim.g, 6) == 0;
			info->trust = prng_below(&w.sim.g, 6) == 0;
			info->require = prng_below(&w.sim.g, 6) == 0;
		}
		config.minsources = 1 + (int)prng_below(&w.sim.g, 3);
		config.combinelimit = (double)prng_below(&w.sim.g, 4);
		run_polls(&w, 5);
		sel = judge(&w, &config);
		check_invariants(&w, &sel);
		if (sel.selected >= 0)
			assert_true(sel.agreeing >= config.minsources);
		for (int i = 0; i < n; i++)
			assert_true(!w.sources[i].info.noselect ||
				    w.sources[i].now.reason == verdict_reason_noselect);
		free(w.sources);
	}
}

static enum verdict_reason reason_of(struct world *w, int i, const struct selectd_config *config)
{
	judge(w, config);
	return w->sources[i].now.reason;
}

static void each_exclusion_has_its_reason(void **state)
{
	struct world w = three_good();
	struct selectd_config config = defaults;
	struct source *s = &w.sources[0];
	int64_t stratum;

	(void)state;
	config.combinelimit = 1e6; /* the three are of very different distance */
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_ok);
	s->newest.leap = leap_unsync;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_unsync);
	s->newest.leap = leap_none;
	stratum = s->newest.stratum;
	s->newest.stratum = 16;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_stratum);
	s->newest.stratum = stratum;
	s->info.state = source_state_unreachable;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_unreachable);
	s->info.state = source_state_reachable;
	s->info.noselect = true;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_noselect);
	s->info.noselect = false;
	config.maxdistance_s = 1e-6;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_distance);
	config.maxdistance_s = 3;
	config.maxjitter_s = 1e-9;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_jitter);
	config.maxjitter_s = 1;
	config.minsources = 4;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_too_few);
	config.minsources = 1;
	w.sources[1].info.require = true;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_ok);
	w.sources[1].info.state = source_state_unreachable;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_require);
	w.sources[1].info.state = source_state_reachable;
	w.sources[2].info.prefer = true;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_prefer);
	config.authselectmode = AUTH_SELECT_REQUIRE;
	assert_int_equal(reason_of(&w, 2, &config), verdict_reason_noselect);
	config.authselectmode = AUTH_SELECT_PREFER; /* they count as preferred, and none is */
	w.sources[2].info.prefer = false;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_ok);
	w.sources[2].info.auth = auth_key;
	assert_int_equal(reason_of(&w, 2, &config), verdict_reason_ok);
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_prefer);
	config.authselectmode = AUTH_SELECT_IGNORE;
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_ok);
	sim_advance(&w.sim, 8 * 16 + 20);
	config.authselectmode = AUTH_SELECT_MIX;
	assert_int_equal(reason_of(&w, 2, &config), verdict_reason_stale);
	track_reset(&s->track);
	assert_int_equal(reason_of(&w, 0, &config), verdict_reason_no_samples);
	free(w.sources);
}

/* Long paths: by the asymmetry that they may have, whatever the root distance does meanwhile. */
static void weights_fall_with_the_length_of_the_path(void **state)
{
	struct world w = three_good();
	struct selectd_config config = defaults;
	struct source *s = w.sources;

	(void)state;
	config.combinelimit = 1e6;
	config.stratumweight_s = 0;
	for (int i = 0; i < 3; i++)
		s[i].newest.root_delay_ns = (i + 1) * 60 * NS_PER_MS;
	s[2].newest.dispersion_ns = 0;
	judge(&w, &config);
	for (int i = 1; i < 3; i++)
		assert_near_double(s[0].now.weight / s[i].now.weight, i + 1, 0.05 * (i + 1));
	free(w.sources);
}

static void a_noisy_source_weighs_less(void **state)
{
	struct world w = three_good();
	struct selectd_config config = defaults;
	struct source *s = w.sources;

	(void)state;
	config.combinelimit = 1e6;
	s[1].newest.root_dispersion_ns = 50 * NS_PER_MS;
	judge(&w, &config);
	assert_true(s[1].now.weight < s[0].now.weight / 100);
	assert_true(s[1].now.weight > 0);
	free(w.sources);
}

static void combinelimit_0_takes_one(void **state)
{
	struct world w = three_good();
	struct selectd_config config = defaults;
	struct selection sel;

	(void)state;
	config.combinelimit = 0;
	sel = judge(&w, &config);
	assert_int_equal(sel.combined, 1);
	assert_near_double(w.sources[sel.selected].now.weight, 1, 0);
	free(w.sources);
}

/* A source a little better must not take over at once, one far better must. */
static void selection_has_inertia(void **state)
{
	struct world w = three_good();
	struct select_occasion o = {.at = {w.sim.raw_ns}, .now = {w.sim.raw_ns}, .selected = -1};
	struct selection sel;
	int best, other;

	(void)state;
	o.sample_of = -1;
	select_run(w.sources, w.n, &defaults, &o, &sel);
	best = sel.selected;
	for (other = 0; other == best; other++)
		;
	o.selected = other;
	o.sample_of = best;
	for (int i = 0; i < 100; i++) {
		select_run(w.sources, w.n, &defaults, &o, &sel);
		if (sel.selected == best)
			break;
		assert_int_equal(sel.selected, other);
	}
	assert_int_equal(sel.selected, best);
	o.selected = best;
	o.sample_of = other;
	for (int i = 0; i < 1000; i++) {
		select_run(w.sources, w.n, &defaults, &o, &sel);
		assert_int_equal(sel.selected, best);
	}
	free(w.sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(majority_wins_and_bound_covers),
		cmocka_unit_test(random_options_keep_the_invariants),
		cmocka_unit_test(each_exclusion_has_its_reason),
		cmocka_unit_test(weights_fall_with_the_length_of_the_path),
		cmocka_unit_test(a_noisy_source_weighs_less),
		cmocka_unit_test(combinelimit_0_takes_one),
		cmocka_unit_test(selection_has_inertia),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
