/* SPDX-License-Identifier: MIT */
#include "tests/solo/solo_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/directive.h"
#include "common/io/cfgload.h"
#include "common/io/log.h"

struct router {
	const struct stage *const *stages;
	void **configs;
	bool check;
	int errors, sources_off;
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

static void tell(const struct router *r, enum log_level level, const char *text, const char *more)
{
	if (r->check)
		fprintf(stderr, "%s%s\n", text, more);
	else if (level == LOG_LEVEL_NOTICE)
		log_notice("%s%s", text, more);
	else if (level == LOG_LEVEL_WARN)
		log_warnx("%s%s", text, more);
	else
		log_errx("%s%s", text, more);
}

static void parse(struct router *r, int stage, const char *file, int number, const char *text)
{
	struct directive_parser p = {.table = r->stages[stage]->directives,
		.config = r->configs[stage],
		.file = file,
		.line = number};

	if (directive_line(&p, text) != DIRECTIVE_WRONG) {
		if (p.error[0])
			tell(r, LOG_LEVEL_NOTICE, p.error, "");
	} else if (p.soft) {
		tell(r, LOG_LEVEL_WARN, p.error, r->check ? "" : "; this source is off");
		r->sources_off++;
	} else {
		tell(r, LOG_LEVEL_ERR, p.error, "");
		r->errors++;
	}
}

static void nobodys(struct router *r, const char *file, int number, const char *word, size_t length)
{
	char text[DIRECTIVE_ERROR_MAX];
	bool known = is_chronys(word, length);

	(void)snprintf(text, sizeof(text), "%s:%d: %.*s: %s", file, number, (int)length, word,
		known ? "has no effect here" : "unknown directive");
	tell(r, known ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERR, text, "");
	r->errors += !known;
}

static void on_line(void *arg, const char *file, int number, const char *text)
{
	struct router *r = arg;
	const char *word = text + strspn(text, " \t\r");
	size_t length = strcspn(word, " \t\r");
	int tolerant = -1, owners = 0;

	for (int i = 0; r->stages[i]; i++) {
		enum owner owner = owner_of(r->stages[i], word, length);

		if (owner == OWNER_YES) {
			parse(r, i, file, number, text);
			owners++;
		} else if (owner == OWNER_TOLERATES) {
			tolerant = i;
		}
	}
	if (owners > 0)
		return;
	if (tolerant >= 0)
		parse(r, tolerant, file, number, text);
	else
		nobodys(r, file, number, word, length);
}

static void on_problem(void *arg, const char *text)
{
	struct router *r = arg;

	tell(r, LOG_LEVEL_ERR, text, "");
	r->errors++;
}

int solo_config_load(const struct stage *const *stages, const char *file, const char *const *extra,
	bool check, void **ret_configs)
{
	struct router r = {.stages = stages, .configs = ret_configs, .check = check};
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
		char text[DIRECTIVE_ERROR_MAX];

		(void)snprintf(text, sizeof(text), "configuration %s cannot be read: %s", file,
			strerror(-rc));
		tell(&r, LOG_LEVEL_ERR, text, "");
		return rc;
	}
	for (int i = 0; extra && extra[i]; i++)
		cfg_walk_text(&walk, "argument", i + 1, extra[i]);
	return r.errors || (check && r.sources_off) ? -EINVAL : 0;
}
