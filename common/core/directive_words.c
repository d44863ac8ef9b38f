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

static int refuse(char *error, size_t size, const char *text)
{
	str_copy(error, size, text);
	return -EINVAL;
}

/* Ends the word at *at, which begins behind an opening quote, and moves *at behind it. */
static int take_quoted(char **at, char *error, size_t size)
{
	char *end = strchr(*at, '"');

	if (!end)
		return refuse(error, size, "closing quote is missing");
	*end++ = '\0';
	if (*end != '\0' && !ascii_is_blank(*end))
		return refuse(error, size, "a blank must follow a closing quote");
	*at = end;
	return 0;
}

static int check_bytes(const char *line, char *error, size_t size)
{
	size_t n;

	for (n = 0; line[n] != '\0'; n++) {
		if (ascii_is_control(line[n]) && !ascii_is_blank(line[n])) {
			snprintf(error, size, "control character 0x%02x at column %zu",
				(unsigned int)line[n], n + 1);
			return -EINVAL;
		}
		if (n >= DIRECTIVE_LINE_MAX) {
			snprintf(error, size, "line is longer than %d characters",
				DIRECTIVE_LINE_MAX);
			return -EINVAL;
		}
	}
	return 0;
}

int directive_split(struct directive_words *w, const char *line, char *error, size_t error_size)
{
	char *at = w->text;
	int r;

	w->count = 0;
	while (ascii_is_blank(*line))
		line++;
	if (*line != '\0' && strchr("#!;%", *line))
		return 0;
	r = check_bytes(line, error, error_size);
	if (r < 0)
		return r;
	str_copy(w->text, sizeof(w->text), line);

	for (;;) {
		while (ascii_is_blank(*at))
			*at++ = '\0';
		if (*at == '\0' || *at == '#')
			return 0;
		if (w->count == DIRECTIVE_WORDS_MAX) {
			snprintf(error, error_size, "line has more than %d words",
				DIRECTIVE_WORDS_MAX);
			return -EINVAL;
		}
		if (*at == '"') {
			w->word[w->count++] = ++at;
			r = take_quoted(&at, error, error_size);
			if (r < 0)
				return r;
		} else {
			w->word[w->count++] = at;
			while (*at != '\0' && !ascii_is_blank(*at))
				at++;
		}
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
