/* SPDX-License-Identifier: MIT */
/* What the decoder must refuse, field by field and byte by byte, and what it must put up with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include "tests/unit/msg_fill.h"
#include "tests/unit/msg_same.h"

#define SEED UINT64_C(20260102)

/* What is done to one pair of an otherwise good body. */
enum twist {
	TWIST_NONE,
	TWIST_SKIP,
	TWIST_TWICE,
	TWIST_NIL,
	TWIST_ARRAY,
	TWIST_MAP,
	TWIST_BIN,
	TWIST_BIG, /* 2^64 - 1 */
	TWIST_INT,
	TWIST_FLOAT,
	TWIST_NAN,
	TWIST_BOOL,
	TWIST_WORD, /* a string that is no word of anything */
	TWIST_LONG,
	TWIST_NUL,
	TWIST_CONTROL,
	TWIST_HIGH, /* above the range */
	TWISTS
};

static void pack_text(msgpack_packer *pk, const char *text, size_t n)
{
	msgpack_pack_str(pk, n);
	msgpack_pack_str_body(pk, text, n);
}

static void pack_good(msgpack_packer *pk, const struct field *f, const void *body)
{
	switch (f->type) {
	case FIELD_I64:
		msgpack_pack_int64(pk, field_i64(f, body));
		break;
	case FIELD_F64:
		msgpack_pack_double(pk, field_f64(f, body));
		break;
	case FIELD_STR:
		pack_text(pk, field_str(f, body), strlen(field_str(f, body)));
		break;
	case FIELD_BOO:
		field_boo(f, body) ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
		break;
	case FIELD_ENU:
		pack_text(pk, field_word(f, body), strlen(field_word(f, body)));
		break;
	}
}

static void pack_high(msgpack_packer *pk, const struct field *f)
{
	if (f->type == FIELD_I64)
		msgpack_pack_uint64(pk, (uint64_t)f->i_max + 1);
	else
		msgpack_pack_double(pk, nextafter(f->f_max, INFINITY));
}

static void pack_twisted(msgpack_packer *pk, const struct field *f, enum twist twist)
{
	static const char text[300] = "";
	char control[] = "a\x1f";

	switch (twist) {
	case TWIST_NIL:
		msgpack_pack_nil(pk);
		break;
	case TWIST_ARRAY:
		msgpack_pack_array(pk, 1);
		msgpack_pack_int(pk, 1);
		break;
	case TWIST_MAP:
		msgpack_pack_map(pk, 0);
		break;
	case TWIST_BIN:
		msgpack_pack_bin(pk, 2);
		msgpack_pack_bin_body(pk, "ok", 2);
		break;
	case TWIST_BIG:
		msgpack_pack_uint64(pk, UINT64_MAX);
		break;
	case TWIST_INT:
		msgpack_pack_int(pk, 1);
		break;
	case TWIST_FLOAT:
		msgpack_pack_float(pk, 0.5f);
		break;
	case TWIST_NAN:
		msgpack_pack_double(pk, NAN);
		break;
	case TWIST_BOOL:
		msgpack_pack_true(pk);
		break;
	case TWIST_WORD:
		pack_text(pk, "no-such-word", 12);
		break;
	case TWIST_LONG:
		msgpack_pack_str(pk, f->size);
		for (size_t i = 0; i < f->size; i++)
			msgpack_pack_str_body(pk, "x", 1);
		break;
	case TWIST_NUL:
		pack_text(pk, text, 2);
		break;
	case TWIST_CONTROL:
		pack_text(pk, control, 2);
		break;
	case TWIST_HIGH:
		pack_high(pk, f);
		break;
	default:
		break;
	}
}

/* Does a twist make this field wrong? -1: it does not apply. */
static int is_wrong(const struct kind_schema *s, const struct field *f, enum twist twist)
{
	bool topic_name = s->named && f == s->fields;

	switch (twist) {
	case TWIST_NONE:
		return 0;
	case TWIST_SKIP:
		return f->required;
	case TWIST_INT:
		if (f->type == FIELD_I64)
			return 1 < f->i_min || 1 > f->i_max;
		if (f->type == FIELD_F64) /* an integer is a number */
			return 1 < f->f_min || 1 > f->f_max;
		return 1;
	case TWIST_FLOAT:
		return f->type == FIELD_F64 ? 0.5 < f->f_min || 0.5 > f->f_max : 1;
	case TWIST_BOOL:
		return f->type != FIELD_BOO;
	case TWIST_WORD:
		if (f->type != FIELD_STR)
			return 1;
		return topic_name ? 1 : 12 >= f->size;
	case TWIST_LONG:
		return f->type == FIELD_STR ? 1 : -1;
	case TWIST_HIGH:
		return f->type == FIELD_I64 || f->type == FIELD_F64 ? 1 : -1;
	default:
		return 1;
	}
}

