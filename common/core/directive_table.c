/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include "common/core/bytes.h"
#include "common/core/directive_private.h"

const char *directive_include_word(int i)
{
	static const char *const words[] = {"include", "confdir", "sourcedir"};

	return i < 3 ? words[i] : NULL;
}

int directive_fields(const struct directive_field *f)
{
	int n = 0;

	while (f && f[n].word)
		n++;
	return n;
}

const struct directive_field *directive_field_at(const struct directive *d, int i)
{
	int positional = directive_fields(d->positional);

	if (i < positional)
		return &d->positional[i];
	return i - positional < directive_fields(d->options) ? &d->options[i - positional] : NULL;
}

void directive_append_usage(const struct directive *d, char *text, size_t size)
{
	const struct directive_field *f = d->positional;

	str_append(text, size, d->word);
	for (; f && f->word; f++) {
		str_append(text, size, f->optional ? " [" : " ");
		str_append(text, size, f->word);
		str_append(text, size, f->optional ? "]" : "");
	}
	if (directive_fields(d->options) > 0)
		str_append(text, size, " [option...]");
}

static void check_field(const struct directive_field *f)
{
	assert(f->type != FIELD_STRING || f->size > 1);
	assert(f->type != FIELD_ENUM || f->choices);
	assert((f->type != FIELD_INT && f->type != FIELD_DOUBLE) || f->min < f->max);
	assert(f->type != FIELD_FLAG || !f->fallback);
}

/* A table is a program's own work: what is wrong with it shows at the first start. */
static void check_directive(const struct directive *d)
{
	const struct directive_field *f = d->positional;
	bool optional = false;

	for (; f && f->word; f++) {
		check_field(f);
		assert(f->type != FIELD_FLAG);
		assert(f->optional || !optional);
		optional = f->optional;
	}
	for (f = d->options; f && f->word; f++)
		check_field(f);
	assert(directive_fields(d->options) <= DIRECTIVE_OPTIONS_MAX);
	assert(d->item_size == 0 || d->max_items > 0);
	assert(!d->flag || d->given != SIZE_MAX);
}

static bool stands_once(const struct directive *d)
{
	return d->item_size == 0 && !d->ignored;
}

/* Does a field of the table lie at this offset of the configuration? A forgotten
 * .given = SIZE_MAX is 0 and would write over what lies first. */
static bool is_taken(const struct directive *table, size_t offset)
{
	const struct directive_field *f;
	const struct directive *d;
	int i;

	for (d = table; d->word; d++) {
		if (d->item_size > 0 && (d->list == offset || d->count == offset))
			return true;
		for (i = 0; stands_once(d) && (f = directive_field_at(d, i)) != NULL; i++) {
			if (f->offset == offset && f->type != FIELD_NOTHING)
				return true;
		}
	}
	return false;
}

void directive_defaults(const struct directive *table, void *config)
{
	const struct directive_field *f;
	const struct directive *d;
	int i;

	for (d = table; d->word; d++) {
		if (!d->ignored)
			check_directive(d);
		if (!stands_once(d))
			continue;
		assert(d->given == SIZE_MAX || !is_taken(table, d->given));
		for (i = 0; (f = directive_field_at(d, i)) != NULL; i++)
			directive_value_default(f, config);
	}
}
