/* SPDX-License-Identifier: MIT */
/* Leap seconds: the state machine by table, the list, and a whole leap on both kinds of clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "common/core/leaplist.h"
#include "tests/unit/discipline_sim.h"

#define S NS_PER_S
/* 2026-12-31 00:00:00 UTC, and the midnight that ends it */
#define DAY	 (INT64_C(1798675200) * S)
#define MIDNIGHT (DAY + 86400 * S)

static struct sim s;

static struct leap_state armed(enum leap kind)
{
	return (struct leap_state){
		LEAP_ARMED, kind, {kind == leap_remove ? MIDNIGHT - S : MIDNIGHT}};
}

static void days(void **state)
{
	static const struct {
		int64_t utc_s;
		bool leap;
	} table[] = {
		{1798675199, false}, /* 2026-12-30 23:59:59 */
		{1798675200, true}, {1798761599, true}, {1798761600, false}, /* 2027-01-01 */
		{1782777600, true},					     /* 2026-06-30 */
		{1782777599, false}, {1782864000, false},		     /* 2026-07-01 */
		{1709164800, false},					     /* 2024-02-29 */
		{1483142400, true}, /* 2016-12-31, the last one */
		{-1, true},	    /* 1969-12-31 */
		{951782400, false}, /* 2000-02-29 */
		{4102358400, true}, /* 2099-12-31 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct ts_utc t = {table[i].utc_s * S};

		if (leap_day(t) != table[i].leap)
			fail_msg("row %zu", i);
	}
}

static void machine(void **state)
{
	static const struct {
		const char *what;
		enum leap_phase from;
		int64_t now_ns;
		enum leap announced;
		bool passed;
		enum leap_phase to;
	} table[] = {
		{"nothing announced", LEAP_IDLE, DAY + S, leap_none, false, LEAP_IDLE},
		{"announced on the day", LEAP_IDLE, DAY + S, leap_insert, false, LEAP_ARMED},
		{"announced the day before", LEAP_IDLE, DAY - S, leap_insert, false, LEAP_IDLE},
		{"announced in August", LEAP_IDLE, DAY - 130 * 86400 * S, leap_insert, false,
			LEAP_IDLE},
		{"unsynchronised is no announcement", LEAP_IDLE, DAY + S, leap_unsync, false,
			LEAP_IDLE},
		{"stays armed", LEAP_ARMED, DAY + 5 * S, leap_insert, false, LEAP_ARMED},
		{"withdrawn", LEAP_ARMED, DAY + 5 * S, leap_none, false, LEAP_IDLE},
		{"withdrawn too late", LEAP_ARMED, MIDNIGHT - 5 * S, leap_none, false, LEAP_ARMED},
		{"passed", LEAP_ARMED, MIDNIGHT, leap_insert, true, LEAP_DONE},
		{"clock set a week ahead", LEAP_ARMED, MIDNIGHT + 7 * 86400 * S, leap_insert, false,
			LEAP_IDLE},
		{"clock set a month back", LEAP_ARMED, DAY - 30 * 86400 * S, leap_insert, false,
			LEAP_IDLE},
		{"the repeated second", LEAP_DONE, MIDNIGHT - S / 2, leap_insert, false, LEAP_DONE},
		{"still announced after it", LEAP_DONE, MIDNIGHT + 600 * S, leap_insert, false,
			LEAP_DONE},
		{"forgotten after an hour", LEAP_DONE, MIDNIGHT + 3601 * S, leap_none, false,
			LEAP_IDLE},
		{"not armed again next day", LEAP_DONE, MIDNIGHT + 3601 * S, leap_insert, false,
			LEAP_IDLE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct leap_event e = {{table[i].now_ns}, table[i].announced, table[i].passed};
		struct leap_state from = armed(leap_insert), to;

		from.phase = table[i].from;
		if (from.phase == LEAP_IDLE)
			from = (struct leap_state){LEAP_IDLE, leap_none, {0}};
		to = leap_next(from, e);
		if (to.phase != table[i].to)
			fail_msg("%s: phase %d", table[i].what, (int)to.phase);
		if (to.phase == LEAP_ARMED)
			assert_int_equal(to.effect.ns, MIDNIGHT);
	}
}

static void remove_takes_effect_a_second_earlier(void **state)
{
	struct leap_event e = {{DAY + S}, leap_remove, false};
	struct leap_state to = leap_next((struct leap_state){0}, e);

	(void)state;
	assert_int_equal(to.phase, LEAP_ARMED);
	assert_int_equal(to.effect.ns, MIDNIGHT - S);
	assert_int_equal(leap_step_ns(leap_remove), S);
	assert_int_equal(leap_step_ns(leap_insert), -S);
	assert_int_equal(leap_step_ns(leap_none), 0);
}

static void list_is_read(void **state)
{
	static const char text[] = "#$ 3676924800\n#@ 4102444800\n#\n"
				   "2272060800\t10\t# 1 Jan 1972\n"
				   "3692217600 37 # 1 Jan 2017\r\n"
				   "4007750400 38\n"  /* 1 Jan 2027 */
				   "4023388800 37\n"; /* 1 Jul 2027: removed */
	struct leaplist list;

	(void)state;
	assert_int_equal(leaplist_parse(text, sizeof(text) - 1, &list), 0);
	assert_int_equal(list.count, 4);
	assert_int_equal(leaplist_tai_s(&list, (struct ts_utc){MIDNIGHT - 1}), 37);
	assert_int_equal(leaplist_tai_s(&list, (struct ts_utc){MIDNIGHT}), 38);
	assert_int_equal(leaplist_tai_s(&list, (struct ts_utc){0}), 0);
	assert_int_equal(leaplist_announces(&list, (struct ts_utc){DAY + S}), leap_insert);
	assert_int_equal(leaplist_announces(&list, (struct ts_utc){DAY - S}), leap_none);
	assert_int_equal(leaplist_announces(&list, (struct ts_utc){1814400000 * S}), leap_none);
	assert_int_equal(leaplist_announces(&list, (struct ts_utc){1814399999 * S}), leap_remove);
	assert_true(leaplist_good(&list, (struct ts_utc){DAY}));
	/* a second is inserted after this one in POSIX time, and one removed before it */
	assert_int_equal(leaplist_of_tai_s(&list, (struct ts_utc){MIDNIGHT + 37 * S - 1}), 37);
	assert_int_equal(leaplist_of_tai_s(&list, (struct ts_utc){MIDNIGHT + 37 * S}), 38);
	assert_int_equal(leaplist_of_tai_s(&list, (struct ts_utc){(1814400000 + 37) * S - 1}), 38);
	assert_int_equal(leaplist_of_tai_s(&list, (struct ts_utc){(1814400000 + 37) * S}), 37);
	assert_int_equal(leaplist_of_tai_s(&list, (struct ts_utc){0}), 0);
	assert_false(leaplist_good(&list, (struct ts_utc){INT64_C(1893456000) * S}));
}

static void bad_lists_are_refused(void **state)
{
	static const char *const texts[] = {"", "# only comments\n", "hello\n", "3692217600\n",
		"3692217600 37 38\n", "3692217600 37\n2272060800 10\n", "3692217600 37000\n",
		"99999999999999999999999 10\n", "-5 10\n"};
	struct leaplist list = {.count = -7};
	char many[LEAPLIST_MAX * 20];
	int length = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (leaplist_parse(texts[i], strlen(texts[i]), &list) >= 0)
			fail_msg("accepted: %s", texts[i]);
	for (int i = 0; i <= LEAPLIST_MAX; i++)
		length += snprintf(
			many + length, sizeof(many) - (size_t)length, "%d 10\n", 2000000 + i);
	assert_true(leaplist_parse(many, (size_t)length, &list) < 0);
	assert_int_equal(list.count, -7);
}

/* Runs through midnight; servers leap with UTC. */
static void prepare(bool exact, enum leap kind, enum leap_mode mode)
{
	sim_init(&s, exact, 0, 20000);
	s.policy.leap_mode = mode;
	s.truth.utc.ns = MIDNIGHT - 100 * S;
	s.k_utc_ns = s.soft.line.utc_ns = s.truth.utc.ns;
	s.leap = kind;
	sim_start(&s, NULL);
}

static void utc_leaps(enum leap kind)
{
	s.truth.utc.ns += leap_step_ns(kind);
}

static void clock_makes_the_leap(void **state)
{
	static const char *const words[2][2] = {
		{"a leap second will be inserted at the end of the day", "leap second inserted"},
		{"a leap second will be removed at the end of the day", "leap second removed"}};

	(void)state;
	for (int exact = 0; exact < 2; exact++) {
		for (int k = 0; k < 2; k++) {
			enum leap kind = k == 0 ? leap_insert : leap_remove;
			double until_s = kind == leap_insert ? 100 : 99;
			struct msg_clock c;

			prepare(exact, kind, LEAP_MODE_SYSTEM);
			assert_true(sim_run(&s, until_s - 0.2));
			assert_string_equal(s.text[EVENT_leap], words[k][0]);
			discipline_clock(&s.d, &c);
			assert_int_equal(c.leap, kind);
			assert_int_equal(s.d.told.leap, kind);
			assert_true(sim_run(&s, 0.3));
			utc_leaps(kind);
			assert_true(llabs(sim_error_ns(&s)) < 10000);
			for (int i = 0; i < 60; i++) {
				assert_true(sim_run(&s, 1));
				assert_true(llabs(sim_error_ns(&s)) < 10000);
			}
			discipline_clock(&s.d, &c);
			assert_int_equal(c.leap, leap_none);
			assert_int_equal(s.d.told.leap, leap_none);
			assert_int_equal(s.steps, 0);
			assert_int_equal(s.events[EVENT_foreign], 0);
			assert_int_equal(s.events[EVENT_leap], 2);
			assert_string_equal(s.text[EVENT_leap], words[k][1]);
			assert_int_equal(s.events[EVENT_estimate_refused], 0);
		}
	}
}

/* Told, and not made: a kernel that was told otherwise in the last second. */
static void clock_that_misses_the_leap_is_slewed(void **state)
{
	(void)state;
	prepare(false, leap_insert, LEAP_MODE_SYSTEM);
	assert_true(sim_run(&s, 99.6));
	s.k_leap = leap_none;
	assert_true(sim_run(&s, 0.5));
	utc_leaps(leap_insert);
	assert_true(sim_run(&s, 3));
	assert_string_equal(s.text[EVENT_leap], "leap second not inserted by the clock: slewing");
	assert_true(sim_run(&s, 30));
	assert_true(llabs(sim_error_ns(&s)) < 10000);
	assert_int_equal(s.steps, 0);
}

static void withdrawn_leap_is_not_made(void **state)
{
	(void)state;
	prepare(false, leap_insert, LEAP_MODE_SYSTEM);
	assert_true(sim_run(&s, 50));
	assert_int_equal(s.d.told.leap, leap_insert);
	s.leap = leap_none;
	assert_true(sim_run(&s, 20));
	assert_string_equal(s.text[EVENT_leap], "the leap second was withdrawn");
	assert_int_equal(s.d.told.leap, leap_none);
	assert_true(sim_run(&s, 60));
	assert_true(llabs(sim_error_ns(&s)) < 10000);
	assert_int_equal(s.events[EVENT_leap], 2);
}

/* An estimator that takes half a minute to see it. */
static void late_estimator_is_folded(void **state)
{
	(void)state;
	prepare(true, leap_insert, LEAP_MODE_SYSTEM);
	s.interval_s = 4;
	assert_true(sim_run(&s, 130));
	assert_true(llabs(sim_error_ns(&s) - S) < 10000);
	utc_leaps(leap_insert);
	assert_true(sim_run(&s, 130));
	assert_true(llabs(sim_error_ns(&s)) < 10000);
	assert_int_equal(s.steps, 0);
}

/* Estimates that come while nobody may look at the clock, some with the leap and some without. */
static void estimates_in_the_midst(void **state)
{
	(void)state;
	for (int early = 0; early < 2; early++) {
		prepare(false, leap_insert, LEAP_MODE_SYSTEM);
		s.interval_s = 0.3;
		assert_true(sim_run(&s, early ? 99.7 : 100.7));
		utc_leaps(leap_insert);
		assert_true(sim_run(&s, 2));
		for (int i = 0; i < 100; i++) {
			assert_true(sim_run(&s, 0.1));
			assert_true(llabs(sim_error_ns(&s)) < 10000);
		}
		assert_int_equal(s.steps, 0);
		assert_int_equal(s.events[EVENT_estimate_refused], 0);
	}
}

static void disciplined_steps_it(void **state)
{
	(void)state;
	for (int exact = 0; exact < 2; exact++) {
		prepare(exact, leap_insert, LEAP_MODE_STEP);
		assert_true(sim_run(&s, 99.9));
		assert_int_equal(s.steps, 0);
		assert_true(sim_run(&s, 0.2));
		assert_int_equal(s.steps, 1);
		assert_string_equal(s.text[EVENT_leap], "leap second inserted by a step");
		utc_leaps(leap_insert);
		assert_true(llabs(sim_error_ns(&s)) < 10000);
		assert_true(sim_run(&s, 60));
		assert_true(llabs(sim_error_ns(&s)) < 10000);
		assert_int_equal(s.steps, 1);
	}
}

static void disciplined_slews_it(void **state)
{
	(void)state;
	prepare(true, leap_insert, LEAP_MODE_SLEW);
	assert_true(sim_run(&s, 101));
	utc_leaps(leap_insert);
	assert_string_equal(s.text[EVENT_leap], "leap second inserted by a slew");
	assert_true(llabs(sim_error_ns(&s)) > 800 * NS_PER_MS);
	assert_true(sim_run(&s, 15));
	assert_true(llabs(sim_error_ns(&s)) < 10000);
	assert_int_equal(s.steps, 0);
}

static void list_overrides_sources(void **state)
{
	struct msg_clock c;

	(void)state;
	prepare(true, leap_insert, LEAP_MODE_SYSTEM); /* a broken server announces one */
	discipline_leaplist(&s.d, true, leap_none);
	assert_true(sim_run(&s, 50));
	discipline_clock(&s.d, &c);
	assert_int_equal(c.leap, leap_none);
	assert_true(sim_run(&s, 100));
	assert_true(llabs(sim_error_ns(&s)) < 10000);
}

/* A slew that would last over midnight ends before, and goes on after. */
static void slew_keeps_clear_of_the_leap(void **state)
{
	(void)state;
	prepare(false, leap_insert, LEAP_MODE_SYSTEM);
	s.policy.maxslewrate_ppm = 1000;
	discipline_reload(&s.d, &s.policy);
	s.bound_ns = S;
	assert_true(sim_run(&s, 20));
	s.truth.utc.ns += 200 * NS_PER_MS;
	assert_true(sim_run(&s, 80.1));
	assert_true(fabs(s.k_command_ppb - 20000) < 200);
	utc_leaps(leap_insert);
	assert_true(sim_run(&s, 250));
	assert_true(llabs(sim_error_ns(&s)) < 10000);
	assert_int_equal(s.events[EVENT_foreign], 0);
}

/* The page carries the leap: it happens without disciplined. */
static void page_leaps_by_itself(void **state)
{
	struct shadow_line page;
	struct discipline_start start = {.until = TS_RAW_NEVER};

	(void)state;
	prepare(true, leap_insert, LEAP_MODE_SYSTEM);
	assert_true(sim_run(&s, 50));
	page = sim_page(&s);
	s.now_raw_ns += 51 * S;
	utc_leaps(leap_insert);
	softclock_init(&s.soft, &page);
	assert_true(llabs(sim_error_ns(&s)) < 10000);
	sim_read(&s, &start.reading);
	pagefill_continue(&page, &start.reading, &start);
	assert_true(start.leap_passed);
	assert_int_equal(start.leap_effect.ns, MIDNIGHT);
	sim_start(&s, &start);
	assert_true(sim_run(&s, 60)); /* still announced: must not be made twice */
	assert_true(llabs(sim_error_ns(&s)) < 10000);
	assert_int_equal(s.steps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(machine),
		cmocka_unit_test(remove_takes_effect_a_second_earlier),
		cmocka_unit_test(list_is_read),
		cmocka_unit_test(bad_lists_are_refused),
		cmocka_unit_test(clock_makes_the_leap),
		cmocka_unit_test(clock_that_misses_the_leap_is_slewed),
		cmocka_unit_test(withdrawn_leap_is_not_made),
		cmocka_unit_test(late_estimator_is_folded),
		cmocka_unit_test(estimates_in_the_midst),
		cmocka_unit_test(disciplined_steps_it),
		cmocka_unit_test(disciplined_slews_it),
		cmocka_unit_test(list_overrides_sources),
		cmocka_unit_test(slew_keeps_clear_of_the_leap),
		cmocka_unit_test(page_leaps_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
