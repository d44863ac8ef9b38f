/* SPDX-License-Identifier: MIT */
/* Who is believed: the intersection against brute force, and what must hold for any set of sources.
 */
#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/selectd_sim.h"
#include "selectd/core/combine.h"
#include "selectd/core/estimate.h"
#include "selectd/core/intersect.h"
#include "selectd/core/select.h"

static const struct selectd_config defaults = {
	.minsources = 1,
	.maxdistance_s = 3,
	.maxjitter_s = 1,
	.combinelimit = 3,
	.stratumweight_s = 0.001,
	.reselectdist_s = 0.0001,
	.maxclockerror_ppm = 1,
	.authselectmode = AUTH_SELECT_MIX,
};

#define IV(low, high)                                                                              \
	{                                                                                          \
		.low_ns = (low), .high_ns = (high)                                                 \
	}

/* ---- intersection ---- */

static void nobody_is_no_majority(void **state)
{
	struct interval v[1] = {{0}};
	struct intersection x;

	(void)state;
	intersect_run(v, 0, &x);
	assert_false(x.majority);
}

static void three_of_four_agree(void **state)
{
	struct interval v[4] = {IV(-5, 5), IV(100, 110), IV(0, 10), IV(4, 20)};
	struct intersection x;

	(void)state;
	intersect_run(v, 4, &x);
	assert_true(x.majority);
	assert_i64_equal(x.low_ns, 4);
	assert_i64_equal(x.high_ns, 5);
	assert_true(v[0].agrees && v[2].agrees && v[3].agrees);
	assert_false(v[1].agrees);
}

static void two_against_two_is_no_majority(void **state)
{
	struct interval v[4] = {IV(-5, 5), IV(100, 110), IV(0, 10), IV(104, 120)};
	struct intersection x;

	(void)state;
	intersect_run(v, 4, &x);
	assert_false(x.majority);
	for (int i = 0; i < 4; i++)
		assert_false(v[i].agrees);
}

static void touching_intervals_overlap(void **state)
{
	struct interval v[2] = {IV(-5, 5), IV(5, 10)};
	struct intersection x;

	(void)state;
	intersect_run(v, 2, &x);
	assert_true(x.majority);
	assert_i64_equal(x.low_ns, 5);
	assert_i64_equal(x.high_ns, 5);
}

/* The wide one agrees with either of two that contradict each other: only it is sure to be true. */
static void ambiguous_majorities_leave_what_they_share(void **state)
{
	struct interval v[3] = {IV(-100, 100), IV(-90, -80), IV(80, 90)};
	struct intersection x;

	(void)state;
	intersect_run(v, 3, &x);
	assert_true(x.majority);
	assert_i64_equal(x.low_ns, -90);
	assert_i64_equal(x.high_ns, 90);
	assert_true(v[0].agrees);
	assert_false(v[1].agrees || v[2].agrees);
}

static void one_trusted_beats_many(void **state)
{
	struct interval v[4] = {
		IV(0, 10), IV(0, 10), IV(0, 10), {.low_ns = 50, .high_ns = 60, .trusted = true}};
	struct intersection x;

	(void)state;
	intersect_run(v, 4, &x);
	assert_true(x.majority);
	assert_true(v[3].agrees);
	assert_false(v[0].agrees || v[1].agrees || v[2].agrees);
}

/* Of three trusted two agree: they are the majority of those who count, however few they are. */
static void most_of_the_trusted_decide(void **state)
{
	struct interval v[7] = {IV(0, 10), IV(0, 10), IV(0, 10), IV(0, 10),
		{.low_ns = 50, .high_ns = 60, .trusted = true},
		{.low_ns = 55, .high_ns = 65, .trusted = true},
		{.low_ns = 80, .high_ns = 90, .trusted = true}};
	struct intersection x;

	(void)state;
	intersect_run(v, 7, &x);
	assert_true(x.majority);
	assert_true(v[4].agrees && v[5].agrees);
	assert_false(v[0].agrees || v[6].agrees);
	v[5] = v[6]; /* two of three, elsewhere */
	intersect_run(v, 7, &x);
	assert_true(v[6].agrees && !v[4].agrees);
	v[5] = v[0]; /* one against one */
	intersect_run(v, 7, &x);
	assert_false(x.majority);
}

static int depth_at(const struct interval *v, int n, int64_t at)
{
	int depth = 0;

	for (int i = 0; i < n; i++)
		depth += v[i].low_ns <= at && v[i].high_ns >= at;
	return depth;
}

