/* SPDX-License-Identifier: MIT */
/* A card's clock with a rate error, wander, noisy readings and steps: what its stamps come to. */
#include "tests/unit/tcheck.h"

#include <errno.h>
#include <string.h>
#include "common/core/prng.h"
#include "ntpexchd/core/hwclock.h"

#define RAW0  (INT64_C(5000) * NS_PER_S)
#define CARD0 (INT64_C(1790000037) * NS_PER_S)

struct card {
	struct hwclock h;
	struct prng noise;
	int64_t raw_ns;
	double x_ns, f_ppb; /* of the card against raw */
	double wander_ppb, jitter_ns;
};

static void begin(struct card *c, double f_ppb, double wander_ppb, double jitter_ns)
{
	memset(c, 0, sizeof *c);
	hwclock_init(&c->h);
	prng_init(&c->noise, 11);
	c->raw_ns = RAW0;
	c->f_ppb = f_ppb;
	c->wander_ppb = wander_ppb;
	c->jitter_ns = jitter_ns;
}

static int64_t card_now(const struct card *c)
{
	return CARD0 + (c->raw_ns - RAW0) + llround(c->x_ns);
}

static void pass(struct card *c, double s)
{
	c->f_ppb += c->wander_ppb * sqrt(s) * prng_normal(&c->noise);
	c->x_ns += c->f_ppb * s;
	c->raw_ns += llround(s * 1e9);
}

static void read_card(struct card *c)
{
	hwclock_add(&c->h, (struct ts_raw){c->raw_ns},
		card_now(c) + llround(c->jitter_ns * prng_normal(&c->noise)));
}

/* Error of the conversion of a stamp taken now, after_s after the last reading. */
static double error_after(struct card *c, double after_s, double *ret_sd)
{
	struct ts_raw raw = {0};

	pass(c, after_s);
	assert_int_equal(
		hwclock_convert(&c->h, card_now(c), (struct ts_raw){c->raw_ns}, &raw, ret_sd), 0);
	return (double)(raw.ns - c->raw_ns);
}

/* RMS error half an interval after readings, and that the deviation told is about right. */
static double rms(struct card *c, double interval_s, int readings)
{
	double sum = 0, told = 0;
	int n = 0;

	for (int i = 0; i < readings; i++) {
		double sd = 0, e;

		read_card(c);
		if (i < HWCLOCK_READ_MIN) {
			pass(c, interval_s);
			continue;
		}
		e = error_after(c, interval_s / 2, &sd);
		pass(c, interval_s / 2);
		if (i < readings / 4)
			continue;
		sum += e * e;
		told += sd * sd;
		n++;
	}
	/* ends of nanoseconds are an error of their own */
	assert_true(told > 0.3 * sum - n);
	assert_true(told < 9 * sum + 9 * n);
	return sqrt(sum / n);
}

static void test_needs_three_readings(void **state)
{
	struct ts_raw raw;
	struct card c;
	double sd;

	(void)state;
	begin(&c, 1000, 0, 0);
	for (int i = 0; i < HWCLOCK_READ_MIN; i++) {
		assert_int_equal(
			hwclock_convert(&c.h, card_now(&c), (struct ts_raw){c.raw_ns}, &raw, &sd),
			-EAGAIN);
		read_card(&c);
		pass(&c, 1);
	}
	assert_int_equal(
		hwclock_convert(&c.h, card_now(&c), (struct ts_raw){c.raw_ns}, &raw, &sd), 0);
}

static void test_rate_errors(void **state)
{
	static const double rates[] = {0, 10e3, -30e3, 500e3};
	struct card c;

	(void)state;
	for (int i = 0; i < 4; i++) {
		begin(&c, rates[i], 0, 0);
		assert_true(rms(&c, 1, 100) < 1.5);
	}
}

