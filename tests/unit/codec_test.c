/* SPDX-License-Identifier: MIT */
/* Codec: what goes in comes out, and nothing else gets in. All of it by the schema's table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "tests/unit/msg_fill.h"
#include "tests/unit/msg_same.h"

#define SEED UINT64_C(20260101)

static void every_message_round_trips(void **state)
{
	uint64_t seed = SEED;

	(void)state;
	for (int k = 1; k < MSG_KINDS; k++)
		for (int i = 0; i < 2000; i++) {
			struct msg m = fill_msg((enum msg_kind)k, i % 4 != 0, &seed);

			round_trip(&m);
		}
}

/* The largest message of each kind must fit, else it could never be published. */
static void largest_message_fits(void **state)
{
	uint64_t seed = SEED;

	(void)state;
	for (int k = 1; k < MSG_KINDS; k++) {
		const struct kind_schema *s = schema_kind((enum msg_kind)k);
		struct msg m = fill_msg((enum msg_kind)k, true, &seed);
		char *body = (char *)&m.u;

		m.env = (struct msg_envelope){
			"fifteen-letters", UINT64_MAX, UINT64_MAX, INT64_MAX, true};
		for (unsigned int i = 0; i < s->count; i++) {
			const struct field *f = &s->fields[i];
			unsigned int longest = 0;

			if (f->type == FIELD_STR)
				memset(body + f->offset, 'x', f->size - 1),
					body[f->offset + f->size - 1] = 0;
			if (f->type == FIELD_I64)
				memcpy(body + f->offset, &f->i_max, sizeof(f->i_max));
			if (f->type == FIELD_F64)
				memcpy(body + f->offset, &f->f_max, sizeof(f->f_max));
			if (f->type == FIELD_BOO)
				body[f->offset] = 1;
			for (unsigned int w = 0; f->type == FIELD_ENU && w < f->words->count; w++)
				if (strlen(f->words->words[w]) > strlen(f->words->words[longest]))
					longest = w;
			if (f->type == FIELD_ENU)
				memcpy(body + f->offset, &longest, sizeof(longest));
		}
		round_trip(&m);
	}
}

/* The table's own promises. */
static void schema_is_sound(void **state)
{
	static const char *const envelope[] = {
		"v", "from", "boot", "seq", "sent_raw_ns", "snap", "topic"};

	(void)state;
	for (int k = 1; k < MSG_KINDS; k++) {
		const struct kind_schema *s = schema_kind((enum msg_kind)k);

		assert_int_equal(schema_kind_of_topic(s->named ? s->topic : s->topic), k);
		if (s->named) {
			assert_int_equal(s->fields[0].type, FIELD_STR);
			assert_true(s->fields[0].required);
			assert_true(strlen(s->topic) + s->fields[0].size <= MSG_TOPIC_SIZE);
		}
		for (unsigned int i = 0; i < s->count; i++) {
			const struct field *f = &s->fields[i];

			for (size_t e = 0; e < sizeof(envelope) / sizeof(envelope[0]); e++)
				assert_string_not_equal(f->name, envelope[e]);
			for (unsigned int j = 0; j < i; j++)
				assert_string_not_equal(f->name, s->fields[j].name);
			assert_true(strlen(f->doc) > 0);
			if (f->type == FIELD_I64)
				assert_true(f->i_min < f->i_max);
			if (f->type == FIELD_F64)
				assert_true(f->f_min < f->f_max);
			/* an absent one reads as 0, so that must be allowed */
			if (!f->required && f->type == FIELD_I64)
				assert_true(f->i_min <= 0 && f->i_max >= 0);
			if (!f->required && f->type == FIELD_F64)
				assert_true(f->f_min <= 0 && f->f_max >= 0);
		}
	}
	assert_null(schema_kind(MSG_NONE));
	assert_null(schema_kind(MSG_KINDS));
	assert_null(msg_word_leap(leap_count));
	assert_string_equal(msg_word_leap(leap_insert), "insert");
	assert_string_equal(event_word(EVENT_step_refused), "step_refused");
	assert_int_equal(event_severity(EVENT_step_refused), severity_warning);
	assert_null(event_word(EVENT_CODES));
}

/* ---- wrong values given to the encoder ---- */

static void check_refuses(const struct msg *m, const char *field, int result)
{
	unsigned char body[MSG_BYTES_MAX];
	char error[MSG_ERROR_SIZE] = "";

	assert_int_equal(msg_check(m, error), result);
	if (!strstr(error, field))
		fail_msg("'%s' does not name %s", error, field);
	assert_int_equal(msg_check(m, NULL), result);
	assert_int_equal(msg_encode(m, body, sizeof(body), NULL), result);
}

