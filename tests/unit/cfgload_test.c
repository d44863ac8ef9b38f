/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/tcheck.h"
#include "tests/golden/directive_table.h"
#include "common/core/bytes.h"
#include "common/io/cfgload.h"

/* A directory of its own; every file in it is removed at the end. */
struct box {
	char dir[64];
	struct sample_config config;
	struct cfg_report report;
	char told[8192]; /* a line each: result, soft, text */
};

static void tell(void *arg, enum directive_result result, bool soft, const char *text)
{
	struct box *b = arg;

	str_append(b->told, sizeof(b->told), result == DIRECTIVE_IGNORED ? "notice " : "");
	str_append(b->told, sizeof(b->told), soft ? "off " : "");
	str_append(b->told, sizeof(b->told), text);
	str_append(b->told, sizeof(b->told), "\n");
}

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	str_copy(b->dir, sizeof(b->dir), "/tmp/cfgload_test.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	assert_int_equal(chdir(b->dir), 0);
	b->report.line = tell;
	b->report.arg = b;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", b->dir);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static void put_bytes(const char *name, const char *bytes, size_t size)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static int load(struct box *b, const char *file, const char *const *extra)
{
	memset(&b->config, 0, sizeof(b->config));
	b->told[0] = '\0';
	return cfg_load(sample_table, &b->config, file, extra, &b->report);
}

static void defaults_then_file_then_arguments(void **state)
{
	static const char *const extra[] = {"makestep 3 3", "server c", NULL};
	struct box *b = *state;

	assert_int_equal(load(b, NULL, NULL), 0);
	assert_int_equal(b->config.drift_interval_s, 3600);
	put("a", "makestep 1 1\nserver a\nrtcsync");
	assert_int_equal(load(b, "a", extra), 0);
	assert_string_equal(b->told, "");
	assert_near_double(b->config.makestep_s, 3, 0);
	assert_true(b->config.rtcsync);
	assert_int_equal(b->config.sources, 2);
	assert_string_equal(b->config.source[1].name, "c");
	assert_int_equal(b->report.errors + b->report.sources_off + b->report.notices, 0);
}

static void complaints_are_told_in_order_and_counted(void **state)
{
	static const char *const extra[] = {"bogus", NULL};
	struct box *b = *state;

	put("a", "\n# x\npidfile x\nserver\nmakestep\n");
	assert_int_equal(load(b, "a", extra), 0);
	assert_string_equal(b->told,
		"notice a:3: pidfile: has no effect here: the service manager knows the process\n"
		"off a:4: server: name is missing (usage: server name [option...])\n"
		"a:5: makestep: threshold is missing (usage: makestep threshold limit)\n"
		"argument:1: bogus: unknown directive (allowed: makestep, rtcsync, driftfile, "
		"leapsecmode, local, maxslewrate, numbers, log, server, pool, allow, deny, "
		"include, confdir, sourcedir)\n");
	assert_int_equal(b->report.errors, 2);
	assert_int_equal(b->report.sources_off, 1);
	assert_int_equal(b->report.notices, 1);
	/* a second load starts anew, with nobody listening too */
	b->report.line = NULL;
	assert_int_equal(load(b, "a", NULL), 0);
	assert_int_equal(b->report.errors, 1);
}

static void a_file_that_cannot_be_read_is_an_errno(void **state)
{
	struct box *b = *state;

	assert_int_equal(load(b, "missing", NULL), -ENOENT);
	assert_int_equal(load(b, b->dir, NULL), -EISDIR);
	assert_int_equal(load(b, "/dev/null", NULL), 0);
	assert_string_equal(b->told, "");
}

static void large_files_and_lines_are_refused(void **state)
{
	const size_t mib = 1024 * 1024;
	struct box *b = *state;
	char *big = malloc(mib + 1);

	assert_non_null(big);
	memset(big, '\n', mib + 1);
	memcpy(big, "rtcsync", 7);
	put_bytes("fits", big, mib);
	put_bytes("big", big, mib + 1);
	memset(big, 'x', mib);
	put_bytes("line", big, mib);
	free(big);

	assert_int_equal(load(b, "fits", NULL), 0);
	assert_string_equal(b->told, "");
	assert_true(b->config.rtcsync);
	assert_int_equal(load(b, "big", NULL), 0);
	assert_string_equal(b->told, "big: is larger than 1 MiB\n");
	assert_int_equal(b->report.errors, 1);
	assert_int_equal(load(b, "line", NULL), 0);
	assert_string_equal(b->told, "line:1: line: line is longer than 2048 characters\n");
	put("top", "include big\n");
	assert_int_equal(load(b, "top", NULL), 0);
	assert_string_equal(b->told, "top:1: include: big: is larger than 1 MiB\n");
	assert_int_equal(load(b, "/dev/zero", NULL), 0);
	assert_string_equal(b->told, "/dev/zero: is larger than 1 MiB\n");
}

static void nul_bytes_are_refused(void **state)
{
	struct box *b = *state;

	put_bytes("a", "rtcsync\nserver a\0b\nserver c", 27);
	assert_int_equal(load(b, "a", NULL), 0);
	assert_string_equal(b->told, "a:2: line: NUL: not allowed in a configuration\n");
	assert_int_equal(b->config.sources, 1);
	assert_string_equal(b->config.source[0].name, "c");
}

static void includes_follow_in_place(void **state)
{
	struct box *b = *state;

	put("top", "makestep 1 1\ninclude *.inc\ninclude none*\nmaxslewrate 5\n");
	put("b.inc", "makestep 2 2\nmaxslewrate 6\n");
	put("a.inc", "makestep 9 9\n");
	assert_int_equal(load(b, "top", NULL), 0);
	assert_string_equal(b->told, "");
	assert_near_double(b->config.makestep_s, 2, 0);
	assert_near_double(b->config.maxslewrate_ppm, 5, 0);
}

/* A chain of 10 is followed to its end, one of 11 is not, and a circle ends. */
static void depth_has_a_limit(void **state)
{
	struct box *b = *state;
	char name[16], text[32];
	int i;

	for (i = 0; i < 11; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		snprintf(text, sizeof(text), "include f%d\n", i + 1);
		put(name, text);
	}
	put("f11", "rtcsync\n");
	assert_int_equal(load(b, "f1", NULL), 0);
	assert_string_equal(b->told, "");
	assert_true(b->config.rtcsync);
	assert_int_equal(load(b, "f0", NULL), 0);
	assert_string_equal(b->told, "f10:1: include: f11: included more than 10 deep\n");
	assert_false(b->config.rtcsync);
	put("circle", "include circle\ninclude circle\n");
	assert_int_equal(load(b, "circle", NULL), 0);
	assert_i64_range(b->report.errors, 1, INT64_MAX);
}

static void pipes_keep_nobody_waiting(void **state)
{
	struct box *b = *state;

	assert_int_equal(mkfifo("pipe", 0600), 0);
	put("top", "include pipe\n");
	assert_int_equal(load(b, "top", NULL), 0);
	assert_string_equal(b->told, "top:1: include: pipe: is not a regular file\n");
}

static void directories_are_read_by_name_first_wins(void **state)
{
	struct box *b = *state;

	assert_int_equal(mkdir("one", 0700), 0);
	assert_int_equal(mkdir("two", 0700), 0);
	put("one/b.conf", "server one-b\n");
	put("two/a.conf", "server two-a\n");
	put("two/b.conf", "server two-b\n");
	put("two/c.sources", "server two-c\n");
	put("two/.h.conf", "bogus\n");
	put("two/d.conf~", "bogus\n");
	put("two/.conf", "bogus\n");
	put("top", "confdir one absent two\nsourcedir two\n");
	assert_int_equal(load(b, "top", NULL), 0);
	assert_string_equal(b->told, "");
	assert_int_equal(b->config.sources, 3);
	assert_string_equal(b->config.source[0].name, "two-a");
	assert_string_equal(b->config.source[1].name, "one-b");
	assert_string_equal(b->config.source[2].name, "two-c");
	put("top", "confdir two/a.conf\n");
	assert_int_equal(load(b, "top", NULL), 0);
	assert_string_equal(b->told, "top:1: confdir: two/a.conf: Not a directory\n");
}

static void count_line(void *arg, const char *file, int number, const char *text)
{
	char *seen = arg;
	char where[64];

	snprintf(where, sizeof(where), "%.20s:%d %.20s;", file, number, text);
	str_append(seen, 256, where);
}

/* For a program that gives each of its parts its own lines. */
static void a_walk_hands_on_what_counts(void **state)
{
	char seen[256] = "";
	const struct cfg_walk walk = {.line = count_line, .arg = seen};

	(void)state;
	put("inc", "any thing\n");
	put("top", "# no\n\nfirst\ninclude inc\n last\n");
	assert_int_equal(cfg_walk_file(&walk, "top"), 0);
	assert_string_equal(seen, "top:3 first;inc:1 any thing;top:5  last;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(defaults_then_file_then_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(
			complaints_are_told_in_order_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_cannot_be_read_is_an_errno, setup, teardown),
		cmocka_unit_test_setup_teardown(large_files_and_lines_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(nul_bytes_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(includes_follow_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(depth_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(pipes_keep_nobody_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(
			directories_are_read_by_name_first_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(a_walk_hands_on_what_counts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