static void intersection_equals_brute_force(void **state)
{
	struct prng g;

	(void)state;
	prng_init(&g, 42);
	for (int round = 0; round < 3000; round++) {
		struct interval v[9];
		struct intersection x;
		int n = 1 + (int)prng_below(&g, 9), deepest = 0, agreeing = 0;
		int64_t first = 0, last = 0;

		for (int i = 0; i < n; i++) {
			int64_t low = (int64_t)prng_below(&g, 40), w = (int64_t)prng_below(&g, 12);

			v[i] = (struct interval){.low_ns = low, .high_ns = low + w};
		}
		for (int64_t at = 0; at < 60; at++) {
			int depth = depth_at(v, n, at);

			if (depth > deepest) {
				deepest = depth;
				first = at;
			}
			if (depth == deepest)
				last = at;
		}
		intersect_run(v, n, &x);
		assert_int_equal(x.depth, deepest);
		assert_i64_equal(x.low_ns, first);
		assert_i64_equal(x.high_ns, last);
		assert_int_equal(x.majority, 2 * deepest > n);
		for (int i = 0; i < n; i++)
			agreeing += v[i].agrees;
		assert_int_equal(agreeing > 0, x.majority);
	}
}

/* ---- random sets of sources ---- */

struct world {
	struct source *sources;
	struct sim sim;
	struct sim_path path[SOURCES_MAX];
	char name[SOURCES_MAX][16];
	int n;
};

static void add_source(struct world *w, double error_ns)
{
	struct source *s = &w->sources[w->n];
	struct sim_path *p = &w->path[w->n];
	struct track_config tc;
	struct prng *g = &w->sim.g;

	snprintf(w->name[w->n], sizeof(w->name[0]), "s%d", w->n);
	*p = (struct sim_path){.name = w->name[w->n],
		.kind = source_kind_ntp,
		.noise = prng_below(g, 2) ? SIM_EXPONENTIAL : SIM_GAUSSIAN,
		.base_ns = 1e5 * pow(10, 2.5 * prng_uniform(g)),
		.jitter_ns = 1e4 * pow(10, 1.5 * prng_uniform(g)),
		.error_ns = error_ns,
		.root_dispersion_ns = 10000,
		.stratum = 1 + (int64_t)prng_below(g, 4),
		.poll = 4};
	p->asymmetry_ns = p->base_ns * (prng_uniform(g) - 0.5) * 0.9;
	s->used = s->has_info = true;
	s->score = 1;
	s->info = sim_source(p).u.source;
	str_copy(s->name, sizeof(s->name), p->name);
	tc = source_track_config(s, &defaults);
	track_init(&s->track, TRACK_REGRESSION, &tc);
	w->n++;
}

static void run_polls(struct world *w, int polls)
{
	for (int k = 0; k < polls; k++)
		for (int i = 0; i < w->n; i++) {
			struct msg m;

			sim_advance(&w->sim, 16.0 / w->n);
			m = sim_sample(&w->sim, &w->path[i]);
			if (track_sample(&w->sources[i].track, &m.u.sample) == 0)
				w->sources[i].newest = m.u.sample;
		}
}

static struct world new_world(uint64_t seed)
{
	struct world w = {.sources = calloc(SOURCES_MAX, sizeof(struct source))};

	assert_non_null(w.sources);
	sim_init(&w.sim, seed, 20000, 1e-9);
	return w;
}

static struct selection judge(struct world *w, const struct selectd_config *config)
{
	struct select_occasion o = {
		.at = {w->sim.raw_ns}, .now = {w->sim.raw_ns}, .selected = -1, .sample_of = -1};
	struct selection sel;

	select_run(w->sources, w->n, config, &o, &sel);
	return sel;
}

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

/* ---- each test by its reason ---- */

static struct world three_good(void)
{
	struct world w = new_world(5);

