/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/unit/tcheck.h"
#include "tests/golden/directive_table.h"
#include "common/core/bytes.h"
#include "common/core/prng.h"

static struct sample_config fresh(void)
{
	struct sample_config c;

	memset(&c, 0, sizeof(c));
	directive_defaults(sample_table, &c);
	return c;
}

static enum directive_result parse(struct sample_config *c, const char *line, char *error)
{
	struct directive_parser p = {
		.table = sample_table, .config = c, .file = "x.conf", .line = 7};
	enum directive_result r = directive_line(&p, line);

	if (error)
		memcpy(error, p.error, sizeof(p.error));
	return r;
}

static void assert_wrong(const char *line, const char *expected)
{
	struct sample_config c = fresh(), before;
	char error[DIRECTIVE_ERROR_MAX];

	memcpy(&before, &c, sizeof(c));
	assert_int_equal(parse(&c, line, error), DIRECTIVE_WRONG);
	assert_string_equal(error, expected);
	assert_memory_equal(&c, &before, sizeof(c));
}

static void defaults_come_from_the_table(void **state)
{
	struct sample_config c = fresh();

	(void)state;
	assert_int_equal(c.leapsecmode, 0);
	assert_int_equal(c.drift_interval_s, 3600);
	assert_int_equal(c.local_stratum, 10);
	assert_int_equal(c.local_refid, 0x4c4f434c);
	assert_near_double(c.maxslewrate_ppm, 83333.333, 0);
	assert_false(c.rtcsync);
	assert_int_equal(c.sources, 0);
}

static void a_line_fills_its_fields(void **state)
{
	struct sample_config c = fresh();

	(void)state;
	assert_int_equal(parse(&c, "  MakeStep\t0.1 -1  # why", NULL), DIRECTIVE_OK);
	assert_near_double(c.makestep_s, 0.1, 0);
	assert_int_equal(c.makestep_limit, -1);
	assert_int_equal(
		parse(&c, "server A.example IBURST maxpoll 7 refid gps mode XLeave\r", NULL),
		DIRECTIVE_OK);
	assert_int_equal(c.sources, 1);
	assert_string_equal(c.source[0].name, "A.example");
	assert_true(c.source[0].iburst);
	assert_false(c.source[0].pool);
	assert_int_equal(c.source[0].minpoll, 6);
	assert_int_equal(c.source[0].maxpoll, 7);
	assert_int_equal(c.source[0].refid, 0x67707300);
	assert_int_equal(c.source[0].xleave, 1);
}

static void items_start_from_defaults(void **state)
{
	struct sample_config c = fresh();

	(void)state;
	assert_int_equal(parse(&c, "pool a minpoll 1 maxpoll 2 prefer", NULL), DIRECTIVE_OK);
	assert_int_equal(parse(&c, "server b", NULL), DIRECTIVE_OK);
	assert_true(c.source[0].pool);
	assert_false(c.source[1].pool);
	assert_false(c.source[1].prefer);
	assert_int_equal(c.source[1].minpoll, 6);
	assert_int_equal(c.source[1].maxpoll, 10);
}

static void the_last_line_counts_as_a_whole(void **state)
{
	struct sample_config c = fresh();

	(void)state;
	assert_int_equal(parse(&c, "local stratum 3 orphan refid ABC", NULL), DIRECTIVE_OK);
	assert_int_equal(parse(&c, "local", NULL), DIRECTIVE_OK);
	assert_true(c.local);
	assert_int_equal(c.local_stratum, 10);
	assert_false(c.local_orphan);
}

static void comments_and_blanks_are_empty(void **state)
{
	static const char *const lines[] = {
		"", "   \t", "# x", "! x", "; x", "% x", "  #\x01", "\r"};
	struct sample_config c = fresh();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(parse(&c, lines[i], NULL), DIRECTIVE_EMPTY);
	assert_int_equal(parse(&c, "rtcsync # \xc3\xa9 \x01", NULL), DIRECTIVE_OK);
	/* inside a word it is part of it, as in chrony */
	assert_int_equal(parse(&c, "driftfile a#b", NULL), DIRECTIVE_OK);
	assert_string_equal(c.driftfile, "a#b");
}

static void quotes_hold_blanks(void **state)
{
	struct sample_config c = fresh();

	(void)state;
	assert_int_equal(parse(&c, "driftfile \"a # b  c\" interval 5", NULL), DIRECTIVE_OK);
	assert_string_equal(c.driftfile, "a # b  c");
	assert_int_equal(c.drift_interval_s, 5);
	assert_int_equal(parse(&c, "driftfile a\"b", NULL), DIRECTIVE_OK);
	assert_string_equal(c.driftfile, "a\"b");
}

