/* SPDX-License-Identifier: MIT */
#include "common/io/daemon_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that grows up to a limit; what does not fit is left out, and the end says so. */
struct text {
	char *at;
	size_t left;
	bool full;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	if (t->full)
		return;
	va_start(args, format);
	n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->left) {
		t->full = true;
		t->at[0] = '\0';
		(void)snprintf(t->at, t->left, "...\n");
		return;
	}
	t->at += n;
	t->left -= (size_t)n;
}

static void add_line(void *arg, const char *line)
{
	add(arg, "%s\n", line);
}

static int word_ping(struct daemon *d, struct text *t)
{
	(void)d;
	add(t, "pong\n");
	return 0;
}

static int word_version(struct daemon *d, struct text *t)
{
	add(t, "%s (timebus) %s\n", d->stage->name, TIMEBUS_VERSION);
	return 0;
}

static int word_config(struct daemon *d, struct text *t)
{
	directive_dump(daemon_directives(d->stage), d->config, false, add_line, t);
	return 0;
}

static int word_reload(struct daemon *d, struct text *t)
{
	return daemon_config_reload(d, t->at, t->left);
}

static int word_stats(struct daemon *d, struct text *t)
{
	const struct bus_stats *s = bus_stats(d->bus);
	struct ts_dur up = ts_raw_sub(door_raw(d->door), d->started);

	add(t, "uptime_s %.3f\n", ts_dur_to_s(up));
	add(t, "rounds %" PRIu64 "\n", loop_rounds(d->loop));
	add(t, "published %" PRIu64 "\n", s->published);
	add(t, "dropped %" PRIu64 "\n", s->dropped);
	add(t, "received %" PRIu64 "\n", s->received);
	add(t, "refused %" PRIu64 "\n", s->refused);
	add(t, "lost %" PRIu64 "\n", s->lost);
	add(t, "snapshots %" PRIu64 "\n", s->snapshots);
	add(t, "duplicates %" PRIu64 "\n", s->duplicates);
	return 0;
}

static int word_help(struct daemon *d, struct text *t);

static const struct {
	const char *word;
	const char *help;
	int (*run)(struct daemon *d, struct text *t);
} builtin[] = {
	{"ping", "answers pong", word_ping},
	{"version", "name and version", word_version},
	{"config", "the configuration in force", word_config},
	{"reload", "reads the configuration again", word_reload},
	{"stats", "counters of loop and bus", word_stats},
	{"help", "this list", word_help},
};

#define BUILTIN_COUNT (sizeof(builtin) / sizeof(builtin[0]))

static int word_help(struct daemon *d, struct text *t)
{
	const struct stage_control *c = d->stage->controls;

	for (size_t i = 0; i < BUILTIN_COUNT; i++)
		add(t, "%-28s %s\n", builtin[i].word, builtin[i].help);
	for (; c && c->word; c++)
		add(t, "%-28s %s\n", c->usage ? c->usage : c->word, c->help ? c->help : "");
	return 0;
}

int daemon_control(void *arg, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	struct daemon *d = arg;
	struct text t = {.at = reply, .left = reply_size};
	const struct stage_control *c = d->stage->controls;
	int r = -EINVAL;

	if (argc < 1 || reply_size == 0)
		return r;
	reply[0] = '\0';
	for (size_t i = 0; i < BUILTIN_COUNT; i++) {
		if (!strcmp(argv[0], builtin[i].word))
			return builtin[i].run(d, &t);
	}
	for (; c && c->word; c++) {
		if (strcmp(argv[0], c->word) != 0)
			continue;
		r = c->run(d->state, argc, argv, reply, reply_size);
		daemon_rearm(d);
		return r;
	}
	add(&t, "'%.40s' is not a word of %s; see help\n", argv[0], d->stage->name);
	return r;
}
