/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/core/bytes.h"
#include "common/core/directive_private.h"

#define CHOICE_MAX 64
#define NUMBER_MAX 32

static void *at(const struct directive_field *f, void *base)
{
	return (char *)base + f->offset;
}

static const void *at_const(const struct directive_field *f, const void *base)
{
	return (const char *)base + f->offset;
}

size_t directive_value_size(const struct directive_field *f)
{
	switch (f->type) {
	case FIELD_FLAG:
		return sizeof(bool);
	case FIELD_INT:
	case FIELD_ENUM:
		return sizeof(int);
	case FIELD_DOUBLE:
		return sizeof(double);
	case FIELD_STRING:
		return f->size;
	case FIELD_REFID:
		return sizeof(uint32_t);
	case FIELD_NOTHING:
		return 0;
	}
	return 0;
}

/* The i-th of "a|b|c" into choice; false behind the last. */
static bool choice_at(const char *choices, int i, char choice[CHOICE_MAX])
{
	size_t n;

	for (; i > 0; i--) {
		choices = strchr(choices, '|');
		if (!choices)
			return false;
		choices++;
	}
	n = strcspn(choices, "|");
	assert(n > 0 && n < CHOICE_MAX);
	memcpy(choice, choices, n);
	choice[n] = '\0';
	return true;
}

static void append_number(char *text, size_t size, double v)
{
	char number[NUMBER_MAX];

	snprintf(number, sizeof(number), "%.10g", v);
	str_append(text, size, number);
}

static void append_range(const struct directive_field *f, char *text, size_t size)
{
	bool low = f->type == FIELD_INT || f->min > -HUGE_VAL;
	bool high = f->type == FIELD_INT || f->max < HUGE_VAL;

	if (low)
		str_append(text, size, high ? "from " : "at least ");
	if (low)
		append_number(text, size, f->min);
	if (high)
		str_append(text, size, low ? " to " : "at most ");
	if (high)
		append_number(text, size, f->max);
	if (!low && !high)
		str_append(text, size, "a finite number");
	if (f->unit && f->unit[0] != '\0') {
		str_append(text, size, " (");
		str_append(text, size, f->unit);
		str_append(text, size, ")");
	}
}

void directive_value_append_allowed(const struct directive_field *f, char *text, size_t size)
{
	char part[CHOICE_MAX];
	int i;

	switch (f->type) {
	case FIELD_INT:
	case FIELD_DOUBLE:
		append_range(f, text, size);
		break;
	case FIELD_STRING:
		snprintf(part, sizeof(part), "1 to %zu characters", f->size - 1);
		str_append(text, size, part);
		break;
	case FIELD_ENUM:
		str_append(text, size, "one of ");
		for (i = 0; choice_at(f->choices, i, part); i++) {
			str_append(text, size, i > 0 ? ", " : "");
			str_append(text, size, part);
		}
		break;
	case FIELD_REFID:
		str_append(text, size, "1 to 4 printable ASCII characters");
		break;
	case FIELD_FLAG:
	case FIELD_NOTHING:
		break;
	}
}

static int refuse(const struct directive_field *f, const char *what, char *error, size_t size)
{
	bool whole = str_copy(error, size, f->word);

	whole = whole && str_append(error, size, what);
	directive_value_append_allowed(f, error, size);
	if (!whole || strlen(error) + 1 == size)
		directive_ellipsis(error, size);
	return -EINVAL;
}

static int must_be(const struct directive_field *f, char *error, size_t size)
{
	return refuse(f, " must be ", error, size);
}

/* Plain decimal notation only: strtod() alone takes hexadecimal, "nan" and "infinity" as well. */
static bool is_decimal(const char *word, const char *allowed)
{
	return word[0] != '\0' && word[strspn(word, allowed)] == '\0';
}

static int parse_int(
	const struct directive_field *f, int *value, const char *word, char *error, size_t size)
{
	char *end;
	long v;

	if (!is_decimal(word, "+-0123456789"))
		return refuse(f, " must be a whole number ", error, size);
	errno = 0;
	v = strtol(word, &end, 10);
	if (*end != '\0')
		return refuse(f, " must be a whole number ", error, size);
	if (errno != 0 || v < INT_MIN || v > INT_MAX || (double)v < f->min || (double)v > f->max)
		return must_be(f, error, size);
	*value = (int)v;
	return 0;
}

static int parse_double(
	const struct directive_field *f, double *value, const char *word, char *error, size_t size)
{
	bool open = f->min <= -HUGE_VAL && f->max >= HUGE_VAL;
	const char *what = open ? " must be " : " must be a number, ";
	char *end;
	double v;

	if (!is_decimal(word, "+-.eE0123456789"))
		return refuse(f, what, error, size);
	v = strtod(word, &end);
	if (*end != '\0')
		return refuse(f, what, error, size);
	if (!isfinite(v) || v < f->min || v > f->max)
		return must_be(f, error, size);
	*value = v;
	return 0;
}