static size_t twisted_body(const struct msg *m, unsigned int which, enum twist twist,
	unsigned char body[4 * MSG_BYTES_MAX])
{
	const struct kind_schema *s = schema_kind(m->kind);
	unsigned int pairs = 5 + s->count;
	msgpack_sbuffer buffer;
	msgpack_packer pk;
	size_t size;

	msgpack_sbuffer_init(&buffer);
	msgpack_packer_init(&pk, &buffer, msgpack_sbuffer_write);
	msgpack_pack_map(&pk, pairs + (twist == TWIST_TWICE) - (twist == TWIST_SKIP));
	for (unsigned int i = s->count; i-- > 0;) { /* an order that is not the encoder's */
		const struct field *f = &s->fields[i];

		if (i == which && twist == TWIST_SKIP)
			continue;
		pack_text(&pk, f->name, strlen(f->name));
		if (i != which || twist == TWIST_NONE || twist == TWIST_TWICE)
			pack_good(&pk, f, &m->u);
		else
			pack_twisted(&pk, f, twist);
		if (i == which && twist == TWIST_TWICE) {
			pack_text(&pk, f->name, strlen(f->name));
			pack_good(&pk, f, &m->u);
		}
	}
	pack_text(&pk, "sent_raw_ns", 11);
	msgpack_pack_int(&pk, 1);
	pack_text(&pk, "seq", 3);
	msgpack_pack_int(&pk, 1);
	pack_text(&pk, "boot", 4);
	msgpack_pack_int(&pk, 1);
	pack_text(&pk, "from", 4);
	pack_text(&pk, "somebody", 8);
	pack_text(&pk, "v", 1);
	msgpack_pack_int(&pk, MSG_SCHEMA_VERSION);
	size = buffer.size;
	assert_true(size <= 4 * MSG_BYTES_MAX);
	memcpy(body, buffer.data, size);
	msgpack_sbuffer_destroy(&buffer);
	return size;
}

static void decoder_checks_every_field(void **state)
{
	static unsigned char body[4 * MSG_BYTES_MAX];
	uint64_t seed = SEED;
	unsigned int tried = 0;

	(void)state;
	for (int k = 1; k < MSG_KINDS; k++) {
		const struct kind_schema *s = schema_kind((enum msg_kind)k);
		struct msg m = fill_msg((enum msg_kind)k, true, &seed), back, untouched;
		char topic[MSG_TOPIC_SIZE], error[MSG_ERROR_SIZE];

		assert_int_equal(msg_topic(&m, topic), 0);
		memset(&untouched, 0x5a, sizeof(untouched));
		for (unsigned int i = 0; i < s->count; i++)
			for (int t = TWIST_NONE; t < TWISTS; t++) {
				int wrong = is_wrong(s, &s->fields[i], (enum twist)t), r;
				size_t n;

				if (wrong < 0)
					continue;
				n = twisted_body(&m, i, (enum twist)t, body);
				memcpy(&back, &untouched, sizeof(back));
				error[0] = 0;
				r = msg_decode(topic, body, n, &back, error);
				if (r != (wrong ? -EBADMSG : 0))
					fail_msg("%s.%s twist %d: %d %s", s->name,
						s->fields[i].name, t, r, error);
				if (wrong)
					assert_memory_equal(&back, &untouched, sizeof(back));
				if (wrong && !strstr(error, s->fields[i].name) &&
					!strstr(error, "topic"))
					fail_msg("'%s' does not name %s", error, s->fields[i].name);
				tried++;
			}
	}
	assert_true(tried > 1000);
}

struct sample_bytes {
	unsigned char body[MSG_BYTES_MAX];
	size_t size;
	char topic[MSG_TOPIC_SIZE];
};

static struct sample_bytes good_sample(void)
{
	uint64_t seed = SEED;
	struct msg m = fill_msg(MSG_sample, true, &seed);
	struct sample_bytes b;
	int n;

	strcpy(m.u.sample.source, "PHC0");
	n = msg_encode(&m, b.body, sizeof(b.body), NULL);
	assert_true(n > 0);
	b.size = (size_t)n;
	assert_int_equal(msg_topic(&m, b.topic), 0);
	return b;
}

static void decoder_refuses_truncation_and_excess(void **state)
{
	struct sample_bytes b = good_sample();
	struct msg m;
	unsigned char *copy;

	(void)state;
	assert_int_equal(msg_decode(b.topic, b.body, b.size, &m, NULL), 0);
	for (size_t n = 0; n < b.size; n++) {
		copy = malloc(n + 1); /* its end is where the sanitizer sees it */
		memcpy(copy + 1, b.body, n);
		assert_int_equal(msg_decode(b.topic, copy + 1, n, &m, NULL), -EBADMSG);
		free(copy);
	}
	b.body[b.size] = 0xc0;
	assert_int_equal(msg_decode(b.topic, b.body, b.size + 1, &m, NULL), -EBADMSG);
}

static void decoder_refuses_wrong_topics(void **state)
{
	static const char *const wrong[] = {"sample.PHC1", "sample.PHC", "sample.PHC00", "sample.",
		"source.PHC0", "sample", "estimate", "", "nonsense", "sample.PHC0 "};
	struct sample_bytes b = good_sample();
	struct msg m;

	(void)state;
	assert_string_equal(b.topic, "sample.PHC0");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(msg_decode(wrong[i], b.body, b.size, &m, NULL), -EBADMSG);
}

