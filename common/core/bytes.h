/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - bounded strings and ASCII tests that know no locale. Pure.
 *
 * Every writer leaves dst terminated (if size > 0) and tells whether all of src went in; what did
 * not fit is left off at the end.
 */
#ifndef TB_BYTES_H
#define TB_BYTES_H

#include <stdbool.h>
#include <stddef.h>

/* dst becomes src. False if src was cut. dst and src must not overlap. */
static inline bool str_copy(char *dst, size_t size, const char *src)
{
	size_t i;

	if (size == 0)
		return false;
	for (i = 0; i + 1 < size && src[i] != '\0'; i++)
		dst[i] = src[i];
	dst[i] = '\0';
	return src[i] == '\0';
}

/* src goes behind what is in dst. False if src was cut. */
static inline bool str_append(char *dst, size_t size, const char *src)
{
	size_t used = 0;

	while (used < size && dst[used] != '\0')
		used++;
	return str_copy(dst + used, size - used, src);
}

static inline char ascii_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Space, tab and the line ends: what stands between words. */
static inline bool ascii_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes below space, and DEL. Bytes above 127 are none: they may be UTF-8. */
static inline bool ascii_is_control(char c)
{
	return (c >= 0 && c < ' ') || c == 127;
}

static inline bool ascii_is_printable(char c)
{
	return c >= ' ' && c < 127;
}

/* Equal but for the case of ASCII letters. */
static inline bool str_same_word(const char *a, const char *b)
{
	for (; *a != '\0' && ascii_lower(*a) == ascii_lower(*b); a++, b++)
		;
	return ascii_lower(*a) == ascii_lower(*b);
}

/* True if all of text is printable ASCII; so is the empty text. */
static inline bool str_is_printable(const char *text)
{
	while (ascii_is_printable(*text))
		text++;
	return *text == '\0';
}

#endif
