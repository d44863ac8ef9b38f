/* SPDX-License-Identifier: MIT */
#include "tests/unit/selectd_bench.h"

#define DAY_S INT64_C(86400)
/* 2026-07-01 00:00:00 UTC */
#define MONTH_END_NS (INT64_C(1782864000) * NS_PER_S)

static int64_t month_end_s(int64_t utc_s)
{
	return leap_month_end((struct ts_utc){utc_s * NS_PER_S}).ns / NS_PER_S;
}

static void month_ends_are_those_of_the_calendar(void **state)
{
	(void)state;
	assert_i64_equal(month_end_s(0), 31 * DAY_S);
	assert_i64_equal(month_end_s(31 * DAY_S - 1), 31 * DAY_S);
	assert_i64_equal(month_end_s(31 * DAY_S), (31 + 28) * DAY_S);
	assert_i64_equal(month_end_s(951782400), 951868800);   /* 2000-02-29 */
	assert_i64_equal(month_end_s(951782399), 951868800);   /* 2000-02-28 23:59:59 */
	assert_i64_equal(month_end_s(1483228799), 1483228800); /* 2016-12-31 23:59:59 */
	assert_i64_equal(month_end_s(1483228800), 1485907200); /* 2017-01 */
	assert_i64_equal(month_end_s(1706745600), 1709251200); /* 2024-02, a leap year */
	assert_i64_equal(month_end_s(4107542399), 4107542400); /* 2100-02-28: no leap year */
	assert_true(leap_month_end((struct ts_utc){INT64_MAX}).ns > 0);
}

/* Every day of 400 years: the month ends at the next first of a month. */
static void month_ends_agree_with_counting(void **state)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t day = 0;

	(void)state;
	for (int64_t year = 1970; year < 2250; year++)
		for (int month = 0; month < 12; month++) {
			bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
			int64_t end = day + days[month] + (month == 1 && leap);

			for (; day < end; day++)
				assert_i64_equal(month_end_s(day * DAY_S + 43200), end * DAY_S);
		}
}

static struct bench *shortly_before(int64_t seconds, enum leap leap, int64_t poll)
{
	struct bench *b = bench_new(5, 3000, 1e-9);
	static const char *const names[] = {"a", "b", "c"};

	b->sim.raw_ns = MONTH_END_NS - SIM_EPOCH_NS - seconds * NS_PER_S;
	b->sim.leap_ns = leap_shift(leap).ns;
	b->sim.leap_at_ns = MONTH_END_NS - (leap == leap_remove ? NS_PER_S : 0);
	for (int i = 0; i < 3; i++) {
		struct sim_path p = {.name = names[i],
			.kind = source_kind_ntp,
			.base_ns = 1e6,
			.jitter_ns = 1e5,
			.root_dispersion_ns = 1000,
			.stratum = 1,
			.poll = poll,
			.leap = leap};

		bench_add(b, &p, 1 + 3 * i);
	}
	return b;
}

static void nobody_announces(struct bench *b)
{
	for (int i = 0; i < b->n; i++)
		b->path[i].leap = leap_none;
}

/* No source is asked for a while on either side: history alone must carry across. */
static void inserted_second_is_passed_without_samples(void **state)
{
	struct bench *b = shortly_before(1802, leap_insert, 6);
	int samples;

	(void)state;
	bench_run(b, 1700);
	assert_int_equal(b->estimate.leap, leap_insert);
	assert_int_equal(b->event_count[EVENT_leap], 1);
	assert_non_null(strstr(b->event_text[EVENT_leap], "inserted at the end"));
	samples = (int)b->verdict[0].samples;
	for (int i = 0; i < 3; i++)
		b->next_s[i] += 120;
	bench_run(b, 102.1);
	nobody_announces(b);
	b->worst_ns = 0;
	assert_int_equal(b->event_count[EVENT_leap], 2);
	assert_string_equal(b->event_text[EVENT_leap], "leap second inserted");
	assert_int_equal(b->estimate.leap, leap_none);
	assert_near_double(bench_error_ns(b), 0, 3e5);
	assert_true(b->estimate.raw_ns >= b->core->leap.past.ns);
	bench_run(b, 600);
	assert_true(b->worst_ns < 3e5);
	assert_int_equal(b->broken, 0);
	assert_true(b->verdict[0].samples > samples);
	assert_int_equal(b->event_count[EVENT_falseticker], 0);
	assert_int_equal(b->event_count[EVENT_holdover], 0);
	bench_free(b);
}

