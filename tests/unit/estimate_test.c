/* SPDX-License-Identifier: MIT */
/* What the survivors of a selection are combined into: an estimate, its bound, its reference. */
#include "tests/unit/select_world.h"
#include "selectd/core/combine.h"
#include "selectd/core/estimate.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(estimate_passes_the_schema_and_adds_up),
		cmocka_unit_test(far_end_needs_witnesses),
		cmocka_unit_test(refid_follows_the_source),
		cmocka_unit_test(holdover_grows_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