static int parse_string(
	const struct directive_field *f, char *value, const char *word, char *error, size_t size)
{
	char number[NUMBER_MAX];

	if (word[0] == '\0') {
		str_copy(error, size, f->word);
		str_append(error, size, " must not be empty");
		return -EINVAL;
	}
	if (strlen(word) >= f->size) {
		str_copy(error, size, f->word);
		snprintf(number, sizeof(number), "%zu", f->size - 1);
		str_append(error, size, " is longer than ");
		str_append(error, size, number);
		str_append(error, size, " characters");
		return -EINVAL;
	}
	memset(value, 0, f->size);
	str_copy(value, f->size, word);
	return 0;
}

static int parse_enum(
	const struct directive_field *f, int *value, const char *word, char *error, size_t size)
{
	char choice[CHOICE_MAX];
	int i;

	for (i = 0; choice_at(f->choices, i, choice); i++) {
		if (str_same_word(choice, word)) {
			*value = i;
			return 0;
		}
	}
	return must_be(f, error, size);
}

static int parse_refid(const struct directive_field *f, uint32_t *value, const char *word,
	char *error, size_t size)
{
	size_t n = strlen(word), i;
	uint32_t v = 0;

	if (n < 1 || n > 4 || !str_is_printable(word))
		return must_be(f, error, size);
	for (i = 0; i < 4; i++)
		v = v << 8 | (i < n ? (uint8_t)word[i] : 0);
	*value = v;
	return 0;
}

int directive_value_parse(const struct directive_field *f, void *base, const char *word,
	char *error, size_t error_size)
{
	switch (f->type) {
	case FIELD_INT:
		return parse_int(f, at(f, base), word, error, error_size);
	case FIELD_DOUBLE:
		return parse_double(f, at(f, base), word, error, error_size);
	case FIELD_STRING:
		return parse_string(f, at(f, base), word, error, error_size);
	case FIELD_ENUM:
		return parse_enum(f, at(f, base), word, error, error_size);
	case FIELD_REFID:
		return parse_refid(f, at(f, base), word, error, error_size);
	case FIELD_FLAG:
	case FIELD_NOTHING:
		break;
	}
	assert(false && "a flag has no value");
	return -EINVAL;
}

void directive_value_default(const struct directive_field *f, void *base)
{
	char error[DIRECTIVE_ERROR_MAX];

	memset(at(f, base), 0, directive_value_size(f));
	if (!f->fallback || f->fallback[0] == '\0' || !directive_has_value(f) ||
		f->type == FIELD_NOTHING)
		return;
	if (directive_value_parse(f, base, f->fallback, error, sizeof(error)) < 0)
		assert(false && "the fallback of a table is wrong");
}

/* Compares as stored: parse and default leave no bytes behind a string's end. */
bool directive_value_is_default(const struct directive_field *f, const void *base)
{
	union {
		bool flag;
		int number;
		double real;
		uint32_t refid;
	} value;
	struct directive_field alone = *f;

	if (f->type == FIELD_NOTHING)
		return true;
	if (f->type == FIELD_STRING)
		return strcmp(at_const(f, base), f->fallback ? f->fallback : "") == 0;
	alone.offset = 0;
	directive_value_default(&alone, &value);
	return memcmp(&value, at_const(f, base), directive_value_size(f)) == 0;
}

/* The shortest text that reads back as the same number. */
static void format_double(double v, char *text, size_t size)
{
	int digits;

	for (digits = 6; digits <= 17; digits++) {
		snprintf(text, size, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			return;
	}
}

/* What was read without quotes may hold a quote, but neither a blank nor a # in front. */
static void format_string(const char *v, char *text, size_t size)
{
	bool quote = v[0] == '\0' || v[0] == '#' || v[0] == '!' || v[0] == ';' || v[0] == '%' ||
		     strpbrk(v, " \t\n\v\f\r") != NULL;

	str_copy(text, size, quote ? "\"" : "");
	str_append(text, size, v);
	str_append(text, size, quote ? "\"" : "");
}

static void format_refid(uint32_t v, char *text, size_t size)
{
	char word[5] = {0};
	int i;

	for (i = 0; i < 4; i++)
		word[i] = (char)(uint8_t)(v >> (24 - 8 * i));
	format_string(word, text, size);
}

void directive_value_format(
	const struct directive_field *f, const void *base, char *text, size_t size)
{
	const void *v = at_const(f, base);

	text[0] = '\0';
	switch (f->type) {
	case FIELD_INT:
		snprintf(text, size, "%d", *(const int *)v);
		break;
	case FIELD_DOUBLE:
		format_double(*(const double *)v, text, size);
		break;
	case FIELD_STRING:
		format_string(v, text, size);
		break;
	case FIELD_ENUM: {
		char choice[CHOICE_MAX];

		if (choice_at(f->choices, *(const int *)v, choice))
			str_copy(text, size, choice);
		break;
	}
	case FIELD_REFID:
		format_refid(*(const uint32_t *)v, text, size);
		break;
	case FIELD_FLAG:
	case FIELD_NOTHING:
		break;
	}
}
