/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include "common/bus/codec_private.h"

int codec_fail(char *error, int result, const char *format, ...)
{
	va_list ap;

	if (!error)
		return result;
	va_start(ap, format);
	vsnprintf(error, MSG_ERROR_SIZE, format, ap);
	va_end(ap);
	return result;
}

static int check_str(
	const struct kind_schema *s, const struct field *f, const char *text, char *error)
{
	if (!memchr(text, 0, f->size))
		return codec_fail(error, -EINVAL, "%s.%s: not terminated", s->name, f->name);
	for (const char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			return codec_fail(error, -EINVAL, "%s.%s: byte 0x%02x is not printable",
				s->name, f->name, (unsigned char)*p);
	if (s->named && f == s->fields && !schema_is_name(text))
		return codec_fail(error, -EINVAL, "%s.%s: '%.64s' is empty or has a blank", s->name,
			f->name, text);
	return 0;
}

static int check_field(
	const struct kind_schema *s, const struct field *f, const void *body, char *error)
{
	unsigned char flag;
	int64_t i;
	double d;

	switch (f->type) {
	case FIELD_I64:
		i = field_i64(f, body);
		if (i >= f->i_min && i <= f->i_max)
			return 0;
		return codec_fail(error, -ERANGE,
			"%s.%s: %" PRId64 " is not in %" PRId64 "..%" PRId64, s->name, f->name, i,
			f->i_min, f->i_max);
	case FIELD_F64:
		d = field_f64(f, body);
		if (isfinite(d) && d >= f->f_min && d <= f->f_max)
			return 0;
		return codec_fail(error, -ERANGE, "%s.%s: %g is not in %g..%g", s->name, f->name, d,
			f->f_min, f->f_max);
	case FIELD_STR:
		return check_str(s, f, field_str(f, body), error);
	case FIELD_BOO:
		memcpy(&flag, (const char *)body + f->offset, sizeof(flag));
		if (flag <= 1)
			return 0;
		return codec_fail(
			error, -EINVAL, "%s.%s: %u is not a bool", s->name, f->name, flag);
	case FIELD_ENU:
		if (field_word(f, body))
			return 0;
		return codec_fail(error, -EINVAL, "%s.%s: %u has no word", s->name, f->name,
			field_enu(f, body));
	}
	return -EINVAL;
}

int msg_check(const struct msg *m, char *error)
{
	const struct kind_schema *s = schema_kind(m->kind);
	int r;

	if (!s)
		return codec_fail(error, -EINVAL, "kind %d does not exist", (int)m->kind);
	for (unsigned int i = 0; i < s->count; i++) {
		r = check_field(s, &s->fields[i], &m->u, error);
		if (r)
			return r;
	}
	return 0;
}

int codec_check_envelope(const struct msg_envelope *env, char *error)
{
	if (!memchr(env->sender, 0, sizeof(env->sender)) || !schema_is_name(env->sender))
		return codec_fail(error, -EINVAL, "from: empty, too long or has a blank");
	if (env->seq < 1)
		return codec_fail(error, -ERANGE, "seq: 0 is not a sequence number");
	if (env->sent_raw_ns < 0)
		return codec_fail(
			error, -ERANGE, "sent_raw_ns: %" PRId64 " is negative", env->sent_raw_ns);
	return 0;
}

int msg_topic(const struct msg *m, char topic[MSG_TOPIC_SIZE])
{
	const struct kind_schema *s = schema_kind(m->kind);
	const struct field *f;
	int n;

	if (!s)
		return -EINVAL;
	f = &s->fields[0];
	n = s->named ? snprintf(topic, MSG_TOPIC_SIZE, "%s%.*s", s->topic, (int)f->size - 1,
			       field_str(f, &m->u))
		     : snprintf(topic, MSG_TOPIC_SIZE, "%s", s->topic);
	return n < MSG_TOPIC_SIZE ? 0 : -EINVAL;
}