static void check_field_refused(const struct msg *good, const struct field *f, bool name)
{
	static const double odd[] = {NAN, INFINITY, -INFINITY};
	struct msg m = *good;
	char *to = (char *)&m.u + f->offset;
	int64_t i;
	double d;

	switch (f->type) {
	case FIELD_I64:
		if (f->i_max < INT64_MAX) {
			i = f->i_max + 1;
			memcpy(to, &i, sizeof(i));
			check_refuses(&m, f->name, -ERANGE);
		}
		i = f->i_min - 1;
		memcpy(to, &i, sizeof(i));
		check_refuses(&m, f->name, -ERANGE);
		break;
	case FIELD_F64:
		for (size_t j = 0; j < 3; j++) {
			memcpy(to, &odd[j], sizeof(odd[j]));
			check_refuses(&m, f->name, -ERANGE);
		}
		d = nextafter(f->f_max, INFINITY);
		memcpy(to, &d, sizeof(d));
		check_refuses(&m, f->name, -ERANGE);
		d = nextafter(f->f_min, -INFINITY);
		memcpy(to, &d, sizeof(d));
		check_refuses(&m, f->name, -ERANGE);
		break;
	case FIELD_STR:
		memset(to, 'x', f->size);
		check_refuses(&m, f->name, -EINVAL);
		memcpy(to, "a\tb", 4);
		check_refuses(&m, f->name, -EINVAL);
		memcpy(to, "a\xc3\xa4", 4);
		check_refuses(&m, f->name, -EINVAL);
		if (name) {
			memcpy(to, "a b", 4);
			check_refuses(&m, f->name, -EINVAL);
			to[0] = 0;
			check_refuses(&m, f->name, -EINVAL);
		}
		break;
	case FIELD_BOO:
		to[0] = 2;
		check_refuses(&m, f->name, -EINVAL);
		break;
	case FIELD_ENU:
		memcpy(to, &f->words->count, sizeof(f->words->count));
		check_refuses(&m, f->name, -EINVAL);
		break;
	}
}

static void encoder_checks_every_field(void **state)
{
	uint64_t seed = SEED;

	(void)state;
	for (int k = 1; k < MSG_KINDS; k++) {
		const struct kind_schema *s = schema_kind((enum msg_kind)k);
		struct msg m = fill_msg((enum msg_kind)k, true, &seed);

		for (unsigned int i = 0; i < s->count; i++)
			check_field_refused(&m, &s->fields[i], s->named && i == 0);
	}
}

static void encoder_checks_envelope(void **state)
{
	uint64_t seed = SEED;
	struct msg good = fill_msg(MSG_estimate, true, &seed), m;
	unsigned char body[MSG_BYTES_MAX];

	(void)state;
	m = good;
	m.env.seq = 0;
	assert_int_equal(msg_encode(&m, body, sizeof(body), NULL), -ERANGE);
	m = good;
	m.env.sent_raw_ns = -1;
	assert_int_equal(msg_encode(&m, body, sizeof(body), NULL), -ERANGE);
	m = good;
	m.env.sender[0] = 0;
	assert_int_equal(msg_encode(&m, body, sizeof(body), NULL), -EINVAL);
	memset(m.env.sender, 'x', sizeof(m.env.sender));
	assert_int_equal(msg_encode(&m, body, sizeof(body), NULL), -EINVAL);
	m = good;
	m.kind = MSG_KINDS;
	assert_int_equal(msg_encode(&m, body, sizeof(body), NULL), -EINVAL);
	m.kind = MSG_NONE;
	assert_int_equal(msg_encode(&m, body, sizeof(body), NULL), -EINVAL);
}

/* ---- dumps ---- */

static void dumps_say_what_is_there(void **state)
{
	char text[4096], small[20];
	struct msg m;
	int length;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.kind = MSG_event;
	strcpy(m.env.sender, "selectd");
	m.env.boot = 0xabc;
	m.env.seq = 7;
	strcpy(m.u.event.code, "step");
	m.u.event.severity = severity_notice;
	strcpy(m.u.event.text, "by \"0.1\" s, a\\b");
	m.u.event.raw_ns = INT64_MAX;
	m.u.event.value_ns = -123456789012345678;
	assert_true(msg_dump_text(&m, text, sizeof(text)) > 0);
	assert_string_equal(text, "event.step seq=7 severity=notice "
				  "text=\"by \\\"0.1\\\" s, a\\\\b\" raw_ns=9223372036854775807 "
				  "value_ns=-123456789012345678");
	length = msg_dump_json(&m, text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_string_equal(text,
		"{\"topic\":\"event.step\",\"from\":\"selectd\",\"boot\":\"0000000000000abc\","
		"\"seq\":7,\"sent_raw_ns\":0,\"code\":\"step\",\"severity\":\"notice\",\"source\":"
		"\"\","
		"\"text\":\"by \\\"0.1\\\" s, a\\\\b\",\"raw_ns\":9223372036854775807,"
		"\"value_ns\":-123456789012345678}");
	assert_int_equal(msg_dump_text(&m, small, sizeof(small)), -ENOSPC);
	assert_int_equal(msg_dump_json(&m, small, sizeof(small)), -ENOSPC);
	assert_int_equal(small[sizeof(small) - 1], 0);
	m.kind = MSG_NONE;
	assert_int_equal(msg_dump_text(&m, text, sizeof(text)), -EINVAL);
}

static void floats_read_back(void **state)
{
	uint64_t seed = SEED;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct msg m = fill_msg(MSG_estimate, true, &seed);
		char text[4096], *at;

		m.u.estimate.rate_ppb = (double)(int64_t)fill_random(&seed) * 0x1p-64 * 1e9;
		if (i % 2)
			m.u.estimate.rate_ppb = round(m.u.estimate.rate_ppb) / 1000;
		assert_true(msg_dump_json(&m, text, sizeof(text)) > 0);
		at = strstr(text, "\"rate_ppb\":");
		assert_non_null(at);
		assert_true(strtod(at + 11, &at) == m.u.estimate.rate_ppb);
		assert_int_equal(*at, ',');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schema_is_sound),
		cmocka_unit_test(every_message_round_trips),
		cmocka_unit_test(largest_message_fits),
		cmocka_unit_test(encoder_checks_every_field),
		cmocka_unit_test(encoder_checks_envelope),
		cmocka_unit_test(dumps_say_what_is_there),
		cmocka_unit_test(floats_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
