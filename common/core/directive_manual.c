/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "common/core/bytes.h"
#include "common/core/directive_private.h"

struct manual {
	void (*out)(void *arg, const char *line);
	void *arg;
	char line[DIRECTIVE_OUT_MAX];
};

static void begin(struct manual *s, const char *text)
{
	str_copy(s->line, sizeof(s->line), text);
}

static void add(struct manual *s, const char *text)
{
	str_append(s->line, sizeof(s->line), text);
}

static void end(struct manual *s)
{
	s->out(s->arg, s->line);
}

/* Text of a table into roff: backslashes are doubled away, a line may not begin as a request. */
static void add_text(struct manual *s, const char *text)
{
	char one[2] = "";

	if (s->line[0] == '\0' && (*text == '.' || *text == '\''))
		add(s, "\\&");
	for (; *text != '\0'; text++) {
		one[0] = *text;
		add(s, *text == '\\' ? "\\e" : one);
	}
}

/* A word as argument of a macro: no short word may be taken for a macro of its own. */
static void add_word(struct manual *s, const char *macro, const char *word)
{
	add(s, " ");
	add(s, macro);
	add(s, " \\&");
	add_text(s, word);
}

static void write_text(struct manual *s, const char *text)
{
	begin(s, "");
	add_text(s, text);
	end(s);
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* Each sentence in a line of its own, as mdoc has it. Cuts text apart. */
static void write_sentences(struct manual *s, char *text)
{
	char *stop;

	while ((stop = strstr(text, ". ")) != NULL) {
		stop[1] = '\0';
		write_text(s, text);
		text = stop + 2;
	}
	write_text(s, text);
}

/* Help as a sentence: tables write theirs in either style. Names such as leap-seconds.list keep
 * their case. */
static void write_help(struct manual *s, const char *help)
{
	char text[DIRECTIVE_OUT_MAX];
	size_t i = 0, length;

	str_copy(text, sizeof(text), help);
	while (is_lower(text[i]))
		i++;
	if (i > 0 && (text[i] == '\0' || strchr(" ,:;", text[i])))
		text[0] = (char)(text[0] - 'a' + 'A');
	length = strlen(text);
	if (length > 0 && !strchr(".!?", text[length - 1]))
		str_append(text, sizeof(text), ".");
	write_sentences(s, text);
}

static void write_field(struct manual *s, const struct directive_field *f)
{
	char allowed[DIRECTIVE_ERROR_MAX] = "";

	if (f->help)
		write_help(s, f->help);
	directive_value_append_allowed(f, allowed, sizeof(allowed));
	if (allowed[0] != '\0') {
		begin(s, "Allowed: ");
		add_text(s, allowed);
		add(s, ".");
		end(s);
	}
	if (f->fallback && f->fallback[0] != '\0') {
		begin(s, "Default: ");
		add_text(s, f->fallback);
		add(s, ".");
		end(s);
	}
}

static void write_fields(struct manual *s, const struct directive_field *f, const char *macro)
{
	for (; f && f->word; f++) {
		if (f->type == FIELD_NOTHING)
			continue;
		begin(s, ".It");
		add_word(s, macro, f->word);
		if (macro[0] == 'C' && directive_has_value(f))
			add(s, " Ar value");
		end(s);
		write_field(s, f);
	}
}

/* Words in one line: "Cm a , Cm b". The line may hold some already. */
static void add_listed(struct manual *s, const char *macro, const char *word, bool first)
{
	if (!first)
		add(s, " ,");
	add_word(s, macro, word);
}

/* The words without effect, in one item. */
static void write_idle_fields(struct manual *s, const struct directive *d)
{
	const struct directive_field *f;
	bool first = true;

	begin(s, ".It");
	for (int i = 0; (f = directive_field_at(d, i)) != NULL; i++) {
		if (f->type != FIELD_NOTHING)
			continue;
		add_listed(s, "Cm", f->word, first);
		first = false;
	}
	if (first)
		return;
	end(s);
	write_text(s, "Accepted without effect.");
}

static void write_heading(struct manual *s, const struct directive *d)
{
	const struct directive_field *f;

	begin(s, ".It");
	add_word(s, "Ic", d->word);
	for (f = d->positional; f && f->word; f++)
		add_word(s, f->optional ? "Op Ar" : "Ar", f->word);
	if (directive_fields(d->options) > 0)
		add(s, " Op Ar option ...");
	end(s);
}

/* An earlier directive with the very same arguments and options, or NULL. */
static const struct directive *twin(const struct directive *table, const struct directive *d)
{
	for (const struct directive *e = table; e != d; e++) {
		if (!e->ignored && e->positional == d->positional && e->options == d->options)
			return e;
	}
	return NULL;
}

static void write_twin(struct manual *s, const struct directive *d)
{
	begin(s, "Arguments and options are those of");
	end(s);
	begin(s, ".Ic");
	add(s, " \\&");
	add_text(s, d->word);
	add(s, " .");
	end(s);
}

static void write_directive(
	struct manual *s, const struct directive *table, const struct directive *d)
{
	const struct directive *same = twin(table, d);

	write_heading(s, d);
	if (d->help)
		write_help(s, d->help);
	if (d->item_size > 0)
		write_text(s, "May be given more than once.");
	if (!directive_field_at(d, 0))
		return;
	if (same) {
		write_twin(s, same);
		return;
	}
	s->out(s->arg, ".Bl -tag -width Ds -compact");
	write_fields(s, d->positional, "Ar");
	write_fields(s, d->options, "Cm");
	write_idle_fields(s, d);
	s->out(s->arg, ".El");
}

static bool same_reason(const struct directive *a, const struct directive *b)
{
	return a->ignored && b->ignored && !strcmp(a->ignored, b->ignored);
}

/* All directives ignored for the reason that d is ignored for, in one item; nothing if an earlier
 * one was written with them. */
static void write_ignored(
	struct manual *s, const struct directive *table, const struct directive *d)
{
	for (const struct directive *e = table; e != d; e++) {
		if (same_reason(d, e))
			return;
	}
	begin(s, ".It");
	for (const struct directive *e = d; e->word; e++) {
		if (same_reason(d, e))
			add_listed(s, "Ic", e->word, e == d);
	}
	end(s);
	begin(s, "Accepted without effect: ");
	add_text(s, d->ignored);
	add(s, ".");
	end(s);
}

void directive_manual(
	const struct directive *table, void (*out)(void *arg, const char *line), void *arg)
{
	struct manual s = {.out = out, .arg = arg};
	const struct directive *d;

	for (d = table; d->word; d++) {
		if (!d->ignored)
			write_directive(&s, table, d);
	}
	for (d = table; d->word; d++) {
		if (d->ignored)
			write_ignored(&s, table, d);
	}
}
