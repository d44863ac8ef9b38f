/* SPDX-License-Identifier: MIT */
/* The state file: text there and back, nothing else accepted, and a restart from it on a clock. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/discipline_sim.h"
#include "disciplined/driftio.h"

static struct saved_state example(void)
{
	struct saved_state s = {.boot = {0x01, 0xab, [15] = 0xff}, .oscillator = UINT64_MAX};

	s.line = (struct shadow_line){.raw_ns = 5,
		.utc_ns = INT64_C(1790000000123456789),
		.rate_ppb = -20123.456789,
		.bend_raw_ns = SHADOW_NEVER,
		.base_ppb = 20123.000001,
		.leap_raw_ns = SHADOW_NEVER,
		.bound_ns = 1234,
		.drift_ppb = 1000.5,
		.void_raw_ns = INT64_C(86400000000000),
		.offset_ns = -17,
		.mode = SHADOW_MODE_REALTIME,
		.status = SHADOW_HOLDOVER,
		.stratum = 2,
		.refid = 0xffffffff,
		.root_delay_ns = 1,
		.root_dispersion_ns = 2,
		.reference_utc_ns = 3,
		.disruption = 4,
		.steps = 5,
		.skew_ppb = 0.25,
		.offset_sd_ns = 12.5};
	s.wander_ppb = 1.5;
	return s;
}

static void text_there_and_back(void **state)
{
	struct saved_state s = example(), back;
	char text[STATE_TEXT_SIZE], again[STATE_TEXT_SIZE];
	size_t length = state_format(&s, text);

	(void)state;
	assert_true(length < STATE_TEXT_SIZE / 2);
	assert_int_equal(state_parse(text, length, &back), 0);
	assert_memory_equal(back.boot, s.boot, sizeof(s.boot));
	assert_true(back.oscillator == s.oscillator);
	assert_int_equal(back.line.utc_ns, s.line.utc_ns);
	assert_int_equal(back.line.offset_ns, -17);
	assert_int_equal(back.line.bend_raw_ns, SHADOW_NEVER);
	assert_near_double(back.line.rate_ppb, s.line.rate_ppb, 1e-6);
	assert_near_double(back.line.base_ppb, s.line.base_ppb, 1e-6);
	assert_near_double(back.line.offset_sd_ns, 12.5, 1e-3);
	assert_near_double(back.wander_ppb, 1.5, 1e-6);
	assert_int_equal(back.line.refid, 0xffffffff);
	assert_int_equal(state_format(&back, again), (int)length);
	assert_string_equal(again, text);
}

static void unknown_words_are_passed_over(void **state)
{
	struct saved_state s = example(), back;
	char text[STATE_TEXT_SIZE];
	size_t length = state_format(&s, text);

	(void)state;
	length += (size_t)snprintf(
		text + length, sizeof(text) - length, "temperature_mk 300000 or so\n");
	assert_int_equal(state_parse(text, length, &back), 0);
}

static void replaced(char *text, const char *what, const char *by)
{
	struct saved_state s = example();
	char *at, rest[STATE_TEXT_SIZE];

	state_format(&s, text);
	at = strstr(text, what);
	assert_non_null(at);
	strcpy(rest, at + strlen(what));
	strcpy(at, by);
	strcat(at, rest);
}

static void anything_else_is_none(void **state)
{
	static const char *const wrong[][2] = {
		{"timebus-state 1", "timebus-state 2"},
		{"boot 01ab", "boot 01aB"},
		{"boot 01ab", "boot 1ab"},
		{"steps 5\n", ""},
		{"steps 5\n", "steps 5\nsteps 5\n"},
		{"steps 5\n", "steps 5"},
		{"steps 5\n", "steps\n"},
		{"steps 5\n", "steps \n"},
		{"steps 5\n", "steps -5\n"},
		{"steps 5\n", "steps 5 \n"},
		{"steps 5\n", "steps 0x5\n"},
		{"steps 5\n", "steps 18446744073709551616\n"},
		{"stratum 2\n", "stratum 17\n"},
		{"stratum 2\n", "stratum 4294967298\n"},
		{"raw_ns 5\n", "raw_ns 9223372036854775808\n"},
		{"bound_ns 1234\n", "bound_ns -1234\n"},
		{"wander_fs_s 1500000\n", "wander_fs_s -1500000\n"},
		{"mode 1\n", "mode 3\n"},
		{"rate_fs_s 20123000001\n", "rate_fs_s 9000000000000000000\n"},
	};
	char text[2 * STATE_TEXT_SIZE];
	struct saved_state back;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		replaced(text, wrong[i][0], wrong[i][1]);
		if (state_parse(text, strlen(text), &back) != -EINVAL)
			fail_msg("%s was taken", wrong[i][1]);
	}
	replaced(text, "steps 5\n", "steps 5\n");
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(state_parse(text, n, &back), -EINVAL);
}

static void rate_is_worth_less_with_time(void **state)
{
	struct saved_state s = example();

	(void)state;
	assert_near_double(state_rate_sd_ppb(&s, 0, 0), 0.25, 1e-12);
	assert_near_double(state_rate_sd_ppb(&s, -5, 1000), 1000, 1e-9);
	assert_near_double(state_rate_sd_ppb(&s, 1e6, 1000), hypot(1000, 1500), 1e-9);
}

static void file_is_replaced_whole(void **state)
{
	char dir[] = "/tmp/timebus-state.XXXXXX", path[64], temporary[80];
	struct saved_state s = example(), back;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/state", dir);
	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	assert_int_equal(driftio_load_state(path, &back), -ENOENT);
	assert_int_equal(driftio_save_state(path, &s), 0);
	assert_int_equal(driftio_load_state(path, &back), 0);
	assert_int_equal(access(temporary, F_OK), -1);
	/* where it cannot be written the former stays */
	assert_int_equal(mkdir(temporary, 0700), 0);
	s.line.steps = 6;
	assert_true(driftio_save_state(path, &s) < 0);
	assert_int_equal(driftio_load_state(path, &back), 0);
	assert_true(back.line.steps == 5);
	rmdir(temporary);
	unlink(path);
	rmdir(dir);
}

