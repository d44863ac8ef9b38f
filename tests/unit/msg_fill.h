/* SPDX-License-Identifier: MIT */
/* msg_fill.h - messages made from the schema, for tests of codec and goldens. */
#ifndef TB_MSG_FILL_H
#define TB_MSG_FILL_H

#include <stdio.h>
#include "common/bus/codec.h"
#include "common/bus/schema.h"

static inline uint64_t fill_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline int64_t fill_i64(const struct field *f, uint64_t *seed)
{
	uint64_t span = (uint64_t)f->i_max - (uint64_t)f->i_min, r = fill_random(seed);

	switch (r % 8) {
	case 0:
		return f->i_min;
	case 1:
		return f->i_max;
	case 2:
		return f->i_min <= 0 && f->i_max >= 0 ? 0 : f->i_min;
	default:
		/* all magnitudes alike, so that each integer format of the wire is met */
		r = fill_random(seed) >> (r / 8 % 64);
		r = span == UINT64_MAX ? r : r % (span + 1);
		return (int64_t)((uint64_t)f->i_min + r);
	}
}

static inline double fill_f64(const struct field *f, uint64_t *seed)
{
	double u = (double)(fill_random(seed) >> 11) * 0x1p-53;

	switch (fill_random(seed) % 6) {
	case 0:
		return f->f_min;
	case 1:
		return f->f_max;
	case 2:
		return 0;
	default:
		return f->f_min + u * (f->f_max - f->f_min);
	}
}

static inline void fill_str(char *to, const struct field *f, bool name, uint64_t *seed)
{
	size_t length = (size_t)(fill_random(seed) % f->size);

	if (fill_random(seed) % 4 == 0)
		length = f->size - 1;
	if (name && !length)
		length = 1;
	for (size_t i = 0; i < length; i++)
		to[i] = (char)(name ? 0x21 + fill_random(seed) % 94
				    : 0x20 + fill_random(seed) % 95);
	to[length] = 0;
}

static inline void fill_field(void *body, const struct field *f, bool name, uint64_t *seed)
{
	char *to = (char *)body + f->offset;
	unsigned int u;
	int64_t i;
	double d;
	bool b;

	switch (f->type) {
	case FIELD_I64:
		i = fill_i64(f, seed);
		memcpy(to, &i, sizeof(i));
		break;
	case FIELD_F64:
		d = fill_f64(f, seed);
		memcpy(to, &d, sizeof(d));
		break;
	case FIELD_STR:
		fill_str(to, f, name, seed);
		break;
	case FIELD_BOO:
		b = fill_random(seed) & 1;
		memcpy(to, &b, sizeof(b));
		break;
	case FIELD_ENU:
		u = (unsigned int)(fill_random(seed) % f->words->count);
		memcpy(to, &u, sizeof(u));
		break;
	}
}

/* A message with all fields (or all required ones) in range. */
static inline struct msg fill_msg(enum msg_kind kind, bool optional, uint64_t *seed)
{
	const struct kind_schema *s = schema_kind(kind);
	struct msg m;

	memset(&m, 0, sizeof(m));
	m.kind = kind;
	(void)snprintf(m.env.sender, sizeof(m.env.sender), "%s", "somebody");
	m.env.boot = fill_random(seed) >> (fill_random(seed) % 64);
	m.env.seq = 1 + (fill_random(seed) >> (1 + fill_random(seed) % 63));
	m.env.sent_raw_ns = (int64_t)(fill_random(seed) >> (1 + fill_random(seed) % 63));
	m.env.snapshot = fill_random(seed) & 1;
	for (unsigned int i = 0; i < s->count; i++)
		if (optional || s->fields[i].required)
			fill_field(&m.u, &s->fields[i], s->named && i == 0, seed);
	return m;
}

#endif
