/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "common/core/bytes.h"
#include "common/core/directive_private.h"

struct dump {
	bool changed_only;
	void (*out)(void *arg, const char *line);
	void *arg;
	char line[DIRECTIVE_OUT_MAX];
};

static void append_value(struct dump *s, const struct directive_field *f, const void *base)
{
	char value[DIRECTIVE_LINE_MAX + 1];

	directive_value_format(f, base, value, sizeof(value));
	str_append(s->line, sizeof(s->line), " ");
	str_append(s->line, sizeof(s->line), value);
}

/* A default that was never written (no fallback) may lie outside the range: it cannot be said. */
static bool has_fallback(const struct directive_field *f)
{
	return f->fallback && f->fallback[0] != '\0';
}

static bool is_shown(const struct dump *s, const struct directive_field *f, const void *base)
{
	if (!directive_value_is_default(f, base))
		return true;
	return !s->changed_only && has_fallback(f);
}

/* Arguments that must stand in the line: required ones, and all up to the last one to be shown. */
static int arguments_shown(const struct dump *s, const struct directive_field *f, const void *base)
{
	int n = directive_fields(f), shown = 0, i;

	for (i = 0; i < n; i++) {
		if (!f[i].optional || !directive_value_is_default(&f[i], base))
			shown = i + 1;
	}
	while (shown < n && is_shown(s, &f[shown], base))
		shown++;
	return shown;
}

static bool flag_at(const void *base, size_t offset)
{
	return *(const bool *)((const char *)base + offset);
}

static void dump_option(struct dump *s, const struct directive_field *f, const void *base)
{
	if (f->type == FIELD_NOTHING || !is_shown(s, f, base))
		return;
	str_append(s->line, sizeof(s->line), " ");
	str_append(s->line, sizeof(s->line), f->word);
	if (directive_has_value(f))
		append_value(s, f, base);
}

static void dump_line(struct dump *s, const struct directive *d, const void *base)
{
	const struct directive_field *f;
	int n = arguments_shown(s, d->positional, base), i;

	str_copy(s->line, sizeof(s->line), d->word);
	for (i = 0; i < n; i++) {
		if (d->positional[i].type == FIELD_NOTHING)
			str_append(s->line, sizeof(s->line), " -"); /* holds the place */
		else
			append_value(s, &d->positional[i], base);
	}
	for (f = d->options; f && f->word; f++)
		dump_option(s, f, base);
	s->out(s->arg, s->line);
}

/* Whether a line of a directive that stands once must, or may, be written. */
static bool is_line_shown(const struct dump *s, const struct directive *d, const void *config)
{
	const struct directive_field *f;
	bool changed = false, shown = false, sayable = true;
	int i;

	if (d->given != SIZE_MAX)
		return flag_at(config, d->given);
	for (i = 0; (f = directive_field_at(d, i)) != NULL; i++) {
		changed = changed || !directive_value_is_default(f, config);
		shown = shown || is_shown(s, f, config);
		if (i < directive_fields(d->positional) && !f->optional && !has_fallback(f))
			sayable = false;
	}
	return changed || (shown && sayable);
}

/* Directives that fill one list ("server" and "pool") mark their items with the bool at given. */
static const struct directive *owner(
	const struct directive *table, const struct directive *first, const void *item)
{
	const struct directive *d, *unmarked = NULL;

	for (d = table; d->word; d++) {
		if (d->ignored || d->item_size == 0 || d->list != first->list)
			continue;
		if (d->given == SIZE_MAX)
			unmarked = unmarked ? unmarked : d;
		else if (flag_at(item, d->given))
			return d;
	}
	return unmarked ? unmarked : first;
}

static bool is_first_of_list(const struct directive *table, const struct directive *d)
{
	const struct directive *t;

	for (t = table; t < d; t++) {
		if (!t->ignored && t->item_size > 0 && t->list == d->list)
			return false;
	}
	return true;
}

static void dump_list(struct dump *s, const struct directive *table, const struct directive *d,
	const void *config)
{
	int count, i;

	memcpy(&count, (const char *)config + d->count, sizeof(count));
	for (i = 0; i < count; i++) {
		const char *item = (const char *)config + d->list + d->item_size * (size_t)i;

		dump_line(s, owner(table, d, item), item);
	}
}

void directive_dump(const struct directive *table, const void *config, bool changed_only,
	void (*out)(void *arg, const char *line), void *arg)
{
	struct dump s = {.changed_only = changed_only, .out = out, .arg = arg};
	const struct directive *d;

	for (d = table; d->word; d++) {
		if (d->ignored)
			continue;
		if (d->item_size > 0) {
			if (is_first_of_list(table, d))
				dump_list(&s, table, d, config);
		} else if (is_line_shown(&s, d, config)) {
			dump_line(&s, d, config);
		}
	}
}

static void hash_line(void *arg, const char *line)
{
	uint64_t hash = *(uint64_t *)arg;

	for (; *line != '\0'; line++)
		hash = (hash ^ (uint8_t)*line) * UINT64_C(0x100000001b3);
	*(uint64_t *)arg = (hash ^ '\n') * UINT64_C(0x100000001b3);
}

uint64_t directive_digest(const struct directive *table, const void *config)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	directive_dump(table, config, false, hash_line, &hash);
	return hash;
}