/* ---- on a clock ---- */

static struct sim s;

/* disciplined is gone for so long, and its page too. At least how
 * uncertain its phase is then. */
static double restart_from_text(double down_s, double wander_ppb)
{
	struct saved_state saved = {.line = sim_page(&s), .wander_ppb = wander_ppb}, back;
	struct discipline_start start = {.until = TS_RAW_NEVER};
	char text[STATE_TEXT_SIZE];
	size_t length = state_format(&saved, text);
	double age_s;

	assert_int_equal(state_parse(text, length, &back), 0);
	s.now_raw_ns += (int64_t)(down_s * 1e9);
	s.next_est_ns = s.now_raw_ns + NS_PER_S;
	sim_read(&s, &start.reading);
	pagefill_continue(&back.line, &start.reading, &start);
	start.wander_ppb = back.wander_ppb;
	sim_start(&s, &start);
	age_s = 1e-9 * (double)(start.reading.raw.ns - saved.line.raw_ns);
	return sqrt(pow(saved.line.offset_sd_ns, 2) + pow(saved.line.skew_ppb * age_s, 2) +
		    pow(wander_ppb, 2) * pow(age_s, 3) / 3);
}

/* selectd begins anew as well: its first estimates are bad, and ours is kept. */
static void restart_makes_no_bump(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		double down_s = i < 2 ? 0 : i < 4 ? 60 : 600, worth_ns, sd_ns;
		int64_t before_ns;

		sim_init(&s, i & 1, 100000, 20000);
		s.offset_sd_ns = 500;
		s.rate_sd_ppb = 5;
		sim_start(&s, NULL);
		assert_true(sim_run(&s, 2000));
		before_ns = sim_error_ns(&s);
		s.boot++;
		s.seq = 0;
		s.offset_sd_ns = 100000; /* first samples */
		s.rate_sd_ppb = 100000;
		s.interval_s = 2;
		worth_ns = restart_from_text(down_s, 1);
		sd_ns = s.d.target.offset_sd_ns;
		assert_int_equal(s.d.status, sync_holdover);
		assert_near_double(s.d.model.base_ppb, 20000, 20);
		assert_true(sd_ns >= worth_ns - 1 && sd_ns <= 1.5 * worth_ns);
		for (int k = 0; k < 100; k++) {
			assert_true(sim_run(&s, 0.1));
			assert_near_double((double)sim_error_ns(&s), (double)before_ns,
				3 * sd_ns + 20 * (down_s + 0.1 * k));
		}
		assert_int_equal(s.steps, 0);
	}
}

/* Without it the first bad estimate moves the clock: the test above can fail. */
static void without_it_there_is_one(void **state)
{
	double most = 0;

	(void)state;
	sim_init(&s, false, 100000, 20000);
	s.offset_sd_ns = 500;
	s.rate_sd_ppb = 5;
	sim_start(&s, NULL);
	assert_true(sim_run(&s, 2000));
	s.boot++;
	s.offset_sd_ns = 100000;
	s.rate_sd_ppb = 100000;
	s.interval_s = 2;
	sim_start(&s, NULL);
	for (int k = 0; k < 100; k++) {
		assert_true(sim_run(&s, 0.1));
		most = fmax(most, fabs((double)sim_error_ns(&s)));
	}
	assert_true(most > 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_there_and_back),
		cmocka_unit_test(unknown_words_are_passed_over),
		cmocka_unit_test(anything_else_is_none),
		cmocka_unit_test(rate_is_worth_less_with_time),
		cmocka_unit_test(file_is_replaced_whole),
		cmocka_unit_test(restart_makes_no_bump),
		cmocka_unit_test(without_it_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
