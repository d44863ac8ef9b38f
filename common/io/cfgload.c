/* SPDX-License-Identifier: MIT */
#include "common/io/cfgload.h"

struct load {
	struct directive_parser parser;
	struct cfg_report *report;
};

static void tell(struct load *s, enum directive_result result, bool soft, const char *text)
{
	if (result == DIRECTIVE_IGNORED)
		s->report->notices++;
	else if (soft)
		s->report->sources_off++;
	else
		s->report->errors++;
	if (s->report->line)
		s->report->line(s->report->arg, result, soft, text);
}

static void load_line(void *arg, const char *file, int number, const char *text)
{
	struct load *s = arg;
	enum directive_result result;

	s->parser.file = file;
	s->parser.line = number;
	result = directive_line(&s->parser, text);
	if (result == DIRECTIVE_WRONG || result == DIRECTIVE_IGNORED)
		tell(s, result, s->parser.soft, s->parser.error);
	else if (result == DIRECTIVE_OK && s->parser.error[0] != '\0')
		tell(s, DIRECTIVE_IGNORED, false, s->parser.error);
}

static void load_problem(void *arg, const char *text)
{
	tell(arg, DIRECTIVE_WRONG, false, text);
}

int cfg_load(const struct directive *table, void *config, const char *file,
	const char *const *extra, struct cfg_report *report)
{
	struct load s = {.parser = {.table = table, .config = config}, .report = report};
	struct cfg_walk walk = {.line = load_line, .problem = load_problem, .arg = &s};
	int r, i;

	report->errors = report->sources_off = report->notices = 0;
	directive_defaults(table, config);
	if (file) {
		r = cfg_walk_file(&walk, file);
		if (r < 0)
			return r;
	}
	for (i = 0; extra && extra[i]; i++)
		cfg_walk_text(&walk, "argument", i + 1, extra[i]);
	return 0;
}
