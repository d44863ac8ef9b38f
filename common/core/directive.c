/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "common/core/bytes.h"
#include "common/core/directive_private.h"

#define FIELDS_BYTES  8192 /* of the fields of one directive that stands once */
#define ARGUMENTS_MAX 10   /* of confdir and sourcedir, as in chrony */

struct parse {
	struct directive_parser *p;
	const struct directive *d;
	struct directive_words words;
	int next;      /* word to look at */
	int argument;  /* positional field to fill */
	uint64_t seen; /* options of this line */
	void *base;    /* where the fields lie */
	char why[DIRECTIVE_ERROR_MAX];
};

/* ---- what was wrong ---- */

/* "FILE:LINE: WORD: what" into p->error. */
static enum directive_result wrong(struct directive_parser *p, const char *word, const char *what)
{
	char number[24];
	bool whole;

	str_copy(p->error, sizeof(p->error), "");
	if (strlen(p->file) > sizeof(p->error) / 3) {
		str_append(p->error, sizeof(p->error), "...");
		str_append(p->error, sizeof(p->error),
			p->file + strlen(p->file) - sizeof(p->error) / 3);
	} else {
		str_append(p->error, sizeof(p->error), p->file);
	}
	snprintf(number, sizeof(number), ":%d: ", p->line);
	str_append(p->error, sizeof(p->error), number);
	directive_append_word(p->error, sizeof(p->error), word);
	str_append(p->error, sizeof(p->error), ": ");
	whole = str_append(p->error, sizeof(p->error), what);
	if (!whole)
		directive_ellipsis(p->error, sizeof(p->error));
	return DIRECTIVE_WRONG;
}

static int refuse(struct parse *s, const char *word)
{
	wrong(s->p, word, s->why);
	return -EINVAL;
}

static const char *word_of_directive(const void *of, int i)
{
	const struct directive *table = of;
	int n = 0;

	while (table[n].word && n < i)
		n++;
	return table[n].word ? table[n].word : directive_include_word(i - n);
}

static const char *word_of_option(const void *of, int i)
{
	const struct directive_field *f = of;

	return f && i < directive_fields(f) ? f[i].word : NULL;
}

/* Only those with an effect: the list is an advice. */
static const char *word_in_force(const void *of, int i)
{
	const struct directive *d = of;

	for (; d->word; d++) {
		if (!d->ignored && i-- == 0)
			return d->word;
	}
	return directive_include_word(i);
}

static bool append_nearest(char *text, size_t size, const char *word,
	const char *(*next)(const void *of, int i), const void *of)
{
	const char *near = directive_nearest(word, next, of);

	if (near) {
		str_append(text, size, "did you mean ");
		str_append(text, size, near);
		str_append(text, size, "?");
	}
	return near != NULL;
}

static void append_list(
	char *text, size_t size, const char *(*next)(const void *of, int i), const void *of)
{
	const char *candidate;
	int i;

	str_append(text, size, "allowed: ");
	for (i = 0; (candidate = next(of, i)) != NULL; i++) {
		str_append(text, size, i > 0 ? ", " : "");
		str_append(text, size, candidate);
	}
}

static enum directive_result unknown_directive(struct directive_parser *p, const char *word)
{
	char why[DIRECTIVE_ERROR_MAX] = "unknown directive (";
	const char *place = directive_place(word);

	if (place)
		return wrong(p, word, place);
	if (!append_nearest(why, sizeof(why), word, word_of_directive, p->table))
		append_list(why, sizeof(why), word_in_force, p->table);
	str_append(why, sizeof(why), ")");
	return wrong(p, word, why);
}

static int unexpected(struct parse *s, const char *word)
{
	if (directive_fields(s->d->options) > 0) {
		str_copy(s->why, sizeof(s->why), "unknown option of ");
		str_append(s->why, sizeof(s->why), s->d->word);
		str_append(s->why, sizeof(s->why), " (");
		if (append_nearest(s->why, sizeof(s->why), word, word_of_option, s->d->options))
			str_append(s->why, sizeof(s->why), " ");
		append_list(s->why, sizeof(s->why), word_of_option, s->d->options);
		str_append(s->why, sizeof(s->why), ")");
	} else {
		str_copy(s->why, sizeof(s->why), "too many arguments (usage: ");
		directive_append_usage(s->d, s->why, sizeof(s->why));
		str_append(s->why, sizeof(s->why), ")");
	}
	return refuse(s, word);
}

static int missing(struct parse *s, const struct directive_field *f)
{
	str_copy(s->why, sizeof(s->why), f->word);
	str_append(s->why, sizeof(s->why), " is missing (usage: ");
	directive_append_usage(s->d, s->why, sizeof(s->why));
	str_append(s->why, sizeof(s->why), ")");
	return refuse(s, s->d->word);
}

