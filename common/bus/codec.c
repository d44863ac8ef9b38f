/* SPDX-License-Identifier: MIT */
/* The only user of msgpack-c, and of its packer alone: see unpack.h for the other way. */
#include <errno.h>
#include <inttypes.h>
#include <msgpack.h>
#include "common/bus/codec_private.h"
#include "common/bus/unpack.h"

/* ---- encode ---- */

struct sink {
	unsigned char *at;
	size_t left;
};

static int sink_write(void *data, const char *bytes, size_t count)
{
	struct sink *s = data;

	if (count > s->left)
		return -1;
	memcpy(s->at, bytes, count);
	s->at += count;
	s->left -= count;
	return 0;
}

static int pack_text(msgpack_packer *pk, const char *text)
{
	size_t n = strlen(text);
	int r = msgpack_pack_str(pk, n);

	return r ? r : msgpack_pack_str_body(pk, text, n);
}

static int pack_envelope(msgpack_packer *pk, const struct msg_envelope *env)
{
	int r = 0;

	r |= pack_text(pk, "v");
	r |= msgpack_pack_int(pk, MSG_SCHEMA_VERSION);
	r |= pack_text(pk, "from");
	r |= pack_text(pk, env->sender);
	r |= pack_text(pk, "boot");
	r |= msgpack_pack_uint64(pk, env->boot);
	r |= pack_text(pk, "seq");
	r |= msgpack_pack_uint64(pk, env->seq);
	r |= pack_text(pk, "sent_raw_ns");
	r |= msgpack_pack_int64(pk, env->sent_raw_ns);
	if (env->snapshot) {
		r |= pack_text(pk, "snap");
		r |= msgpack_pack_true(pk);
	}
	return r;
}

static int pack_field(msgpack_packer *pk, const struct field *f, const void *body)
{
	int r = pack_text(pk, f->name);

	if (r)
		return r;
	switch (f->type) {
	case FIELD_I64:
		return msgpack_pack_int64(pk, field_i64(f, body));
	case FIELD_F64:
		return msgpack_pack_double(pk, field_f64(f, body));
	case FIELD_STR:
		return pack_text(pk, field_str(f, body));
	case FIELD_BOO:
		return field_boo(f, body) ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
	case FIELD_ENU:
		return pack_text(pk, field_word(f, body));
	}
	return -1;
}

static bool is_sent(const struct field *f, const void *body)
{
	return f->required || !field_is_default(f, body);
}

static int pack_msg(msgpack_packer *pk, const struct msg *m)
{
	const struct kind_schema *s = schema_kind(m->kind);
	size_t pairs = m->env.snapshot ? 6 : 5;
	int r;

	for (unsigned int i = 0; i < s->count; i++)
		pairs += is_sent(&s->fields[i], &m->u);
	r = msgpack_pack_map(pk, pairs);
	if (!r)
		r = pack_envelope(pk, &m->env);
	for (unsigned int i = 0; i < s->count && !r; i++)
		if (is_sent(&s->fields[i], &m->u))
			r = pack_field(pk, &s->fields[i], &m->u);
	return r;
}

int msg_encode(const struct msg *m, unsigned char *body, size_t size, char *error)
{
	struct sink sink = {body, size < MSG_BYTES_MAX ? size : MSG_BYTES_MAX};
	msgpack_packer pk;
	int r;

	r = msg_check(m, error);
	if (!r)
		r = codec_check_envelope(&m->env, error);
	if (r)
		return r;
	msgpack_packer_init(&pk, &sink, sink_write);
	if (pack_msg(&pk, m))
		return codec_fail(error, -ENOSPC, "%s: longer than %zu bytes",
			schema_kind(m->kind)->name, size < MSG_BYTES_MAX ? size : MSG_BYTES_MAX);
	return (int)(sink.at - body);
}

/* ---- decode ---- */

enum { ENV_V, ENV_FROM, ENV_BOOT, ENV_SEQ, ENV_SENT, ENV_SNAP, ENV_KEYS };
static const char *const env_keys[ENV_KEYS] = {"v", "from", "boot", "seq", "sent_raw_ns", "snap"};