	for (int i = 0; i < 3; i++)
		add_source(&w, 0);
	run_polls(&w, 8);
	return w;
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

static void estimate_passes_the_schema_and_adds_up(void **state)
{
	struct world w = three_good();
	struct selection sel = judge(&w, &defaults);
	struct msg m = {.kind = MSG_estimate};
	struct msg_estimate *e = &m.u.estimate;
	struct combination c;
	struct joint joint = {0};

	(void)state;
	combine_run(&joint, w.sources, w.n, &sel, &c);
	estimate_make(&w.sources[sel.selected], &sel, &c, 1, e);
	assert_i64_equal(e->bound_statistical_ns + e->bound_base_delay_ns + e->bound_root_delay_ns +
				 e->bound_root_dispersion_ns + e->bound_external_ns,
		e->bound_ns);
	assert_true(e->root_delay_ns / 2 + e->root_dispersion_ns >= e->bound_ns);
	assert_true(e->bound_drift_ppb >= 1000);
	assert_i64_equal(e->stratum, w.sources[sel.selected].newest.stratum + 1);
	assert_i64_equal(e->refid, 0xc0000201);
	free(w.sources);
}

/* Off the middle of what the majority leaves: the far end for two, half of it for three as far as
 * round trips can hide it, and never less than seven deviations. */
static void far_end_needs_witnesses(void **state)
{
	struct world w = three_good();
	struct selection sel = judge(&w, &defaults);
	struct combination two, three, aged, vague;
	struct joint joint = {0};
	int64_t off_ns, width_ns;

	(void)state;
	sel.combined = 3;
	sel.low_ns -= 600 * NS_PER_MS;
	sel.high_ns += 400 * NS_PER_MS;
	width_ns = sel.high_ns - sel.low_ns;
	for (int i = 0; i < w.n; i++)
		w.sources[i].now.track.base_delay_ns = NS_PER_S;
	combine_run(&joint, w.sources, w.n, &sel, &three);
	off_ns = ts_utc_sub(three.line.utc, sel.base).ns;
	assert_true(7 * three.offset_sd_ns < (double)width_ns / 2);
	assert_near_double((double)three.bound_ns, (double)width_ns / 2, 2);
	/* a width that round trips do not explain has come by age */
	for (int i = 0; i < w.n; i++) {
		w.sources[i].now.track.base_delay_ns = 50 * NS_PER_MS;
		w.sources[i].newest.root_delay_ns = 10 * NS_PER_MS;
	}
	memset(&joint, 0, sizeof(joint));
	combine_run(&joint, w.sources, w.n, &sel, &aged);
	assert_near_double(
		(double)aged.bound_ns, (double)(off_ns - sel.low_ns - 30 * NS_PER_MS), 2);
	sel.combined = 2;
	memset(&joint, 0, sizeof(joint));
	combine_run(&joint, w.sources, w.n, &sel, &two);
	assert_i64_equal(two.bound_ns, off_ns - sel.low_ns);
	assert_true(two.bound_ns > three.bound_ns + 50 * NS_PER_MS);
	/* as narrow as that the deviation rules, within the far end */
	sel.combined = 3;
	sel.low_ns = off_ns - llround(10 * three.offset_sd_ns);
	sel.high_ns = off_ns + llround(2 * three.offset_sd_ns);
	memset(&joint, 0, sizeof(joint));
	combine_run(&joint, w.sources, w.n, &sel, &vague);
	assert_near_double((double)vague.bound_ns, 7 * vague.offset_sd_ns, 1);
	free(w.sources);
}

static void refid_follows_the_source(void **state)
{
	struct source *s = calloc(1, sizeof(*s));
	uint32_t a, b;

	(void)state;
	assert_non_null(s);
	str_copy(s->info.address, sizeof(s->info.address), "203.0.113.7");
	assert_int_equal(estimate_refid(s), 0xcb007107);
	str_copy(s->info.address, sizeof(s->info.address), "2001:db8::1");
	a = estimate_refid(s);
	str_copy(s->info.address, sizeof(s->info.address), "2001:db8::2");
	b = estimate_refid(s);
	assert_true(a != b && a != 0);
	s->newest.kind = source_kind_pps;
	s->newest.refid = 0x50505300;
	assert_int_equal(estimate_refid(s), 0x50505300);
	free(s);
}

static void holdover_grows_the_bound(void **state)
{
	struct world w = three_good();
	struct selection sel = judge(&w, &defaults);
	struct msg_estimate e, later;
	struct combination c;
	struct joint joint = {0};

	(void)state;
	combine_run(&joint, w.sources, w.n, &sel, &c);
	estimate_make(&w.sources[sel.selected], &sel, &c, 1, &e);
	later = e;
	estimate_extend(&later, (struct ts_raw){e.raw_ns + 1000 * NS_PER_S}, 1, 64);
	assert_int_equal(later.status, sync_holdover);
	assert_true(later.bound_ns >= e.bound_ns + 1000 * 1000);
	assert_true(later.offset_sd_ns > e.offset_sd_ns);
	sim_advance(&w.sim, 1000);
	assert_true(llabs(later.utc_ns - sim_utc(&w.sim, later.raw_ns)) <= later.bound_ns);
	estimate_void(&later, (struct ts_raw){later.raw_ns});
	assert_int_equal(later.status, sync_unsynchronised);
	assert_int_equal(later.stratum, 16);
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
		cmocka_unit_test(nobody_is_no_majority),
		cmocka_unit_test(three_of_four_agree),
		cmocka_unit_test(two_against_two_is_no_majority),
		cmocka_unit_test(touching_intervals_overlap),
		cmocka_unit_test(ambiguous_majorities_leave_what_they_share),
		cmocka_unit_test(one_trusted_beats_many),
		cmocka_unit_test(most_of_the_trusted_decide),
		cmocka_unit_test(intersection_equals_brute_force),
		cmocka_unit_test(majority_wins_and_bound_covers),
		cmocka_unit_test(random_options_keep_the_invariants),
		cmocka_unit_test(each_exclusion_has_its_reason),
		cmocka_unit_test(weights_fall_with_the_length_of_the_path),
		cmocka_unit_test(a_noisy_source_weighs_less),
		cmocka_unit_test(combinelimit_0_takes_one),
		cmocka_unit_test(estimate_passes_the_schema_and_adds_up),
		cmocka_unit_test(far_end_needs_witnesses),
		cmocka_unit_test(refid_follows_the_source),
		cmocka_unit_test(holdover_grows_the_bound),
		cmocka_unit_test(selection_has_inertia),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
