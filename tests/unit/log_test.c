/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/log.h"

static int saved = -1;
static int ends[2];

static void capture(void)
{
	assert_int_equal(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
}

static void captured(char *text, size_t size)
{
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
}

/* What follows the time stamp, whose form is checked. */
static const char *after_stamp(const char *line)
{
	static const char form[] = "0000-00-00T00:00:00.000Z ";

	for (size_t i = 0; form[i]; i++) {
		if (form[i] == '0')
			assert_true(isdigit((unsigned char)line[i]));
		else
			assert_int_equal(line[i], form[i]);
	}
	assert_memory_equal(line, "20", 2);
	return line + sizeof(form) - 1;
}

static void a_line_has_stamp_name_and_level(void **state)
{
	char text[2000];

	(void)state;
	unsetenv("JOURNAL_STREAM");
	capture();
	log_open("selectd", LOG_LEVEL_INFO);
	log_warnx("%d sources\n", 3);
	captured(text, sizeof(text));
	assert_string_equal(after_stamp(text), "selectd[warning] 3 sources\n");
}

static void errno_is_appended_and_survives(void **state)
{
	char text[2000];

	(void)state;
	capture();
	errno = ENOENT;
	log_err("opening %s", "x");
	assert_int_equal(errno, ENOENT);
	captured(text, sizeof(text));
	assert_string_equal(
		after_stamp(text), "selectd[error] opening x: No such file or directory\n");
}

static void the_level_decides(void **state)
{
	char text[2000];

	(void)state;
	capture();
	log_set_level(LOG_LEVEL_WARN);
	assert_false(log_wants(LOG_LEVEL_NOTICE));
	assert_true(log_wants(LOG_LEVEL_WARN));
	log_notice("no");
	log_info("no");
	log_debug("no");
	log_at(LOG_LEVEL_ERR, "yes");
	captured(text, sizeof(text));
	assert_string_equal(after_stamp(text), "selectd[error] yes\n");
	log_set_level(LOG_LEVEL_DEBUG);
}

static void a_hostile_argument_makes_no_second_line(void **state)
{
	char text[2000];

	(void)state;
	capture();
	log_info("name %s", "a\n<0>b\x1b[31m\x7f\x9b"
			    "c");
	captured(text, sizeof(text));
	assert_string_equal(after_stamp(text), "selectd[info] name a?<0>b?[31m??c\n");
}

static void a_long_line_is_cut(void **state)
{
	char text[4000], argument[3000];

	(void)state;
	memset(argument, 'a', sizeof(argument) - 1);
	argument[sizeof(argument) - 1] = '\0';
	capture();
	errno = ENOENT;
	log_warn("%s", argument);
	captured(text, sizeof(text));
	assert_true(strlen(text) < 1100);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_int_equal(text[strlen(text) - 2], 'a');
}

static void the_journal_gets_a_level_prefix(void **state)
{
	char text[2000], stream[64];
	struct stat st;

	(void)state;
	capture();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("selectd", LOG_LEVEL_DEBUG);
	log_notice("hello");
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_open("selectd", LOG_LEVEL_DEBUG);
	log_notice("elsewhere");
	captured(text, sizeof(text));
	assert_memory_equal(text, "<5>hello\n", 9);
	assert_string_equal(after_stamp(text + 9), "selectd[notice] elsewhere\n");
	unsetenv("JOURNAL_STREAM");
}

static void fatal_ends_with_3(void **state)
{
	char text[2000];
	int status;
	pid_t pid;

	(void)state;
	capture();
	pid = fork();
	if (pid == 0) {
		log_open("selectd", LOG_LEVEL_ERR);
		log_fatalx("no %s", "bus");
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	captured(text, sizeof(text));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_string_equal(after_stamp(text), "selectd[fatal] no bus\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_stamp_name_and_level),
		cmocka_unit_test(errno_is_appended_and_survives),
		cmocka_unit_test(the_level_decides),
		cmocka_unit_test(a_hostile_argument_makes_no_second_line),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(the_journal_gets_a_level_prefix),
		cmocka_unit_test(fatal_ends_with_3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