struct decode {
	struct msg m;
	const struct kind_schema *schema;
	struct unpack in;
	uint64_t seen, env_seen;
	char *error;
};

static int wrong_type(const struct decode *d, const char *name, const char *wanted)
{
	return codec_fail(d->error, -EBADMSG, "%s: not %s", name, wanted);
}

static bool is_key(const struct unpack_item *key, const char *name)
{
	return key->count == strlen(name) && !memcmp(key->text, name, key->count);
}

/* Copies a string that fits with its NUL and has none inside; characters are checked later. */
static int take_str(const struct decode *d, const struct unpack_item *v, const char *name,
	char *ret_text, size_t size)
{
	if (v->type != UNPACK_STR)
		return wrong_type(d, name, "a string");
	if (v->count >= size)
		return codec_fail(d->error, -EBADMSG, "%s: %u bytes are more than %zu", name,
			v->count, size - 1);
	if (memchr(v->text, 0, v->count))
		return codec_fail(d->error, -EBADMSG, "%s: NUL inside", name);
	memcpy(ret_text, v->text, v->count);
	return 0;
}

static int take_env(struct decode *d, int key, const struct unpack_item *v)
{
	struct msg_envelope *env = &d->m.env;

	switch (key) {
	case ENV_V:
		if (v->type != UNPACK_INT)
			return wrong_type(d, "v", "an integer");
		if (v->i != MSG_SCHEMA_VERSION)
			return codec_fail(d->error, -EBADMSG, "v: version %" PRId64 " is not %d",
				v->i, MSG_SCHEMA_VERSION);
		return 0;
	case ENV_FROM:
		return take_str(d, v, "from", env->sender, sizeof(env->sender));
	case ENV_BOOT:
	case ENV_SEQ:
		if (v->type != UNPACK_UINT_BIG && (v->type != UNPACK_INT || v->i < 0))
			return wrong_type(d, env_keys[key], "an unsigned integer");
		*(key == ENV_BOOT ? &env->boot : &env->seq) = v->u;
		return 0;
	case ENV_SENT:
		if (v->type != UNPACK_INT)
			return wrong_type(d, "sent_raw_ns", "an integer");
		env->sent_raw_ns = v->i;
		return 0;
	default:
		if (v->type != UNPACK_BOOL)
			return wrong_type(d, "snap", "a bool");
		env->snapshot = v->b;
		return 0;
	}
}

static int take_f64(
	const struct decode *d, const struct field *f, const struct unpack_item *v, char *to)
{
	double x;

	/* other languages shorten 0.0 to 0 */
	if (v->type == UNPACK_FLOAT)
		x = v->f;
	else if (v->type == UNPACK_INT)
		x = (double)v->i;
	else
		return wrong_type(d, f->name, "a number");
	if (!(x < 0 || x > 0 || x != x))
		x = 0; /* -0.0 would not survive being left out */
	memcpy(to, &x, sizeof(x));
	return 0;
}

static int take_enu(
	const struct decode *d, const struct field *f, const struct unpack_item *v, char *to)
{
	if (v->type != UNPACK_STR)
		return wrong_type(d, f->name, "a word");
	for (unsigned int i = 0; i < f->words->count; i++) {
		if (!is_key(v, f->words->words[i]))
			continue;
		memcpy(to, &i, sizeof(i));
		return 0;
	}
	return codec_fail(d->error, -EBADMSG, "%s: not a word of %s", f->name, f->words->name);
}

static int take_field(struct decode *d, const struct field *f, const struct unpack_item *v)
{
	char *to = (char *)&d->m.u + f->offset;

	switch (f->type) {
	case FIELD_I64:
		if (v->type != UNPACK_INT)
			return wrong_type(d, f->name, "a 64-bit integer");
		memcpy(to, &v->i, sizeof(v->i));
		return 0;
	case FIELD_F64:
		return take_f64(d, f, v, to);
	case FIELD_STR:
		return take_str(d, v, f->name, to, f->size);
	case FIELD_BOO:
		if (v->type != UNPACK_BOOL)
			return wrong_type(d, f->name, "a bool");
		memcpy(to, &v->b, sizeof(v->b));
		return 0;
	case FIELD_ENU:
		return take_enu(d, f, v, to);
	}
	return -EBADMSG;
}