static void removed_second_is_passed(void **state)
{
	struct bench *b = shortly_before(902, leap_remove, 4);

	(void)state;
	bench_run(b, 900.5);
	assert_int_equal(b->estimate.leap, leap_remove);
	bench_run(b, 0.6);
	nobody_announces(b);
	b->worst_ns = 0;
	bench_run(b, 200);
	assert_string_equal(b->event_text[EVENT_leap], "leap second removed");
	assert_true(b->worst_ns < 3e5);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* Servers go on announcing for a while; that is not another one. */
static void echo_is_not_a_second_leap(void **state)
{
	struct bench *b = shortly_before(602, leap_insert, 4);

	(void)state;
	bench_run(b, 1602);
	assert_int_equal(b->event_count[EVENT_leap], 2);
	assert_int_equal(b->estimate.leap, leap_none);
	assert_near_double(bench_error_ns(b), 0, 3e5);
	bench_free(b);
}

static void one_of_three_announces_in_vain(void **state)
{
	struct bench *b = shortly_before(602, leap_none, 4);

	(void)state;
	b->path[1].leap = leap_insert;
	bench_run(b, 700);
	assert_int_equal(b->event_count[EVENT_leap], 0);
	assert_near_double(bench_error_ns(b), 0, 3e5);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

static void add_phc(struct bench *b, enum leap leap)
{
	struct sim_path p = {.publisher = "refclockd",
		.name = "PHC0",
		.kind = source_kind_phc,
		.noise = SIM_GAUSSIAN,
		.jitter_ns = 200,
		.stratum = 1,
		.poll = 4,
		.leap = leap};

	bench_add(b, &p, 2);
}

/* A PHC knows of no leap second. Beside one server that does it must not be the half that hinders
 * it; once it has announced one itself its word counts. */
static void who_cannot_tell_does_not_vote(void **state)
{
	(void)state;
	for (int told = 0; told < 2; told++) {
		struct bench *b = shortly_before(602, leap_insert, 4);

		for (int i = 1; i < 3; i++)
			b->next_s[i] = INFINITY;
		add_phc(b, told ? leap_insert : leap_none);
		bench_run(b, 100);
		assert_int_equal(b->estimate.leap, leap_insert);
		b->path[3].leap = leap_none;
		bench_run(b, 100);
		assert_int_equal(b->estimate.leap, told ? leap_none : leap_insert);
		bench_free(b);
	}
}

static void trusted_ones_vote_alone(void **state)
{
	struct bench *b = shortly_before(602, leap_insert, 4);

	(void)state;
	b->path[1].leap = b->path[2].leap = leap_none;
	bench_run(b, 100);
	assert_int_equal(b->estimate.leap, leap_none);
	b->core->sources[0].info.trust = true;
	bench_run(b, 100);
	assert_int_equal(b->estimate.leap, leap_insert);
	bench_free(b);
}

static void withdrawn_leap_does_not_happen(void **state)
{
	struct bench *b = shortly_before(602, leap_insert, 4);

	(void)state;
	bench_run(b, 300);
	assert_int_equal(b->estimate.leap, leap_insert);
	nobody_announces(b);
	b->sim.leap_ns = 0;
	bench_run(b, 400);
	assert_non_null(strstr(b->event_text[EVENT_leap], "withdrawn"));
	assert_near_double(bench_error_ns(b), 0, 3e5);
	bench_free(b);
}

static void samples_around_it_are_ignored(void **state)
{
	struct bench *b = shortly_before(302, leap_insert, 1);
	uint64_t samples;
	struct msg m;

	(void)state;
	bench_run(b, 298);
	samples = b->core->samples;
	bench_run(b, 2);
	m = sim_sample(&b->sim, &b->path[0]);
	m.u.sample.utc_ns += NS_PER_S;
	bench_put(b, &m);
	assert_int_equal(b->core->samples, samples);
	bench_run(b, 1.5);
	b->worst_ns = 0;
	for (int i = 0; i < 3; i++)
		b->path[i].error_ns = 5e8; /* a smear, a half second of doubt */
	bench_run(b, 4);
	for (int i = 0; i < 3; i++)
		b->path[i].error_ns = 0;
	bench_run(b, 100);
	assert_true(b->worst_ns < 3e5);
	assert_int_equal(b->broken, 0);
	bench_free(b);
}

/* A restart after the leap second: the history that comes again spans it. */
static void history_across_a_leap_second_comes_again(void **state)
{
	struct bench *b = shortly_before(602, leap_insert, 4);
	struct selectd_config config = bench_config();
	struct selectd *again = calloc(1, sizeof(*again));

	(void)state;
	assert_non_null(again);
	b->log = calloc(BENCH_LOG_MAX, sizeof(struct msg));
	assert_non_null(b->log);
	for (int i = 0; i < 3; i++) {
		struct msg m = sim_source(&b->path[i]);

		b->log[b->logged++] = m;
	}
	bench_run(b, 602.1);
	nobody_announces(b);
	bench_run(b, 25); /* one sample each since */
	selectd_init(again, &config);
	for (int k = 0; k < b->logged; k++) {
		b->log[k].env.snapshot = true;
		selectd_on_message(again, &b->log[k], (struct ts_raw){b->sim.raw_ns});
	}
	selectd_on_deadline(again, (struct ts_raw){b->sim.raw_ns + NS_PER_S});
	selectd_on_deadline(again, (struct ts_raw){b->sim.raw_ns + 2 * NS_PER_S});
	assert_int_equal(again->status, sync_synchronised);
	assert_true(again->sources[0].now.track.samples > 20);
	b->estimate = again->estimate;
	assert_near_double(bench_error_ns(b), 0, 3e5);
	free(again);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(month_ends_are_those_of_the_calendar),
		cmocka_unit_test(month_ends_agree_with_counting),
		cmocka_unit_test(inserted_second_is_passed_without_samples),
		cmocka_unit_test(removed_second_is_passed),
		cmocka_unit_test(echo_is_not_a_second_leap),
		cmocka_unit_test(one_of_three_announces_in_vain),
		cmocka_unit_test(who_cannot_tell_does_not_vote),
		cmocka_unit_test(trusted_ones_vote_alone),
		cmocka_unit_test(withdrawn_leap_does_not_happen),
		cmocka_unit_test(samples_around_it_are_ignored),
		cmocka_unit_test(history_across_a_leap_second_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