static void test_wander_and_jitter(void **state)
{
	struct card c;
	double r;

	(void)state;
	/* exact readings of a wandering clock: what it does in half a second, w t^1.5 */
	begin(&c, -1e4, 1, 0);
	assert_true(rms(&c, 1, 400) < 2);
	/* noisy readings of a steady clock: far better than one reading */
	begin(&c, -1e4, 0.01, 100);
	r = rms(&c, 1, 1000);
	print_message("steady clock, readings +-100 ns: %.1f ns\n", r);
	assert_true(r < 25);
	/* both, sixteen times a second: sqrt(2) r^(3/4) (w^2 dt)^(1/8) is 11 ns here */
	begin(&c, -1e4, 1.4, 20);
	r = rms(&c, 1.0 / 16, 4000);
	print_message("wander 1.4e-9, readings +-20 ns, 16 Hz: %.1f ns\n", r);
	assert_true(r < 11);
	/* a poor clock, poorly read */
	begin(&c, 2e5, 100, 1000);
	assert_true(rms(&c, 1, 1000) < 1500);
}

static void test_card_is_set(void **state)
{
	struct ts_raw raw;
	struct card c;
	double sd;

	(void)state;
	begin(&c, 1e4, 0.1, 10);
	rms(&c, 1, 50);
	c.x_ns += 5e6;
	read_card(&c);
	assert_int_equal(
		hwclock_convert(&c.h, card_now(&c), (struct ts_raw){c.raw_ns}, &raw, &sd), -EAGAIN);
	pass(&c, 1);
	read_card(&c);
	assert_true(c.h.restarts == 1);
	pass(&c, 1);
	assert_true(rms(&c, 1, 50) < 20);
	/* back by an hour, too */
	c.x_ns -= 3600e9;
	for (int i = 0; i < 5; i++) {
		read_card(&c);
		pass(&c, 1);
	}
	assert_true(fabs(error_after(&c, 0.1, &sd)) < 100);
}

static void test_one_odd_reading_is_forgotten(void **state)
{
	struct ts_raw raw;
	struct card c;
	double sd;

	(void)state;
	begin(&c, 1e4, 0.1, 10);
	rms(&c, 1, 50);
	hwclock_add(&c.h, (struct ts_raw){c.raw_ns}, card_now(&c) + 100000);
	assert_int_equal(
		hwclock_convert(&c.h, card_now(&c), (struct ts_raw){c.raw_ns}, &raw, &sd), -EAGAIN);
	pass(&c, 1);
	read_card(&c);
	assert_true(c.h.restarts == 0);
	assert_true(fabs(error_after(&c, 0.5, &sd)) < 40);
}

static void test_old_lines_convert_nothing(void **state)
{
	struct ts_raw raw;
	struct card c;
	double sd;

	(void)state;
	begin(&c, 1e4, 0, 0);
	rms(&c, 1, 20);
	pass(&c, 70);
	assert_int_equal(
		hwclock_convert(&c.h, card_now(&c), (struct ts_raw){c.raw_ns}, &raw, &sd), -EAGAIN);
	/* nor do stamps of another time */
	read_card(&c);
	assert_int_equal(hwclock_convert(&c.h, 0, (struct ts_raw){c.raw_ns}, &raw, &sd), -EAGAIN);
	assert_int_equal(
		hwclock_convert(&c.h, INT64_MAX, (struct ts_raw){c.raw_ns}, &raw, &sd), -EAGAIN);
}

static void test_combine_prefers_narrow_brackets(void **state)
{
	struct phc_batch b = {.method = PHC_METHOD_EXTENDED, .count = 6};
	int64_t system = 0, card = 0;

	(void)state;
	for (int i = 0; i < 6; i++)
		b.reading[i] = (struct phc_reading){RAW0 + i * 10000,
			CARD0 + i * 10000 + 500 + (i < 4 ? 1000 : 0),
			RAW0 + i * 10000 + (i < 4 ? 3000 : 1000)};
	assert_int_equal(hwclock_combine(&b, &system, &card), 0);
	assert_i64_equal(system, RAW0 + 45000 + 500);
	assert_i64_equal(card, CARD0 + 45000 + 500);
	for (int i = 0; i < 6; i++)
		b.reading[i].after_ns = 0;
	assert_int_equal(hwclock_combine(&b, &system, &card), -ENODATA);
	b.count = 0;
	assert_int_equal(hwclock_combine(&b, &system, &card), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs_three_readings),
		cmocka_unit_test(test_rate_errors),
		cmocka_unit_test(test_wander_and_jitter),
		cmocka_unit_test(test_card_is_set),
		cmocka_unit_test(test_one_odd_reading_is_forgotten),
		cmocka_unit_test(test_old_lines_convert_nothing),
		cmocka_unit_test(test_combine_prefers_narrow_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