static int mark_seen(const struct decode *d, uint64_t *seen, unsigned int bit, const char *name)
{
	if (*seen >> bit & 1)
		return codec_fail(d->error, -EBADMSG, "%s: twice", name);
	*seen |= UINT64_C(1) << bit;
	return 0;
}

static int take_value(struct decode *d, const char *name, struct unpack_item *ret_value)
{
	if (unpack_next(&d->in, ret_value))
		return codec_fail(d->error, -EBADMSG, "%s: truncated or malformed", name);
	return 0;
}

static int take_pair(struct decode *d)
{
	struct unpack_item key, value;
	const struct field *f;

	if (unpack_next(&d->in, &key) || key.type != UNPACK_STR)
		return codec_fail(d->error, -EBADMSG, "a key is not a string");
	for (unsigned int i = 0; i < d->schema->count; i++) {
		f = &d->schema->fields[i];
		if (!is_key(&key, f->name))
			continue;
		if (mark_seen(d, &d->seen, i, f->name) || take_value(d, f->name, &value))
			return -EBADMSG;
		return take_field(d, f, &value);
	}
	for (unsigned int i = 0; i < ENV_KEYS; i++) {
		if (!is_key(&key, env_keys[i]))
			continue;
		if (mark_seen(d, &d->env_seen, i, env_keys[i]) ||
			take_value(d, env_keys[i], &value))
			return -EBADMSG;
		return take_env(d, (int)i, &value);
	}
	if (unpack_skip(&d->in))
		return codec_fail(d->error, -EBADMSG, "an unknown field is malformed or nested");
	return 0;
}

static int check_complete(const struct decode *d)
{
	for (unsigned int i = 0; i < d->schema->count; i++)
		if (d->schema->fields[i].required && !(d->seen >> i & 1))
			return codec_fail(
				d->error, -EBADMSG, "%s: missing", d->schema->fields[i].name);
	for (unsigned int i = 0; i < ENV_SNAP; i++)
		if (!(d->env_seen >> i & 1))
			return codec_fail(d->error, -EBADMSG, "%s: missing", env_keys[i]);
	if (msg_check(&d->m, d->error) || codec_check_envelope(&d->m.env, d->error))
		return -EBADMSG;
	return 0;
}

static int take_map(struct decode *d)
{
	struct unpack_item map;
	int r = 0;

	if (unpack_next(&d->in, &map) || map.type != UNPACK_MAP)
		return codec_fail(d->error, -EBADMSG, "the body is not a map, or truncated");
	for (uint32_t i = 0; i < map.count && !r; i++)
		r = take_pair(d);
	if (!r && d->in.at != d->in.end)
		r = codec_fail(d->error, -EBADMSG, "%zu bytes behind the message",
			(size_t)(d->in.end - d->in.at));
	return r;
}

int msg_decode(
	const char *topic, const unsigned char *body, size_t size, struct msg *ret, char *error)
{
	struct decode d = {.in = {body, body + size}, .error = error};
	char own_topic[MSG_TOPIC_SIZE];

	d.m.kind = schema_kind_of_topic(topic);
	d.schema = schema_kind(d.m.kind);
	if (!d.schema)
		return codec_fail(error, -EBADMSG, "no message has such a topic");
	if (size > MSG_BYTES_MAX)
		return codec_fail(
			error, -EBADMSG, "%zu bytes are more than %d", size, MSG_BYTES_MAX);
	if (take_map(&d) || check_complete(&d))
		return -EBADMSG;
	if (msg_topic(&d.m, own_topic) || strcmp(own_topic, topic))
		return codec_fail(error, -EBADMSG, "the topic is not the one of the content");
	memcpy(ret, &d.m, sizeof(*ret));
	return 0;
}
