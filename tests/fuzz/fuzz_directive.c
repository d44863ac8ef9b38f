/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as lines of a configuration: no harm is done, what is wrong leaves the configuration as
 * it was and says why in one printable line, and what is right dumps to lines that parse to the
 * same.
 */
#include <stdlib.h>
#include <string.h>
#include "common/core/bytes.h"
#include "tests/golden/directive_table.h"
#include "tests/fuzz/input.h"

static void reread(void *arg, const char *line)
{
	struct directive_parser p = {
		.table = sample_table, .config = arg, .file = "dump", .line = 1};

	must(directive_line(&p, line) == DIRECTIVE_OK);
}

static void check_dump(const struct sample_config *config, bool changed_only)
{
	struct sample_config again;

	memset(&again, 0, sizeof(again));
	directive_defaults(sample_table, &again);
	directive_dump(sample_table, config, changed_only, reread, &again);
	must(memcmp(&again, config, sizeof(again)) == 0);
}

static void parse(struct sample_config *config, int number, const char *line)
{
	struct directive_parser p = {
		.table = sample_table, .config = config, .file = "f", .line = number};
	struct sample_config before;

	memcpy(&before, config, sizeof(before));
	switch (directive_line(&p, line)) {
	case DIRECTIVE_OK:
		break;
	case DIRECTIVE_WRONG:
	case DIRECTIVE_IGNORED:
		must(p.error[0] != '\0' && memchr(p.error, '\0', sizeof(p.error)));
		for (const char *c = p.error; *c != '\0'; c++)
			must(!ascii_is_control(*c));
		must(memcmp(&before, config, sizeof(before)) == 0);
		break;
	case DIRECTIVE_INCLUDE:
		must(memchr(p.include, '\0', sizeof(p.include)));
		must(memcmp(&before, config, sizeof(before)) == 0);
		break;
	case DIRECTIVE_EMPTY:
		must(memcmp(&before, config, sizeof(before)) == 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sample_config config;
	char *text = malloc(size + 1), *rest = text, *line;
	int number = 0;

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	memset(&config, 0, sizeof(config));
	directive_defaults(sample_table, &config);
	while ((line = strsep(&rest, "\n")) != NULL)
		parse(&config, ++number, line);
	check_dump(&config, false);
	check_dump(&config, true);
	free(text);
	return 0;
}