/* ---- one line ---- */

static int parse_value(struct parse *s, const struct directive_field *f)
{
	const char *word = s->words.word[s->next++];

	if (f->type == FIELD_NOTHING)
		return 0;
	if (directive_value_parse(f, s->base, word, s->why, sizeof(s->why)) < 0)
		return refuse(s, word);
	return 0;
}

static int parse_option(struct parse *s, int i)
{
	const struct directive_field *f = &s->d->options[i];
	const char *word = s->words.word[s->next++];

	if (s->seen & UINT64_C(1) << i) {
		str_copy(s->why, sizeof(s->why), "stands twice in this line");
		return refuse(s, word);
	}
	s->seen |= UINT64_C(1) << i;
	if (f->type == FIELD_FLAG)
		*(bool *)((char *)s->base + f->offset) = true;
	if (!directive_has_value(f))
		return 0;
	if (s->next == s->words.count) {
		str_copy(s->why, sizeof(s->why), "needs a value");
		if (f->type != FIELD_NOTHING)
			str_append(s->why, sizeof(s->why), ": ");
		directive_value_append_allowed(f, s->why, sizeof(s->why));
		return refuse(s, word);
	}
	return parse_value(s, f);
}

static int find_option(const struct directive *d, const char *word)
{
	int n = directive_fields(d->options), i;

	for (i = 0; i < n; i++) {
		if (str_same_word(d->options[i].word, word))
			return i;
	}
	return -1;
}

/* Required arguments stand first. Behind them an option may stand before an optional argument
 * ("allow all 10.0.0.0/8"), so the option's word goes before. */
static int parse_words(struct parse *s)
{
	int arguments = directive_fields(s->d->positional);

	while (s->next < s->words.count) {
		const struct directive_field *f =
			s->argument < arguments ? &s->d->positional[s->argument] : NULL;
		int option = f && !f->optional ? -1 : find_option(s->d, s->words.word[s->next]);
		int r;

		if (option >= 0) {
			r = parse_option(s, option);
		} else if (f) {
			s->argument++;
			r = parse_value(s, f);
		} else {
			r = unexpected(s, s->words.word[s->next]);
		}
		if (r < 0)
			return r;
	}
	if (s->argument < arguments && !s->d->positional[s->argument].optional)
		return missing(s, &s->d->positional[s->argument]);
	return 0;
}

static void set_given(const struct directive *d, void *base)
{
	if (d->flag || d->given != SIZE_MAX)
		*(bool *)((char *)base + d->given) = true;
}

/* base holds whatever came before: defaults first, then the line, then the item's own check. */
static int parse_into(struct parse *s, void *base)
{
	char why[DIRECTIVE_ERROR_MAX] = "";
	const struct directive_field *f;
	int i;

	s->base = base;
	for (i = 0; (f = directive_field_at(s->d, i)) != NULL; i++)
		directive_value_default(f, base);
	if (parse_words(s) < 0)
		return -EINVAL;
	set_given(s->d, base);
	if (s->d->check && s->d->check(base, why, sizeof(why)) != 0) {
		wrong(s->p, s->d->word, why);
		return -EINVAL;
	}
	return 0;
}

static enum directive_result parse_item(struct parse *s)
{
	const struct directive *d = s->d;
	int *count = (int *)(void *)((char *)s->p->config + d->count);
	char *item;

	if (*count >= d->max_items) {
		snprintf(s->why, sizeof(s->why), "list is full (at most %d)", d->max_items);
		refuse(s, d->word);
		return DIRECTIVE_WRONG;
	}
	item = (char *)s->p->config + d->list + d->item_size * (size_t)*count;
	memset(item, 0, d->item_size);
	if (parse_into(s, item) < 0) {
		memset(item, 0, d->item_size);
		return DIRECTIVE_WRONG;
	}
	++*count;
	return DIRECTIVE_OK;
}

/* Copies the fields of a directive out of the configuration (or back into it). */
static void save_fields(const struct directive *d, char *config, char *saved, bool back)
{
	const struct directive_field *f;
	size_t used = 0;
	int i;

	for (i = 0; (f = directive_field_at(d, i)) != NULL; i++) {
		size_t n = directive_value_size(f);

		assert(used + n < FIELDS_BYTES);
		if (n > 0)
			memcpy(back ? config + f->offset : saved + used,
				back ? saved + used : config + f->offset, n);
		used += n;
	}
	if (d->flag || d->given != SIZE_MAX)
		memcpy(back ? config + d->given : saved + used,
			back ? saved + used : config + d->given, sizeof(bool));
}

