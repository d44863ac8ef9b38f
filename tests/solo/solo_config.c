/* SPDX-License-Identifier: MIT */
#include "tests/solo/solo_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/directive.h"
#include "common/io/cfgload.h"

struct router {
	const struct stage *const *stages;
	void **configs;
	int errors;
};

enum owner { OWNER_NONE, OWNER_TOLERATES, OWNER_YES };

static enum owner owner_of(const struct stage *stage, const char *word, size_t length)
{
	const struct directive *d = stage->directives;

	for (; d && d->word; d++)
		if (strlen(d->word) == length && !strncasecmp(d->word, word, length))
			return d->ignored ? OWNER_TOLERATES : OWNER_YES;
	return OWNER_NONE;
}

/* chronyd knows it and no stage here has a use for it. */
static bool is_chronys(const char *word, size_t length)
{
	char one[32];

	if (length >= sizeof(one))
		return false;
	memcpy(one, word, length);
	one[length] = '\0';
	return directive_place(one) != NULL;
}

static void parse(struct router *r, int stage, const char *file, int number, const char *text)
{
	struct directive_parser p = {.table = r->stages[stage]->directives,
		.config = r->configs[stage],
		.file = file,
		.line = number};

	if (directive_line(&p, text) != DIRECTIVE_WRONG)
		return;
	if (p.soft) {
		log_warnx("%s; this source is off", p.error);
	} else {
		log_errx("%s", p.error);
		r->errors++;
	}
}

static void on_line(void *arg, const char *file, int number, const char *text)
{
	struct router *r = arg;
	const char *word = text + strspn(text, " \t\r");
	size_t length = strcspn(word, " \t\r");
	enum owner best = OWNER_NONE;

	for (int i = 0; r->stages[i]; i++) {
		enum owner owner = owner_of(r->stages[i], word, length);

		if (owner == OWNER_YES)
			parse(r, i, file, number, text);
		best = owner > best ? owner : best;
	}
	if (best == OWNER_NONE && is_chronys(word, length))
		best = OWNER_TOLERATES;
	if (best == OWNER_TOLERATES)
		log_info("%s:%d: %.*s: without effect here", file, number, (int)length, word);
	if (best != OWNER_NONE)
		return;
	log_errx("%s:%d: %.*s: unknown directive", file, number, (int)length, word);
	r->errors++;
}

static void on_problem(void *arg, const char *text)
{
	struct router *r = arg;

	log_errx("%s", text);
	r->errors++;
}

int solo_config_load(const struct stage *const *stages, const char *file, const char *const *extra,
	void **ret_configs)
{
	struct router r = {.stages = stages, .configs = ret_configs};
	struct cfg_walk walk = {.line = on_line, .problem = on_problem, .arg = &r};
	int rc = 0;

	for (int i = 0; stages[i]; i++) {
		ret_configs[i] = calloc(1, stages[i]->config_size + 1);
		if (!ret_configs[i])
			return -ENOMEM;
		directive_defaults(stages[i]->directives, ret_configs[i]);
	}
	if (file)
		rc = cfg_walk_file(&walk, file);
	if (rc < 0) {
		log_errx("%s: %s", file, strerror(-rc));
		return rc;
	}
	for (int i = 0; extra && extra[i]; i++)
		cfg_walk_text(&walk, "argument", i + 1, extra[i]);
	return r.errors ? -EINVAL : 0;
}
