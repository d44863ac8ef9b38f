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

static void write_field(struct manual *s, const struct directive_field *f)
{
	char allowed[DIRECTIVE_ERROR_MAX] = "";

	if (f->help)
		write_text(s, f->help);
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
	if (f->type == FIELD_NOTHING)
		write_text(s, "Accepted, has no effect.");
}

static void write_fields(struct manual *s, const struct directive_field *f, const char *macro)
{
	for (; f && f->word; f++) {
		begin(s, ".It");
		add_word(s, macro, f->word);
		if (macro[0] == 'C' && directive_has_value(f))
			add(s, " Ar value");
		end(s);
		write_field(s, f);
	}
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

static void write_directive(struct manual *s, const struct directive *d)
{
	write_heading(s, d);
	if (d->help)
		write_text(s, d->help);
	if (d->ignored) {
		begin(s, "Accepted without effect: ");
		add_text(s, d->ignored);
		add(s, ".");
		end(s);
		return;
	}
	if (d->item_size > 0)
		write_text(s, "May be given more than once.");
	if (!directive_field_at(d, 0))
		return;
	s->out(s->arg, ".Bl -tag -width Ds -compact");
	write_fields(s, d->positional, "Ar");
	write_fields(s, d->options, "Cm");
	s->out(s->arg, ".El");
}

void directive_manual(
	const struct directive *table, void (*out)(void *arg, const char *line), void *arg)
{
	struct manual s = {.out = out, .arg = arg};
	const struct directive *d;

	for (d = table; d->word; d++)
		write_directive(&s, d);
}