static enum directive_result parse_single(struct parse *s)
{
	char saved[FIELDS_BYTES];

	save_fields(s->d, s->p->config, saved, false);
	if (parse_into(s, s->p->config) < 0) {
		save_fields(s->d, s->p->config, saved, true);
		return DIRECTIVE_WRONG;
	}
	return DIRECTIVE_OK;
}

/* ---- lines that the caller must act on ---- */

static enum directive_result include_usage(
	struct directive_parser *p, const char *word, const char *what, unsigned int kind)
{
	char why[DIRECTIVE_ERROR_MAX];

	str_copy(why, sizeof(why), what);
	str_append(why, sizeof(why), " (usage: ");
	str_append(why, sizeof(why), directive_include_word((int)kind));
	str_append(why, sizeof(why), kind == INCLUDE_FILE ? " file)" : " directory...)");
	return wrong(p, word, why);
}

static enum directive_result parse_include(
	struct directive_parser *p, const struct directive_words *w, unsigned int kind)
{
	int most = kind == INCLUDE_FILE ? 1 : ARGUMENTS_MAX;
	int i;

	if (w->count < 2)
		return include_usage(p, w->word[0],
			kind == INCLUDE_FILE ? "file is missing" : "directory is missing", kind);
	if (w->count - 1 > most)
		return include_usage(p, w->word[1 + most],
			kind == INCLUDE_FILE ? "too many arguments" : "more than 10 directories",
			kind);
	p->include[0] = '\0';
	for (i = 1; i < w->count; i++) {
		if (w->word[i][0] == '\0')
			return wrong(p, w->word[0], "name must not be empty");
		if (i > 1)
			str_append(p->include, sizeof(p->include), "\n");
		if (!str_append(p->include, sizeof(p->include), w->word[i]))
			return wrong(p, w->word[i], "names are too long");
	}
	p->include_kind = kind;
	return DIRECTIVE_INCLUDE;
}

static enum directive_result ignored(struct directive_parser *p, const struct directive *d)
{
	char why[DIRECTIVE_ERROR_MAX] = "has no effect here: ";

	str_append(why, sizeof(why), d->ignored);
	wrong(p, d->word, why);
	return DIRECTIVE_IGNORED;
}

static const struct directive *find_directive(const struct directive *table, const char *word)
{
	for (; table->word; table++) {
		if (str_same_word(table->word, word))
			return table;
	}
	return NULL;
}

/* A line that cannot be cut into words is still one of a source if its first word says so. */
static enum directive_result unsplit(struct parse *s)
{
	const char *word = s->words.count > 0 ? s->words.word[0] : "line";
	const struct directive *d = find_directive(s->p->table, word);

	s->p->soft = d && d->source;
	return wrong(s->p, word, s->why);
}

/* Options of the line that are read and nothing more: who wrote them shall know. */
static void note_idle_options(struct parse *s)
{
	char why[DIRECTIVE_ERROR_MAX] = "";

	for (int i = 0; i < directive_fields(s->d->options); i++) {
		const struct directive_field *f = &s->d->options[i];

		if (f->type != FIELD_NOTHING || !(s->seen & UINT64_C(1) << i))
			continue;
		str_append(why, sizeof(why), why[0] ? " " : "");
		str_append(why, sizeof(why), f->word);
		str_append(why, sizeof(why), ": ");
		str_append(why, sizeof(why), f->help);
	}
	if (why[0])
		wrong(s->p, s->d->word, why);
}

enum directive_result directive_line(struct directive_parser *p, const char *line)
{
	struct parse s = {.p = p};
	enum directive_result result;
	const char *word;
	unsigned int kind;

	p->soft = false;
	p->error[0] = '\0';
	if (directive_split(&s.words, line, s.why, sizeof(s.why)) < 0)
		return unsplit(&s);
	if (s.words.count == 0)
		return DIRECTIVE_EMPTY;

	word = s.words.word[s.next++];
	for (kind = INCLUDE_FILE; kind <= INCLUDE_SOURCEDIR; kind++) {
		if (str_same_word(directive_include_word((int)kind), word))
			return parse_include(p, &s.words, kind);
	}
	s.d = find_directive(p->table, word);
	if (!s.d)
		return unknown_directive(p, word);
	if (s.d->ignored)
		return ignored(p, s.d);
	p->soft = s.d->source;
	result = s.d->item_size > 0 ? parse_item(&s) : parse_single(&s);
	if (result == DIRECTIVE_OK)
		note_idle_options(&s);
	return result;
}
