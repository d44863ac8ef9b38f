/* SPDX-License-Identifier: MIT */
/* The drift file: what chrony and ntpd write is read, what is written is read back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "disciplined/driftio.h"
#include "tests/unit/tcheck.h"

static void texts(void **state)
{
	static const struct {
		const char *text;
		int rc;
		double rate_ppb, skew_ppb;
	} table[] = {
		{"          -20.123456             0.012345\n", 0, 20123.456, 12.345},
		{"20 0.5", 0, -20000, 500},
		{"+1.5e1\t2E-3\r\n", 0, -15000, 2},
		{".5 .25", 0, -500, 250},
		{"0 0\n", 0, 0, 0},
		{"-37.250\n", 0, -37250, 1000}, /* ntpd: one number, the correction itself */
		{"", -EINVAL, 0, 0},
		{"\n", -EINVAL, 0, 0},
		{"abc", -EINVAL, 0, 0},
		{"1.0 2.0 3.0", -EINVAL, 0, 0},
		{"1.0 x", -EINVAL, 0, 0},
		{"1.0x", -EINVAL, 0, 0},
		{"nan 1", -EINVAL, 0, 0},
		{"1 inf", -EINVAL, 0, 0},
		{"1 -1", -EINVAL, 0, 0},
		{"500001 1", -EINVAL, 0, 0},
		{"1e99999999999 1", -EINVAL, 0, 0},
		{"-", -EINVAL, 0, 0},
		{".", -EINVAL, 0, 0},
		{"1,5 1", -EINVAL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct drift d = {77, 78};

		if (drift_parse(table[i].text, strlen(table[i].text), &d) != table[i].rc)
			fail_msg("\"%s\"", table[i].text);
		if (table[i].rc != 0) {
			assert_true(d.rate_ppb == 77 && d.skew_ppb == 78);
			continue;
		}
		assert_near_double(d.rate_ppb, table[i].rate_ppb, 1e-6);
		assert_near_double(d.skew_ppb, table[i].skew_ppb, 1e-6);
	}
}

static void nul_bytes_are_not_an_end(void **state)
{
	struct drift d;

	(void)state;
	assert_int_equal(drift_parse("1 2\0", 4, &d), -EINVAL);
}

static void round_trip(void **state)
{
	static const double rates[] = {0, 1, -1, 20123.456, -499999.999, 5e8, -5e8};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct drift d = {rates[i], 12.5}, back;
		char text[DRIFT_TEXT_SIZE];
		size_t length = drift_format(&d, text);

		assert_int_equal(length, strlen(text));
		assert_int_equal(drift_parse(text, length, &back), 0);
		assert_near_double(back.rate_ppb, d.rate_ppb, 0.0006);
		assert_near_double(back.skew_ppb, d.skew_ppb, 0.0006);
	}
}

static void absurd_values_fit_the_text(void **state)
{
	struct drift d = {-1e300, 1e300}, back;
	char text[DRIFT_TEXT_SIZE];

	(void)state;
	assert_int_equal(drift_parse(text, drift_format(&d, text), &back), 0);
	assert_near_double(back.rate_ppb, -5e8, 1);
}

static void file_is_replaced_whole(void **state)
{
	char dir[] = "/tmp/driftfile_test.XXXXXX", path[128], temporary[160];
	char last[DRIFT_TEXT_SIZE] = "";
	struct drift d = {-20000, 100}, back;
	struct stat before, after;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/drift", dir);
	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	assert_int_equal(driftio_load(path, &back), -ENOENT);
	assert_int_equal(driftio_save(path, &d, last), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(driftio_load(path, &back), 0);
	assert_near_double(back.rate_ppb, -20000, 0.001);
	/* nothing changed, nothing written */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(driftio_save(path, &d, last), 0);
	assert_int_equal(stat(path, &after), -1);
	d.rate_ppb += 1;
	assert_int_equal(driftio_save(path, &d, last), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(stat(temporary, &after), -1);
	/* where it cannot be written, that is told and nothing is remembered */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	d.rate_ppb += 1;
	assert_int_equal(driftio_save(path, &d, last), -ENOENT);
	assert_int_equal(driftio_save(path, &d, last), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(nul_bytes_are_not_an_end),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(absurd_values_fit_the_text),
		cmocka_unit_test(file_is_replaced_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
