/* SPDX-License-Identifier: MIT */
#include "tests/unit/tcheck.h"
#include "common/core/prng.h"
#include "common/core/tstime.h"

#define DAY_NS (86400 * NS_PER_S)

static struct ts_line line_of(int64_t raw, int64_t utc, double rate_ppb)
{
	return (struct ts_line){.raw = {raw}, .utc = {utc}, .rate_ppb = rate_ppb};
}

/* The line in extended precision: 64 bits of mantissa hold any int64. */
static int64_t exact(const struct ts_line *l, int64_t raw)
{
	long double d = (long double)raw - (long double)l->raw.ns;

	return l->utc.ns + (raw - l->raw.ns) + (int64_t)roundl(d * (long double)l->rate_ppb / 1e9L);
}

static void sums_saturate(void **state)
{
	(void)state;
	assert_i64_equal(ts_sat_add(INT64_MAX, 1), INT64_MAX);
	assert_i64_equal(ts_sat_add(INT64_MIN, -1), INT64_MIN);
	assert_i64_equal(ts_sat_add(INT64_MIN, INT64_MAX), -1);
	assert_i64_equal(ts_sat_sub(INT64_MIN, 1), INT64_MIN);
	assert_i64_equal(ts_sat_sub(INT64_MAX, -1), INT64_MAX);
	assert_i64_equal(ts_sat_sub(0, INT64_MIN), INT64_MAX);
	assert_true(ts_raw_is_never(ts_raw_add(TS_RAW_NEVER, (struct ts_dur){5})));
	assert_i64_equal(ts_raw_min(TS_RAW_NEVER, (struct ts_raw){3}).ns, 3);
}

static void seconds_become_nanoseconds(void **state)
{
	(void)state;
	assert_i64_equal(ts_dur_from_s(1.1).ns, 1100000000);
	assert_i64_equal(ts_dur_from_s(-0.3e-9).ns, 0);
	assert_i64_equal(ts_dur_from_s(-0.6e-9).ns, -1);
	assert_i64_equal(ts_dur_from_s(NAN).ns, 0);
	assert_i64_equal(ts_dur_from_s(INFINITY).ns, INT64_MAX);
	assert_i64_equal(ts_dur_from_s(-INFINITY).ns, INT64_MIN);
	assert_i64_equal(ts_dur_from_s(9.3e9).ns, INT64_MAX);
	assert_i64_equal(ts_dur_from_s(-9.3e9).ns, INT64_MIN);
	assert_i64_equal(ts_dur_from_s(9.2e9).ns, INT64_C(9200000000000000000));
	assert_near_double(ts_dur_to_s((struct ts_dur){1500000000}), 1.5, 0);
}

static void a_line_is_exact_over_months(void **state)
{
	static const double rates[] = {
		0, 1, -1, 0.001, -20000.123456789, 500000, -99999.9, 1e9, -9e8};
	const int64_t utc = INT64_C(1790000000) * NS_PER_S + 123456789;
	struct prng g;
	size_t r;
	int i;

	(void)state;
	prng_init(&g, 1);
	for (r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		for (i = 0; i < 20000; i++) {
			struct ts_line l =
				line_of((int64_t)prng_below(&g, 1000 * DAY_NS), utc, rates[r]);
			int64_t raw = (int64_t)prng_below(&g, 1000 * DAY_NS);

			assert_i64_range(
				ts_line_at(&l, (struct ts_raw){raw}).ns - exact(&l, raw), -1, 1);
		}
	}
}

static void known_points_of_a_line(void **state)
{
	struct ts_line l = line_of(1000, 5000, 20000);

	(void)state;
	assert_i64_equal(ts_line_at(&l, (struct ts_raw){1000}).ns, 5000);
	/* 20 ppm of 30 days are 51.84 s */
	assert_i64_equal(ts_line_at(&l, (struct ts_raw){1000 + 30 * DAY_NS}).ns,
		5000 + 30 * DAY_NS + 51840000000);
	assert_i64_equal(ts_line_at(&l, (struct ts_raw){1000 - 30 * DAY_NS}).ns,
		5000 - 30 * DAY_NS - 51840000000);
	l.rate_ppb = NAN;
	assert_i64_equal(ts_line_at(&l, (struct ts_raw){1500}).ns, 5500);
	l.rate_ppb = HUGE_VAL;
	assert_i64_equal(ts_line_at(&l, (struct ts_raw){INT64_MAX}).ns, INT64_MAX);
}

static void when_is_the_inverse_of_at(void **state)
{
	struct prng g;
	int i;

	(void)state;
	prng_init(&g, 2);
	for (i = 0; i < 200000; i++) {
		double rate = (prng_uniform(&g) - 0.5) * (i % 2 ? 1e6 : 1e9);
		struct ts_line l = line_of((int64_t)prng_below(&g, 1000 * DAY_NS),
			INT64_C(1790000000) * NS_PER_S + (int64_t)prng_below(&g, 100 * DAY_NS),
			rate);
		struct ts_raw raw = {(int64_t)prng_below(&g, 1000 * DAY_NS)};
		struct ts_raw back = ts_line_when(&l, ts_line_at(&l, raw));

		/* where the line is flat, one ns of UTC is up to two of the raw clock */
		assert_i64_range(back.ns - raw.ns, -2, 2);
		assert_i64_range(ts_line_at(&l, back).ns - ts_line_at(&l, raw).ns, -1, 1);
		if (fabs(rate) <= 5e5)
			assert_i64_range(back.ns - raw.ns, -1, 1);
	}
}

static void a_stopped_line_reaches_nothing_later(void **state)
{
	struct ts_line l = line_of(1000, 5000, -1e9);

	(void)state;
	assert_true(ts_raw_is_never(ts_line_when(&l, (struct ts_utc){5001})));
	assert_i64_equal(ts_line_when(&l, (struct ts_utc){5000}).ns, 1000);
}

static void extremes_saturate(void **state)
{
	struct ts_line l = line_of(INT64_MIN, INT64_MAX, 1e9);

	(void)state;
	assert_i64_equal(ts_line_at(&l, (struct ts_raw){INT64_MAX}).ns, INT64_MAX);
	l = line_of(INT64_MAX, INT64_MIN, -5e8);
	assert_i64_equal(ts_line_at(&l, (struct ts_raw){INT64_MIN}).ns, INT64_MIN);
	ts_line_when(&l, (struct ts_utc){INT64_MAX});
	l = line_of(0, 0, 1e9);
	assert_i64_range(ts_line_when(&l, (struct ts_utc){INT64_MAX}).ns - INT64_MAX / 2, -1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_saturate),
		cmocka_unit_test(seconds_become_nanoseconds),
		cmocka_unit_test(a_line_is_exact_over_months),
		cmocka_unit_test(known_points_of_a_line),
		cmocka_unit_test(when_is_the_inverse_of_at),
		cmocka_unit_test(a_stopped_line_reaches_nothing_later),
		cmocka_unit_test(extremes_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
