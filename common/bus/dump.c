/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "common/bus/codec_private.h"

struct out {
	char *text;
	size_t size, length;
	bool full;
};

static void put(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *format, ...)
{
	va_list ap;
	int n;

	if (o->full)
		return;
	va_start(ap, format);
	n = vsnprintf(o->text + o->length, o->size - o->length, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= o->size - o->length)
		o->full = true;
	else
		o->length += (size_t)n;
}

static int put_end(struct out *o)
{
	if (!o->full)
		return (int)o->length;
	if (o->size)
		o->text[o->size - 1] = 0;
	return -ENOSPC;
}

/* A message that was never checked may be dumped by whoever hunts the bug. */
static void put_quoted(struct out *o, const char *text, size_t size)
{
	put(o, "\"");
	for (const char *end = text + strnlen(text, size); text < end; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			put(o, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			put(o, "\\u%04x", c);
		else
			put(o, "%c", c);
	}
	put(o, "\"");
}

/* The shortest form that reads back to the same double. */
static void put_f64(struct out *o, double v, const char *not_finite)
{
	char text[40];

	if (!isfinite(v)) {
		put(o, "%s", not_finite);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		double back;

		snprintf(text, sizeof(text), "%.*g", digits, v);
		back = strtod(text, NULL);
		if (!(back < v || back > v))
			break;
	}
	put(o, "%s", text);
}

static bool is_plain(const char *text, size_t size)
{
	size_t n = strnlen(text, size);

	if (!n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (text[i] <= 0x20 || text[i] > 0x7e || strchr("\"\\=", text[i]))
			return false;
	return true;
}

static void put_value(struct out *o, const struct field *f, const void *body, bool json)
{
	const char *word;

	switch (f->type) {
	case FIELD_I64:
		put(o, "%" PRId64, field_i64(f, body));
		break;
	case FIELD_F64:
		put_f64(o, field_f64(f, body), json ? "null" : "nan");
		break;
	case FIELD_STR:
		if (!json && is_plain(field_str(f, body), f->size))
			put(o, "%.*s", (int)f->size, field_str(f, body));
		else
			put_quoted(o, field_str(f, body), f->size);
		break;
	case FIELD_BOO:
		put(o, json ? (field_boo(f, body) ? "true" : "false")
			    : (field_boo(f, body) ? "yes" : "no"));
		break;
	case FIELD_ENU:
		word = field_word(f, body);
		put(o, json ? "\"%s\"" : "%s", word ? word : "?");
		break;
	}
}

int msg_dump_text(const struct msg *m, char *text, size_t size)
{
	const struct kind_schema *s = schema_kind(m->kind);
	struct out o = {text, size, 0, size == 0};
	char topic[MSG_TOPIC_SIZE];

	if (!s || msg_topic(m, topic))
		return -EINVAL;
	put(&o, "%s seq=%" PRIu64 "%s", topic, m->env.seq, m->env.snapshot ? " snap=yes" : "");
	/* the first field of a named kind already stands in the topic */
	for (unsigned int i = s->named ? 1 : 0; i < s->count; i++) {
		const struct field *f = &s->fields[i];

		if (!f->required && field_is_default(f, &m->u))
			continue;
		put(&o, " %s=", f->name);
		put_value(&o, f, &m->u, false);
	}
	return put_end(&o);
}

int msg_dump_json(const struct msg *m, char *text, size_t size)
{
	const struct kind_schema *s = schema_kind(m->kind);
	struct out o = {text, size, 0, size == 0};
	char topic[MSG_TOPIC_SIZE];

	if (!s || msg_topic(m, topic))
		return -EINVAL;
	put(&o, "{\"topic\":");
	put_quoted(&o, topic, sizeof(topic));
	put(&o, ",\"from\":");
	put_quoted(&o, m->env.sender, sizeof(m->env.sender));
	put(&o, ",\"boot\":\"%016" PRIx64 "\",\"seq\":%" PRIu64 ",\"sent_raw_ns\":%" PRId64,
		m->env.boot, m->env.seq, m->env.sent_raw_ns);
	if (m->env.snapshot)
		put(&o, ",\"snap\":true");
	for (unsigned int i = 0; i < s->count; i++) {
		put(&o, ",\"%s\":", s->fields[i].name);
		put_value(&o, &s->fields[i], &m->u, true);
	}
	put(&o, "}");
	return put_end(&o);
}
