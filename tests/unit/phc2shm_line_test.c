/* SPDX-License-Identifier: MIT */
/* The log lines of tests/golden/phc2shm/lines.txt, to the letter. */
#include "tcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phc2shm/core/line.h"
#include "phc2shm/core/summary.h"

#define GOLDEN "tests/golden/phc2shm/lines.txt"

static void add_list(struct summary *s, char *list)
{
	char *save = NULL;

	if (strcmp(list, "-") == 0)
		return;
	for (char *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save))
		summary_add(s, atof(p));
}

static void produce(char *line, char *ret, size_t size)
{
	char kind[16], a[64], b[64], c[64];
	struct summary offset = {0}, delay = {0};

	assert_int_equal(sscanf(line, "%15s %63s %63s %63s", kind, a, b, c), 4);
	if (strcmp(kind, "sample") == 0) {
		line_sample(ret, size, a, atoll(b), strcmp(c, "-") == 0 ? -1 : atoll(c));
	} else if (strcmp(kind, "summary") == 0) {
		add_list(&offset, b);
		add_list(&delay, c);
		line_summary(ret, size, a, &offset, &delay);
	} else {
		assert_string_equal(kind, "prefix");
		line_prefix(ret, size, atoll(a), strcmp(c, "-") == 0 ? NULL : c, atoi(b));
	}
}

static void lines_are_those_of_phc2sys(void **state)
{
	char line[256], got[LINE_SIZE_MAX] = "", barred[LINE_SIZE_MAX + 2];
	FILE *f = fopen(GOLDEN, "r");
	int cases = 0;

	(void)state;
	if (!f)
		fail_msg("%s is not there: run from the top of the tree", GOLDEN);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (line[0] != '|') {
			produce(line, got, sizeof(got));
			continue;
		}
		(void)snprintf(barred, sizeof(barred), "|%s|", got);
		assert_string_equal(barred, line);
		cases++;
	}
	(void)fclose(f);
	assert_int_equal(cases, 12);
}

static void a_short_buffer_stays_terminated(void **state)
{
	char small[8], tag[400];

	(void)state;
	memset(tag, 't', sizeof(tag) - 1);
	tag[sizeof(tag) - 1] = '\0';
	line_sample(small, sizeof(small), "CLOCK_REALTIME", INT64_MIN, INT64_MAX);
	assert_int_equal(strlen(small), 7);
	line_prefix(small, sizeof(small), INT64_MAX, tag, 7);
	assert_int_equal(strlen(small), 7);
}

static void statistics_are_of_the_values_themselves(void **state)
{
	struct summary s = {0};
	struct summary_result r;

	(void)state;
	assert_false(summary_get(&s, &r));
	for (int i = 0; i < 1000; i++)
		summary_add(&s, 1e12 + (i % 2 ? 3 : -3));
	assert_true(summary_get(&s, &r));
	assert_near_double(r.mean, 1e12, 0.01);
	assert_near_double(r.sd, 3, 1e-3);
	assert_near_double(r.max_abs, 1e12 + 3, 1e-3);
	assert_near_double(r.rms, 1e12, 0.01);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_of_phc2sys),
		cmocka_unit_test(a_short_buffer_stays_terminated),
		cmocka_unit_test(statistics_are_of_the_values_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
