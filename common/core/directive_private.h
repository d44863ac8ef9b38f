/* SPDX-License-Identifier: MIT */
/*
 * directive_private.h - the parts directive*.c share: words of a line, values of a field. Pure.
 */
#ifndef TB_DIRECTIVE_PRIVATE_H
#define TB_DIRECTIVE_PRIVATE_H

#include "common/core/directive.h"

/* ---- words ---- */

struct directive_words {
	int count;
	const char *word[DIRECTIVE_WORDS_MAX]; /* into text */
	char text[DIRECTIVE_LINE_MAX + 1];
};

/* Splits a line; a comment or blank line has no words. 0, or -EINVAL with a text in error. */
int directive_split(struct directive_words *w, const char *line, char *error, size_t error_size);

/* Appends a word of the line to a message: cut to 40 bytes, control characters as '?'. */
void directive_append_word(char *text, size_t size, const char *word);

/* Ends a text that was cut with "...". */
void directive_ellipsis(char *text, size_t size);

/* ---- values: base is the item, or the configuration where there is no list ---- */

/* Stores word in the field. 0, or -EINVAL with a text in error that begins with the field's name;
 * nothing is stored then. FIELD_FLAG and FIELD_NOTHING have no value: asserted. */
int directive_value_parse(const struct directive_field *f, void *base, const char *word,
	char *error, size_t error_size);

void directive_value_default(const struct directive_field *f, void *base);
bool directive_value_is_default(const struct directive_field *f, const void *base);

/* As it would be written in a line, quoted if need be. "" for flags. */
void directive_value_format(
	const struct directive_field *f, const void *base, char *text, size_t size);

/* Appends what the field may hold: "from -7 to 24", "one of a, b, c". */
void directive_value_append_allowed(const struct directive_field *f, char *text, size_t size);

/* Bytes that the field takes in the struct. 0: FIELD_NOTHING. */
size_t directive_value_size(const struct directive_field *f);

/* ---- tables ---- */

/* An option that is followed by a value. */
static inline bool directive_has_value(const struct directive_field *f)
{
	return f->type == FIELD_NOTHING ? f->max > 0 : f->type != FIELD_FLAG;
}

#define DIRECTIVE_OPTIONS_MAX 64 /* bits of the set of those seen in a line */

/* Number of fields before the one without a word. */
int directive_fields(const struct directive_field *f);

/* Every field of the directive in turn: positional ones first. NULL after the last. */
const struct directive_field *directive_field_at(const struct directive *d, int i);

/* The word of directives that every table has without listing them: include and its like; NULL
 * after the last. */
const char *directive_include_word(int i);

/* Appends "makestep threshold [limit]" and, where there are options, " [option...]". */
void directive_append_usage(const struct directive *d, char *text, size_t size);

/* The nearest of the candidates within two edits, or NULL. next gives the i-th candidate, NULL
 * after the last. */
const char *directive_nearest(
	const char *word, const char *(*next)(const void *of, int i), const void *of);

/* Largest line that dump and manual write. */
#define DIRECTIVE_OUT_MAX 4096

#endif
