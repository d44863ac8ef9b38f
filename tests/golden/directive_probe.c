/* SPDX-License-Identifier: MIT */
/*
 * directive_probe FILE [DIRECTIVE...] - loads a configuration through a table with every type of
 * field, prints each complaint as it comes, then the configuration in force.
 *
 *   directive_probe --manual     the table as mdoc list items instead
 *
 * Exit 0 if there was no error, 2 if there was, 3 if FILE cannot be read.
 */
#include <stdio.h>
#include <string.h>
#include "tests/golden/directive_table.h"
#include "common/io/cfgload.h"

static void print_line(void *arg, const char *line)
{
	(void)arg;
	printf("%s\n", line);
}

static void print_report(void *arg, enum directive_result result, bool soft, const char *text)
{
	(void)arg;
	printf("%s %s\n",
		result == DIRECTIVE_IGNORED ? "notice"
		: soft			    ? "off   "
					    : "error ",
		text);
}

int main(int argc, char **argv)
{
	static struct sample_config config;
	struct cfg_report report = {.line = print_report};
	int r;

	if (argc == 2 && strcmp(argv[1], "--manual") == 0) {
		directive_manual(sample_table, print_line, NULL);
		return 0;
	}
	if (argc < 2)
		return 1;
	r = cfg_load(sample_table, &config, argv[1], (const char *const *)argv + 2, &report);
	if (r < 0) {
		printf("%s: %s\n", argv[1], strerror(-r));
		return 3;
	}
	printf("%d errors, %d sources off, %d notices\n", report.errors, report.sources_off,
		report.notices);
	directive_dump(sample_table, &config, false, print_line, NULL);
	printf("digest %016llx\n", (unsigned long long)directive_digest(sample_table, &config));
	return report.errors > 0 ? 2 : 0;
}