static void options_may_stand_before_optional_arguments(void **state)
{
	struct sample_config c = fresh();

	(void)state;
	assert_int_equal(parse(&c, "allow all 10.0.0.0/8", NULL), DIRECTIVE_OK);
	assert_int_equal(parse(&c, "deny 10.1.0.0/16", NULL), DIRECTIVE_OK);
	assert_int_equal(parse(&c, "allow", NULL), DIRECTIVE_OK);
	assert_true(c.rule[0].all && !c.rule[0].deny);
	assert_string_equal(c.rule[0].subnet, "10.0.0.0/8");
	assert_true(c.rule[1].deny);
	assert_string_equal(c.rule[2].subnet, "");
	/* a required argument may look like an option */
	assert_int_equal(parse(&c, "server prefer prefer", NULL), DIRECTIVE_OK);
	assert_string_equal(c.source[0].name, "prefer");
}

static void numbers_are_plain_and_in_range(void **state)
{
	static const char *const bad[] = {"nan", "inf", "-inf", "0x10", "1e999", "", "1s", "--1",
		"+", ".", "e5", "1e", "1,5", "infinity", "1e400", "0x1p3"};
	char line[64], error[DIRECTIVE_ERROR_MAX];
	struct sample_config c = fresh();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "numbers 1 \"%s\"", bad[i]);
		assert_int_equal(parse(&c, line, error), DIRECTIVE_WRONG);
	}
	assert_int_equal(parse(&c, "numbers 2147483647 -1.5e-3", NULL), DIRECTIVE_OK);
	assert_int_equal(c.free_number, 2147483647);
	assert_near_double(c.free_real, -1.5e-3, 0);
	assert_int_equal(parse(&c, "numbers 2147483648", NULL), DIRECTIVE_WRONG);
	assert_int_equal(parse(&c, "numbers 1.0", NULL), DIRECTIVE_WRONG);
	assert_int_equal(parse(&c, "numbers 99999999999999999999", NULL), DIRECTIVE_WRONG);
	assert_int_equal(parse(&c, "numbers -2147483648 .5", NULL), DIRECTIVE_OK);
	assert_int_equal(parse(&c, "numbers 08 5.", NULL), DIRECTIVE_OK);
	assert_int_equal(c.free_number, 8);
}

static void wrong_lines_say_what_and_leave_all_as_it_was(void **state)
{
	(void)state;
	assert_wrong(
		"makestp 1 3", "x.conf:7: makestp: unknown directive (did you mean makestep?)");
	assert_wrong("server x maxpoll 99", "x.conf:7: 99: maxpoll must be from -7 to 24");
	assert_wrong("makestep 1", "x.conf:7: makestep: limit is missing "
				   "(usage: makestep threshold limit)");
	assert_wrong("makestep 0 1", "x.conf:7: makestep: a limit needs a threshold above 0");
	assert_wrong("local stratum 3 stratum 4", "x.conf:7: stratum: stands twice in this line");
	assert_wrong("driftfile \"\"", "x.conf:7: \"\": file must not be empty");
	assert_wrong("makestep \x1b[m 1",
		"x.conf:7: makestep: byte 0x1b at column 10 is not printable ASCII");
	assert_wrong("driftfile abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
		"x.conf:7: abcdefghijklmnopqrstuvwxyzabcdefghijk...: file is longer than 39 "
		"characters");
}

static void a_wrong_source_is_soft(void **state)
{
	struct sample_config c = fresh();
	struct directive_parser p = {
		.table = sample_table, .config = &c, .file = "x.conf", .line = 1};

	(void)state;
	assert_int_equal(directive_line(&p, "server a minpoll 11"), DIRECTIVE_WRONG);
	assert_true(p.soft);
	assert_int_equal(directive_line(&p, "server \"a"), DIRECTIVE_WRONG);
	assert_true(p.soft);
	assert_int_equal(directive_line(&p, "makestep a b"), DIRECTIVE_WRONG);
	assert_false(p.soft);
	assert_int_equal(c.sources, 0);
}

static void a_full_list_takes_no_more(void **state)
{
	struct sample_config c = fresh(), before;
	char error[DIRECTIVE_ERROR_MAX];
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(parse(&c, i == 1 ? "pool x" : "server x", NULL), DIRECTIVE_OK);
	memcpy(&before, &c, sizeof(c));
	assert_int_equal(parse(&c, "server y", error), DIRECTIVE_WRONG);
	assert_string_equal(error, "x.conf:7: server: list is full (at most 3)");
	assert_memory_equal(&c, &before, sizeof(c));
}

