/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tests/unit/tcheck.h"
#include "monitord/core/waitsync.h"

#define S NS_PER_S

static const struct ts_raw now = {110 * S};
static struct model model;

/* 40 us slow at now, 20 us of bound at 100 s growing by 1 ppm, 3 ppb of skew. */
static int setup(void **state)
{
	(void)state;
	model_init(&model);
	model.has_clock = true;
	model.clock.mode = clock_mode_shadow;
	model.clock.status = sync_synchronised;
	model.clock.raw_ns = 100 * S;
	model.clock.offset_ns = 40000;
	model.clock.bound_ns = 20000;
	model.clock.bound_drift_ppb = 1000;
	model.clock.skew_ppb = 3; /* 0.003 ppm */
	model.clock.refid = 0x50484330;
	return 0;
}

static bool reached(double bound_s, double offset_s, double skew_ppm, bool holdover)
{
	struct waitsync_limits l = {.bound_s = bound_s,
		.offset_s = offset_s,
		.skew_ppm = skew_ppm,
		.holdover = holdover};
	char why[200];
	struct text t;

	text_init(&t, why, sizeof(why));
	waitsync_why(&t, &l, &model, now);
	assert_int_equal(waitsync_reached(&l, &model, now), t.length == 0);
	return waitsync_reached(&l, &model, now);
}

static void each_limit_decides(void **state)
{
	(void)state;
	assert_true(reached(0, 0, 0, false));
	assert_true(reached(30.1e-6, 0, 0, false));
	assert_false(reached(29.9e-6, 0, 0, false)); /* grown since 100 s */
	assert_true(reached(0, 40.1e-6, 0, false));
	assert_false(reached(0, 39.9e-6, 0, false));
	assert_true(reached(0, 0, 0.0031, false));
	assert_false(reached(0, 0, 0.0029, false));
}

static void an_offset_counts_on_both_sides(void **state)
{
	(void)state;
	model.clock.offset_ns = -40000;
	assert_false(reached(0, 39.9e-6, 0, false));
}

static void no_clock_no_sync(void **state)
{
	(void)state;
	model.clock.status = sync_unsynchronised;
	assert_false(reached(0, 0, 0, true));
	model.clock.status = sync_holdover;
	assert_false(reached(0, 0, 0, false));
	assert_true(reached(0, 0, 0, true));
	model.clock.status = sync_synchronised;
	model.clock.mode = clock_mode_none;
	assert_false(reached(0, 0, 0, false));
	model.clock.mode = clock_mode_realtime;
	assert_true(reached(0, 0, 0, false));
	model_present(&model, "disciplined", false);
	assert_false(reached(0, 0, 0, false));
	model_present(&model, "disciplined", true);
	model.has_clock = false;
	assert_false(reached(0, 0, 0, false));
}

static void the_line_is_chronys(void **state)
{
	char line[200];
	struct text t;

	(void)state;
	text_init(&t, line, sizeof(line));
	waitsync_line(&t, 12, &model, now);
	assert_string_equal(line, "try: 12, refid: 50484330, correction: 0.000040000, skew: 0.003, "
				  "bound: 0.000030000\n");
	model_init(&model);
	text_init(&t, line, sizeof(line));
	waitsync_line(&t, 1, &model, now);
	assert_string_equal(line,
		"try: 1, refid: 00000000, correction: 0.000000000, skew: 0.000, bound: unknown\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_limit_decides, setup),
		cmocka_unit_test_setup(an_offset_counts_on_both_sides, setup),
		cmocka_unit_test_setup(no_clock_no_sync, setup),
		cmocka_unit_test_setup(the_line_is_chronys, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