/* Heads that claim more than there is; msgpack-c would allocate for them. */
static void decoder_refuses_claims(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} claims[] = {
		{"\xdd\x00\xff\xff\xff", 5},
		{"\xdd\xff\xff\xff\xff", 5},
		{"\xdf\xff\xff\xff\xff", 5},
		{"\xde\xff\xff", 3},
		{"\x8f", 1},
		{"\x81\xdb\xff\xff\xff\xff", 6},
		{"\x81\xa1v\xdb\xff\xff\xff\xff", 8},
		{"\x81\xa1z\xdd\x00\xff\xff\xff", 8},
		{"\x81\xa1z\xdf\x7f\xff\xff\xff", 8},
		{"\x81\xa1z\x91\x91\xc0", 6},
		{"\x81\xa1z\x81\xa1y\x90", 7},
		{"\x81\xa1z\xc1", 4},
		{"\x81\xa1z\xc9\xff\xff\xff\xff\x01", 9},
		{"\xc0", 1},
		{"\xa1v", 2},
	};
	char error[MSG_ERROR_SIZE];
	struct msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		assert_int_equal(msg_decode("estimate", (const unsigned char *)claims[i].bytes,
					 claims[i].size, &m, error),
			-EBADMSG);
}

/* Every format of the wire as an unknown field: taken and passed over. */
static void decoder_takes_unknown_fields(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} values[] = {
		{"\xc0", 1},
		{"\xc2", 1},
		{"\x7f", 1},
		{"\xe0", 1},
		{"\xcc\xff", 2},
		{"\xcd\x00\x01", 3},
		{"\xce\xff\xff\xff\xff", 5},
		{"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9},
		{"\xd0\x80", 2},
		{"\xd1\x80\x00", 3},
		{"\xd2\x80\x00\x00\x00", 5},
		{"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9},
		{"\xca\x7f\xc0\x00\x00", 5},
		{"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 9},
		{"\xa2\x00\xff", 3},
		{"\xd9\x01x", 3},
		{"\xda\x00\x01x", 4},
		{"\xdb\x00\x00\x00\x01x", 6},
		{"\xc4\x01x", 3},
		{"\xc5\x00\x01x", 4},
		{"\xc6\x00\x00\x00\x01x", 6},
		{"\xd4\x01x", 3},
		{"\xd8\x01"
		 "0123456789abcdef",
			18},
		{"\xc7\x01\x05x", 4},
		{"\xc8\x00\x01\x05x", 5},
		{"\xc9\x00\x00\x00\x01\x05x", 7},
		{"\x92\x01\xc0", 3},
		{"\xdc\x00\x01\xc0", 4},
		{"\xdd\x00\x00\x00\x01\xc0", 6},
		{"\x81\x01\xa1x", 4},
		{"\xde\x00\x01\x01\x02", 5},
		{"\xdf\x00\x00\x00\x01\x01\x02", 7},
	};
	struct sample_bytes b = good_sample();
	unsigned char body[MSG_BYTES_MAX];
	struct msg plain, m;
	char error[MSG_ERROR_SIZE];
	size_t n;

	(void)state;
	assert_int_equal(msg_decode(b.topic, b.body, b.size, &plain, NULL), 0);
	assert_int_equal(b.body[0], 0xde); /* map of more than 15 pairs */
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		memcpy(body, b.body, b.size);
		body[2]++;
		n = b.size;
		memcpy(body + n, "\xa7unknown", 8);
		memcpy(body + n + 8, values[i].bytes, values[i].size);
		n += 8 + values[i].size;
		if (msg_decode(b.topic, body, n, &m, error))
			fail_msg("value %zu: %s", i, error);
		same_message(&plain, &m);
		for (size_t cut = 1; cut < values[i].size; cut++)
			assert_int_equal(msg_decode(b.topic, body, n - cut, &m, NULL), -EBADMSG);
	}
}

/* Random damage: refused, or a message that is good by all rules. */
static void damage_is_harmless(void **state)
{
	uint64_t seed = SEED;
	unsigned int still_good = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct sample_bytes b = good_sample();
		struct msg m;

		for (uint64_t n = 1 + fill_random(&seed) % 4; n; n--)
			b.body[fill_random(&seed) % b.size] = (unsigned char)fill_random(&seed);
		if (msg_decode(b.topic, b.body, b.size, &m, NULL))
			continue;
		round_trip(&m);
		still_good++;
	}
	assert_true(still_good > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoder_checks_every_field),
		cmocka_unit_test(decoder_refuses_truncation_and_excess),
		cmocka_unit_test(decoder_refuses_wrong_topics),
		cmocka_unit_test(decoder_refuses_claims),
		cmocka_unit_test(decoder_takes_unknown_fields),
		cmocka_unit_test(damage_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