static void includes_are_handed_on(void **state)
{
	struct sample_config c = fresh();
	struct directive_parser p = {
		.table = sample_table, .config = &c, .file = "x.conf", .line = 1};
	char line[700] = "include ";

	(void)state;
	assert_int_equal(directive_line(&p, "Include \"/etc/a b/*.conf\""), DIRECTIVE_INCLUDE);
	assert_int_equal(p.include_kind, INCLUDE_FILE);
	assert_string_equal(p.include, "/etc/a b/*.conf");
	assert_int_equal(directive_line(&p, "confdir /a /b"), DIRECTIVE_INCLUDE);
	assert_int_equal(p.include_kind, INCLUDE_CONFDIR);
	assert_string_equal(p.include, "/a\n/b");
	assert_int_equal(directive_line(&p, "sourcedir /s"), DIRECTIVE_INCLUDE);
	assert_int_equal(p.include_kind, INCLUDE_SOURCEDIR);
	assert_int_equal(directive_line(&p, "include a b"), DIRECTIVE_WRONG);
	assert_int_equal(directive_line(&p, "include"), DIRECTIVE_WRONG);
	memset(line + 8, 'x', 600);
	assert_int_equal(directive_line(&p, line), DIRECTIVE_WRONG);
}

static void lines_and_words_have_limits(void **state)
{
	static char line[DIRECTIVE_LINE_MAX + 16];
	struct sample_config c = fresh();
	char error[DIRECTIVE_ERROR_MAX];
	size_t i;

	(void)state;
	memset(line, 'x', DIRECTIVE_LINE_MAX);
	assert_int_equal(parse(&c, line, error), DIRECTIVE_WRONG);
	assert_non_null(strstr(error, "unknown directive"));
	line[DIRECTIVE_LINE_MAX] = 'x';
	assert_int_equal(parse(&c, line, error), DIRECTIVE_WRONG);
	assert_non_null(strstr(error, "longer than 2048"));
	for (i = 0; i < 2 * DIRECTIVE_WORDS_MAX; i++)
		line[i] = i % 2 ? ' ' : 'x';
	line[i] = '\0';
	assert_int_equal(parse(&c, line, error), DIRECTIVE_WRONG);
	assert_non_null(strstr(error, "unknown directive"));
	line[i] = 'x';
	line[i + 1] = '\0';
	assert_int_equal(parse(&c, line, error), DIRECTIVE_WRONG);
	assert_non_null(strstr(error, "more than 160 words"));
}

/* A table whose list of options is longer than a message. */
static void long_lists_end_with_an_ellipsis(void **state)
{
	static struct directive_field options[41];
	static char words[40][20];
	const struct directive table[] = {
		{.word = "thing", .options = options, .given = SIZE_MAX}, {.word = NULL}};
	static bool flags[40];
	struct directive_parser p = {.table = table, .config = flags, .file = "x", .line = 1};
	size_t i;

	(void)state;
	for (i = 0; i < 40; i++) {
		snprintf(words[i], sizeof(words[i]), "option-number-%zu", i);
		options[i] = (struct directive_field){.word = words[i], .offset = i};
	}
	assert_int_equal(directive_line(&p, "thing zzz"), DIRECTIVE_WRONG);
	assert_int_equal(strlen(p.error), DIRECTIVE_ERROR_MAX - 1);
	assert_string_equal(p.error + strlen(p.error) - 3, "...");
}

/* ---- parse(dump(parse(x))) == parse(x) ---- */

static const char *const vocabulary[] = {"makestep", "rtcsync", "driftfile", "interval",
	"leapsecmode", "slew", "ignore", "local", "stratum", "orphan", "refid", "activate",
	"maxslewrate", "numbers", "log", "tracking", "statistics", "banner", "server", "server",
	"pool", "iburst", "prefer", "minpoll", "maxpoll", "offset", "mode", "xleave", "basic",
	"copy", "allow", "deny", "all", "pidfile", "include", "\"a b\"", "\"# x\"", "\"\"", "\"a",
	"#", "x#", "1", "-3", "0", "7", "0.1", "1e-9", "3.0000000000000004", "-0", "1e308", "99",
	"GPS", "\"G P\"", "LOCL", "10.0.0.1", "!x", "\"!x\"", "nan", "ntp.example"};

static void random_line(struct prng *g, char *line, size_t size)
{
	size_t words = 1 + prng_below(g, 6), n = sizeof(vocabulary) / sizeof(vocabulary[0]);

	line[0] = '\0';
	while (words-- > 0) {
		str_append(line, size, vocabulary[prng_below(g, n)]);
		str_append(line, size, prng_below(g, 8) == 0 ? "\t " : " ");
	}
}

