/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/tcheck.h"
#include "monitord/logfile.h"

#define S NS_PER_S

static char top[64], path[128], file[160];
static struct logdir dir;
static uint64_t lost;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/timebus-logfile.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/logs", top);
	(void)snprintf(file, sizeof(file), "%s/logs/tracking.log", top);
	logdir_init(&dir, path, 0);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	logdir_cycle(&dir);
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static int put(const char *text, int64_t now_s)
{
	struct chronylog_row row = {.file = CHRONYLOG_TRACKING};

	(void)snprintf(row.text, sizeof(row.text), "%s", text);
	return logdir_write(&dir, &row, (struct ts_raw){now_s * S}, &lost);
}

static void assert_holds(const char *expected)
{
	static char text[65536];
	FILE *f = fopen(file, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	assert_string_equal(text, expected);
}

static void rows_are_appended_in_a_directory_that_is_made(void **state)
{
	(void)state;
	assert_int_equal(put("one", 1), 0);
	assert_int_equal(put("two", 1), 0);
	logdir_cycle(&dir);
	assert_int_equal(put("three", 1), 0);
	assert_holds("one\ntwo\nthree\n");
}

static void a_banner_stands_before_so_many_rows(void **state)
{
	const char *banner = chronylog_banner(CHRONYLOG_TRACKING);
	char rule[256] = "", expected[2048];

	(void)state;
	memset(rule, '=', strlen(banner));
	logdir_init(&dir, path, 2);
	assert_int_equal(put("one", 1), 0);
	assert_int_equal(put("two", 1), 0);
	assert_int_equal(put("three", 1), 0);
	(void)snprintf(expected, sizeof(expected), "%s\n%s\n%s\none\ntwo\n%s\n%s\n%s\nthree\n",
		rule, banner, rule, rule, banner, rule);
	assert_holds(expected);
}

static void a_rotated_file_is_left_alone_after_cycle(void **state)
{
	char old[200];

	(void)state;
	assert_int_equal(put("one", 1), 0);
	(void)snprintf(old, sizeof(old), "%s.1", file);
	assert_int_equal(rename(file, old), 0);
	logdir_cycle(&dir);
	assert_int_equal(put("two", 1), 0);
	assert_holds("two\n");
}

static void failure_is_told_once_and_tried_again(void **state)
{
	(void)state;
	(void)snprintf(dir.path, sizeof(dir.path), "%s/a/b", top);
	assert_int_equal(put("one", 1), -ENOENT);
	assert_int_equal(put("two", 2), 0); /* known by now */
	assert_int_equal(put("three", 20), 0);
	(void)snprintf(dir.path, sizeof(dir.path), "%s", path);
	assert_int_equal(put("four", 21), 0);
	assert_int_equal(access(file, F_OK), -1); /* not yet the time */
	assert_int_equal(put("five", 31), 0);
	assert_i64_equal((int64_t)lost, 4);
	assert_int_equal(put("six", 31), 0);
	assert_i64_equal((int64_t)lost, 0);
	assert_holds("five\nsix\n");
}

static void no_directory_given_is_told_too(void **state)
{
	(void)state;
	logdir_init(&dir, "", 0);
	assert_int_equal(put("one", 1), -EDESTADDRREQ);
}

static void what_is_no_file_of_ours_is_not_written(void **state)
{
	char target[160];

	(void)state;
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(target, sizeof(target), "%s/target", top);
	assert_int_equal(symlink(target, file), 0);
	assert_int_equal(put("one", 1), -ELOOP);
	assert_int_equal(access(target, F_OK), -1);
	unlink(file);
	logdir_init(&dir, path, 0);
	assert_int_equal(mkfifo(file, 0644), 0);
	assert_int_not_equal(put("one", 1), 0); /* and does not hang */
}

/* A full disk, played by a limit on the size of files. */
static void a_row_that_was_cut_is_ended_before_the_next(void **state)
{
	struct rlimit old, small;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 10;
	assert_int_equal(put("123456", 1), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(put("abcdef", 1), -ENOSPC);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(put("later", 20), 0);
	assert_i64_equal((int64_t)lost, 1);
	assert_holds("123456\nabc\nlater\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			rows_are_appended_in_a_directory_that_is_made, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_banner_stands_before_so_many_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_rotated_file_is_left_alone_after_cycle, setup, teardown),
		cmocka_unit_test_setup_teardown(
			failure_is_told_once_and_tried_again, setup, teardown),
		cmocka_unit_test_setup_teardown(no_directory_given_is_told_too, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_no_file_of_ours_is_not_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_row_that_was_cut_is_ended_before_the_next, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
