/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "common/core/bytes.h"
#include "common/core/directive_private.h"

#define SHOWN_MAX   40
#define NEAREST_MAX 32 /* longer words get no suggestion */

void directive_ellipsis(char *text, size_t size)
{
	size_t n = strlen(text);

	if (size < 4)
		return;
	if (n > size - 4)
		n = size - 4;
	str_copy(text + n, size - n, "...");
}

void directive_append_word(char *text, size_t size, const char *word)
{
	char shown[SHOWN_MAX + 1];
	bool whole = str_copy(shown, sizeof(shown), word[0] != '\0' ? word : "\"\"");
	char *c;

	for (c = shown; *c != '\0'; c++) {
		if (ascii_is_control(*c))
			*c = '?';
	}
	if (!whole)
		directive_ellipsis(shown, sizeof(shown));
	str_append(text, size, shown);
}

/* A word of what the bus and the log can carry. Comments may hold anything. */
static int check_word(const char *line, const char *from, const char *to, char *error, size_t size)
{
	for (; from < to; from++) {
		if (ascii_is_printable(*from))
			continue;
		snprintf(error, size, "byte 0x%02x at column %td is not printable ASCII",
			(unsigned int)(uint8_t)*from, from - line + 1);
		return -EINVAL;
	}
	return 0;
}

/* The end of the word at `at`, quoted or not; NULL with a text in error. */
static char *word_end(char *at, bool quoted, char *error, size_t size)
{
	char *end = at;

	if (quoted) {
		end = strchr(at, '"');
		if (!end)
			str_copy(error, size, "closing quote is missing");
		else if (end[1] != '\0' && !ascii_is_blank(end[1]))
			str_copy(error, size, "a blank must follow a closing quote");
		else
			return end;
		return NULL;
	}
	while (*end != '\0' && !ascii_is_blank(*end))
		end++;
	return end;
}

/* Takes the word that begins at *at, and moves *at behind it. */
static int take_word(struct directive_words *w, char **at, char *error, size_t size)
{
	bool quoted = **at == '"';
	char *word = *at + quoted;
	char *end = word_end(word, quoted, error, size);

	if (!end || check_word(w->text, word, end, error, size) < 0)
		return -EINVAL;
	if (w->count == DIRECTIVE_WORDS_MAX) {
		snprintf(error, size, "line has more than %d words", DIRECTIVE_WORDS_MAX);
		return -EINVAL;
	}
	w->word[w->count++] = word;
	*at = *end == '\0' ? end : end + 1;
	*end = '\0';
	return 0;
}

int directive_split(struct directive_words *w, const char *line, char *error, size_t error_size)
{
	char *at = w->text;
	size_t blanks = 0;

	w->count = 0;
	while (ascii_is_blank(line[blanks]))
		blanks++;
	if (line[blanks] != '\0' && strchr("#!;%", line[blanks]))
		return 0;
	if (!str_copy(w->text, sizeof(w->text), line)) {
		snprintf(
			error, error_size, "line is longer than %d characters", DIRECTIVE_LINE_MAX);
		return -EINVAL;
	}
	for (;;) {
		while (ascii_is_blank(*at))
			at++;
		if (*at == '\0' || *at == '#')
			return 0;
		if (take_word(w, &at, error, error_size) < 0)
			return -EINVAL;
	}
}

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b; 99 if one of
 * them is too long to tell. */
static int edits(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), i, j;
	int row[3][NEAREST_MAX + 1];

	if (na > NEAREST_MAX || nb > NEAREST_MAX)
		return 99;
	for (j = 0; j <= nb; j++)
		row[0][j] = (int)j;
	for (i = 1; i <= na; i++) {
		int *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = (int)i;
		for (j = 1; j <= nb; j++) {
			char ca = ascii_lower(a[i - 1]), cb = ascii_lower(b[j - 1]);

			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == ascii_lower(b[j - 2]) &&
				ascii_lower(a[i - 2]) == cb && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return row[na % 3][nb];
}

const char *directive_nearest(
	const char *word, const char *(*next)(const void *of, int i), const void *of)
{
	const char *best = NULL, *candidate;
	int best_edits = 3, i;

	for (i = 0; (candidate = next(of, i)) != NULL; i++) {
		int n = edits(word, candidate);

		/* half of a short word is no likeness */
		if (n < best_edits && 2 * (size_t)n < strlen(candidate)) {
			best = candidate;
			best_edits = n;
		}
	}
	return best;
}
