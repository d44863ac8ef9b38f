/* SPDX-License-Identifier: MIT */
#include "common/core/keyfile.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/core/bytes.h"

#define GROUP 5 /* characters of Z85 for four bytes */

struct word {
	const char *at;
	size_t size;
};

static struct word next_word(const char **at, const char *end)
{
	struct word w;

	while (*at < end && ascii_is_blank(**at))
		(*at)++;
	w.at = *at;
	while (*at < end && !ascii_is_blank(**at))
		(*at)++;
	w.size = (size_t)(*at - w.at);
	return w;
}

static bool is_word(const struct word *w, const char *text)
{
	return w->size == strlen(text) && memcmp(w->at, text, w->size) == 0;
}

bool keyfile_is_key(const char *text, size_t size)
{
	static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
				       "XYZ.-:+=^!/*?&<>()[]{}@%$#";
	uint64_t group = 0;

	if (size != KEY_SIZE - 1)
		return false;
	for (size_t i = 0; i < size; i++) {
		const char *digit = text[i] ? strchr(alphabet, text[i]) : NULL;

		if (!digit)
			return false;
		group = (i % GROUP ? 85 * group : 0) + (uint64_t)(digit - alphabet);
		if (i % GROUP == GROUP - 1 && group > UINT32_MAX)
			return false;
	}
	return true;
}

static int wrong(char error[KEYFILE_ERROR_SIZE], int line, const char *what)
{
	(void)snprintf(error, KEYFILE_ERROR_SIZE, "line %d: %s", line, what);
	return -EINVAL;
}

static void copy_name(struct keyfile_entry *e, const char *at, const char *end)
{
	size_t n = 0;

	while (at < end && ascii_is_blank(*at))
		at++;
	while (at < end && ascii_is_blank(end[-1]))
		end--;
	for (; at < end && n + 1 < sizeof(e->name); at++)
		e->name[n++] = ascii_is_printable(*at) ? *at : '?';
	e->name[n] = '\0';
}

static int parse_line(struct keyfile *f, int line, const char *at, const char *end,
	char error[KEYFILE_ERROR_SIZE])
{
	struct word word = next_word(&at, end), key;
	bool secret = is_word(&word, "secret");

	if (word.size == 0 || *word.at == '#')
		return 0;
	if (!secret && !is_word(&word, "public"))
		return wrong(error, line,
			"it does not begin with public or secret: is that a file of timebus "
			"keygen?");
	key = next_word(&at, end);
	if (!keyfile_is_key(key.at, key.size))
		return wrong(error, line, "the key is not 40 characters of Z85");
	if (secret && f->secret[0])
		return wrong(error, line, "a second secret key (allowed: one)");
	if (secret) {
		memcpy(f->secret, key.at, key.size);
		return 0;
	}
	if (f->count == KEYFILE_KEYS_MAX)
		return wrong(error, line, "too many public keys (allowed: 64)");
	memcpy(f->entry[f->count].key, key.at, key.size);
	copy_name(&f->entry[f->count++], at, end);
	return 0;
}

int keyfile_parse(
	const char *text, size_t size, struct keyfile *ret, char error[KEYFILE_ERROR_SIZE])
{
	const char *at = text, *end = text + size;
	struct keyfile f;

	memset(&f, 0, sizeof(f));
	for (int line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		int r;

		if (!stop)
			stop = end;
		r = parse_line(&f, line, at, stop, error);
		if (r < 0)
			return r;
		at = stop < end ? stop + 1 : end;
	}
	if (!f.secret[0] && f.count == 0) {
		(void)snprintf(error, KEYFILE_ERROR_SIZE, "there is no key in it");
		return -EINVAL;
	}
	*ret = f;
	return 0;
}

const struct keyfile_entry *keyfile_find(const struct keyfile *f, const char *key)
{
	for (int i = 0; i < f->count; i++)
		if (strcmp(f->entry[i].key, key) == 0)
			return &f->entry[i];
	return NULL;
}