struct collected {
	struct sample_config config;
	char text[4096];
};

static void collect(void *arg, const char *line)
{
	struct collected *c = arg;
	char error[DIRECTIVE_ERROR_MAX];

	if (parse(&c->config, line, error) != DIRECTIVE_OK) {
		print_error("'%s': %s\n", line, error);
		fail();
	}
	assert_true(str_append(c->text, sizeof(c->text), line));
	assert_true(str_append(c->text, sizeof(c->text), "\n"));
}

static void check_dump(const struct sample_config *c, bool changed_only)
{
	struct collected first, second;

	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	first.config = fresh();
	second.config = fresh();
	directive_dump(sample_table, c, changed_only, collect, &first);
	if (memcmp(&first.config, c, sizeof(*c)) != 0)
		print_error("%s", first.text);
	assert_memory_equal(&first.config, c, sizeof(*c));
	directive_dump(sample_table, &first.config, changed_only, collect, &second);
	assert_string_equal(first.text, second.text);
	assert_true(
		directive_digest(sample_table, c) == directive_digest(sample_table, &first.config));
}

static void dumps_parse_to_the_same(void **state)
{
	const uint64_t seed = 20260101;
	char line[512];
	struct prng g;
	int round, i, taken = 0;

	(void)state;
	prng_init(&g, seed);
	for (round = 0; round < 3000; round++) {
		struct sample_config c = fresh();

		for (i = 0; i < 40; i++) {
			struct sample_config before;

			memcpy(&before, &c, sizeof(c));
			random_line(&g, line, sizeof(line));
			if (parse(&c, line, NULL) == DIRECTIVE_OK)
				taken++;
			else
				assert_memory_equal(&c, &before, sizeof(c));
		}
		check_dump(&c, false);
		check_dump(&c, true);
	}
	/* the generator must make good lines as well */
	assert_i64_range(taken, 3000, INT64_MAX);
}

static void digests_differ_where_configurations_do(void **state)
{
	struct sample_config a = fresh(), b = fresh();

	(void)state;
	assert_int_equal(parse(&a, "local stratum 5", NULL), DIRECTIVE_OK);
	assert_int_equal(parse(&b, "local stratum 6", NULL), DIRECTIVE_OK);
	assert_true(directive_digest(sample_table, &a) != directive_digest(sample_table, &b));
	/* what is left at its default is written or not: the same */
	assert_int_equal(parse(&b, "local refid LOCL stratum 5", NULL), DIRECTIVE_OK);
	assert_true(directive_digest(sample_table, &a) == directive_digest(sample_table, &b));
}

static void count_line(void *arg, const char *line)
{
	(void)line;
	++*(int *)arg;
}

static void nothing_changed_dumps_nothing(void **state)
{
	struct sample_config c = fresh();
	int lines = 0;

	(void)state;
	directive_dump(sample_table, &c, true, count_line, &lines);
	assert_int_equal(lines, 0);
	assert_int_equal(parse(&c, "server x", NULL), DIRECTIVE_OK);
	directive_dump(sample_table, &c, true, count_line, &lines);
	assert_int_equal(lines, 1);
}

static void random_bytes_do_no_harm(void **state)
{
	struct sample_config c = fresh();
	char line[128];
	struct prng g;
	int round;

	(void)state;
	prng_init(&g, 5);
	for (round = 0; round < 20000; round++) {
		size_t n = prng_below(&g, sizeof(line)), i;

		for (i = 0; i < n; i++)
			line[i] = (char)prng_u64(&g);
		line[n] = '\0';
		parse(&c, line, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_come_from_the_table),
		cmocka_unit_test(a_line_fills_its_fields),
		cmocka_unit_test(items_start_from_defaults),
		cmocka_unit_test(the_last_line_counts_as_a_whole),
		cmocka_unit_test(comments_and_blanks_are_empty),
		cmocka_unit_test(quotes_hold_blanks),
		cmocka_unit_test(options_may_stand_before_optional_arguments),
		cmocka_unit_test(numbers_are_plain_and_in_range),
		cmocka_unit_test(wrong_lines_say_what_and_leave_all_as_it_was),
		cmocka_unit_test(a_wrong_source_is_soft),
		cmocka_unit_test(a_full_list_takes_no_more),
		cmocka_unit_test(includes_are_handed_on),
		cmocka_unit_test(lines_and_words_have_limits),
		cmocka_unit_test(long_lists_end_with_an_ellipsis),
		cmocka_unit_test(dumps_parse_to_the_same),
		cmocka_unit_test(digests_differ_where_configurations_do),
		cmocka_unit_test(nothing_changed_dumps_nothing),
		cmocka_unit_test(random_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
