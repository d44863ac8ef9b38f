/* SPDX-License-Identifier: MIT */
#include "tests/unit/tcheck.h"
#include "common/core/ntptime.h"
#include "common/core/prng.h"

static struct ts_utc utc(int64_t s, int64_t ns)
{
	return (struct ts_utc){s * NS_PER_S + ns};
}

#define ROLLOVER_S INT64_C(2085978496) /* 2036-02-07 06:28:16, by date(1) */

static void known_stamps(void **state)
{
	(void)state;
	assert_true(ntp_from_utc(utc(0, 0)) == UINT64_C(2208988800) << 32);
	assert_true(ntp_from_utc(utc(0, 500000000)) == (UINT64_C(2208988800) << 32 | 0x80000000));
	/* RFC 5905 figure 4: the last day of 1999, and the first whole day of era 1 */
	assert_true(ntp_from_utc(utc(946598400, 0)) == UINT64_C(3155587200) << 32);
	assert_true(ntp_from_utc(utc(2086041600, 0)) == UINT64_C(63104) << 32);
	assert_true(ntp_from_utc(utc(ROLLOVER_S - 1, 0)) == UINT64_C(0xffffffff00000000));
	assert_true(ntp_from_utc(utc(ROLLOVER_S + 1, 0)) == UINT64_C(0x0000000100000000));
}

static void the_zero_stamp_is_never_made(void **state)
{
	(void)state;
	assert_true(ntp_from_utc(utc(ROLLOVER_S, 0)) == 1);
	assert_i64_equal(ntp_to_utc(1, utc(ROLLOVER_S, 0)).ns, utc(ROLLOVER_S, 0).ns);
}

static void round_trips_are_exact(void **state)
{
	const int64_t day = 86400 * NS_PER_S;
	struct prng g;
	int i;

	(void)state;
	prng_init(&g, 3);
	for (i = 0; i < 300000; i++) {
		/* 1835 to 2109, pivot up to 68 years (24800 days) off */
		struct ts_utc t = {(int64_t)prng_below(&g, (uint64_t)(100000 * day)) - 49000 * day};
		struct ts_utc pivot = {ts_sat_add(
			t.ns, (int64_t)prng_below(&g, (uint64_t)(49600 * day)) - 24800 * day)};

		assert_i64_equal(ntp_to_utc(ntp_from_utc(t), pivot).ns, t.ns);
	}
}

static void stamps_cross_2036_and_2038(void **state)
{
	static const int64_t moments[] = {ROLLOVER_S - 1, ROLLOVER_S, ROLLOVER_S + 1, INT32_MAX,
		INT64_C(2147483648), INT64_C(4102444800)};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		struct ts_utc t = utc(moments[i], 999999999);

		assert_i64_equal(ntp_to_utc(ntp_from_utc(t), utc(moments[i] - 86400, 0)).ns, t.ns);
		assert_i64_equal(ntp_to_utc(ntp_from_utc(t), utc(moments[i] + 86400, 0)).ns, t.ns);
	}
	/* even from a clock that starts at 1970: 2036 is nearer to it than 1900 */
	assert_i64_equal(ntp_to_utc(UINT64_C(1) << 32, utc(0, 0)).ns, utc(ROLLOVER_S + 1, 0).ns);
	assert_i64_equal(
		ntp_to_utc(UINT64_C(1) << 32, utc(-500000000, 0)).ns, utc(1 - NTP_UNIX_S, 0).ns);
	assert_i64_equal(ntp_to_utc(UINT64_C(1) << 32, utc(ROLLOVER_S - 5, 0)).ns,
		utc(ROLLOVER_S + 1, 0).ns);
}

