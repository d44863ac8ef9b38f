/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include "monitord/core/text.h"

static void quoted(struct text *t, const char *value)
{
	text_add(t, "\"");
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			text_add(t, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			text_add(t, "\\u%04x", c);
		else
			text_add(t, "%c", c);
	}
	text_add(t, "\"");
}

static void member(struct text *t, const char *key)
{
	if (t->comma)
		text_add(t, ",");
	t->comma = true;
	if (key) {
		quoted(t, key);
		text_add(t, ":");
	}
}

void json_open(struct text *t, const char *key, char bracket)
{
	member(t, key);
	text_add(t, "%c", bracket);
	t->comma = false;
}

void json_close(struct text *t, char bracket)
{
	text_add(t, "%c", bracket);
	t->comma = true;
}

void json_int(struct text *t, const char *key, int64_t value)
{
	member(t, key);
	text_add(t, "%" PRId64, value);
}

void json_double(struct text *t, const char *key, double value)
{
	if (!isfinite(value)) {
		json_null(t, key);
		return;
	}
	member(t, key);
	text_add(t, "%.12g", value);
}

void json_string(struct text *t, const char *key, const char *value)
{
	member(t, key);
	quoted(t, value);
}

void json_bool(struct text *t, const char *key, bool value)
{
	member(t, key);
	text_add(t, value ? "true" : "false");
}

void json_null(struct text *t, const char *key)
{
	member(t, key);
	text_add(t, "null");
}