static void the_nearest_era_is_taken(void **state)
{
	struct ts_utc pivot = utc(1800000000, 500000000);
	uint64_t opposite = ntp_from_utc(pivot) + (UINT64_C(1) << 63);
	const int64_t half = INT64_C(2147483648) * NS_PER_S;

	(void)state;
	assert_i64_equal(ntp_to_utc(opposite, pivot).ns, pivot.ns - half);
	assert_i64_equal(ntp_to_utc(opposite + 429, pivot).ns, pivot.ns - half + 100);
	assert_i64_equal(ntp_to_utc(opposite - 429, pivot).ns, pivot.ns + half - 100);
	/* extremes saturate and do not overflow */
	assert_i64_range(ntp_to_utc(0, (struct ts_utc){INT64_MAX}).ns, 0, INT64_MAX);
	assert_i64_range(ntp_to_utc(0, (struct ts_utc){INT64_MIN}).ns, INT64_MIN, 0);
	assert_i64_equal(
		ntp_to_utc(ntp_from_utc((struct ts_utc){INT64_MIN}), utc(-9000000000, 0)).ns,
		INT64_MIN);
}

static void differences_are_modulo_an_era(void **state)
{
	(void)state;
	assert_i64_equal(
		ntp_sub(UINT64_C(0x0000000180000000), UINT64_C(0xffffffff00000000)).ns, 2500000000);
	assert_i64_equal(ntp_sub(UINT64_C(0xffffffff00000000), UINT64_C(0x0000000180000000)).ns,
		-2500000000);
	assert_i64_equal(ntp_sub(5, 5).ns, 0);
}

static void short_format_keeps_bounds(void **state)
{
	struct prng g;
	int i;

	(void)state;
	prng_init(&g, 4);
	for (i = 0; i < 300000; i++) {
		uint32_t s = (uint32_t)prng_u64(&g) >> prng_below(&g, 32);
		struct ts_dur d = {(int64_t)prng_below(&g, UINT64_C(65535) * 1000000000)};

		assert_true(ntp_short_from_dur(ntp_short_to_dur(s)) == s);
		assert_i64_range(ntp_short_to_dur(ntp_short_from_dur(d)).ns - d.ns, 0, 15259);
	}
	assert_true(ntp_short_from_dur((struct ts_dur){1}) == 1);
	assert_true(ntp_short_from_dur((struct ts_dur){0}) == 0);
	assert_true(ntp_short_from_dur((struct ts_dur){-5}) == 0);
	assert_true(ntp_short_from_dur((struct ts_dur){NS_PER_S}) == 0x10000);
	assert_true(ntp_short_from_dur((struct ts_dur){INT64_MAX}) == UINT32_MAX);
	assert_i64_equal(ntp_short_to_dur(0x8000).ns, 500000000);
	assert_true(ntp_short_from_dur(ntp_short_to_dur(UINT32_MAX)) == UINT32_MAX);
}

static void exponents(void **state)
{
	int e;

	(void)state;
	assert_i64_equal(ntp_exponent_to_dur(0).ns, NS_PER_S);
	assert_i64_equal(ntp_exponent_to_dur(10).ns, 1024 * NS_PER_S);
	assert_i64_equal(ntp_exponent_to_dur(-7).ns, 7812500);
	assert_i64_equal(ntp_exponent_to_dur(-20).ns, 954);
	assert_i64_equal(ntp_exponent_to_dur(-128).ns, 1);
	assert_i64_equal(ntp_exponent_to_dur(127).ns, INT64_MAX);
	assert_i64_equal(ntp_exponent_to_dur(33).ns, INT64_C(8589934592) * NS_PER_S);
	assert_i64_equal(ntp_exponent_from_dur((struct ts_dur){0}), -30);
	assert_i64_equal(ntp_exponent_from_dur((struct ts_dur){-1}), -30);
	assert_i64_equal(ntp_exponent_from_dur((struct ts_dur){40}), -24);
	assert_i64_equal(ntp_exponent_from_dur((struct ts_dur){INT64_MAX}), 34);
	for (e = -29; e <= 33; e++) {
		assert_i64_equal(ntp_exponent_from_dur(ntp_exponent_to_dur(e)), e);
		assert_i64_equal(
			ntp_exponent_from_dur((struct ts_dur){ntp_exponent_to_dur(e).ns + 1}),
			e + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_stamps),
		cmocka_unit_test(the_zero_stamp_is_never_made),
		cmocka_unit_test(round_trips_are_exact),
		cmocka_unit_test(stamps_cross_2036_and_2038),
		cmocka_unit_test(the_nearest_era_is_taken),
		cmocka_unit_test(differences_are_modulo_an_era),
		cmocka_unit_test(short_format_keeps_bounds),
		cmocka_unit_test(exponents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
