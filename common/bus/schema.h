/* SPDX-License-Identifier: MIT */
/*
 * schema.h - the tables made from schema.def, enums.def and events.def. Private to common/bus.
 *
 * Every generic loop (encode, decode, check, dump, page) walks these; nothing else knows a field.
 */
#ifndef TB_SCHEMA_H
#define TB_SCHEMA_H

#include <string.h>
#include "common/bus/msg.h"

enum field_type { FIELD_I64, FIELD_F64, FIELD_STR, FIELD_BOO, FIELD_ENU };

struct enum_table {
	const char *name;
	const char *const *words;
	const char *const *docs;
	unsigned int count;
};

struct field {
	const char *name, *unit, *doc;
	enum field_type type;
	bool required;
	size_t offset; /* in the kind's struct */
	size_t size;   /* of a string with its NUL */
	int64_t i_min, i_max;
	double f_min, f_max;
	const struct enum_table *words;
};

#define SCHEMA_FIELDS_MAX 64 /* a bit mask of fields is 64 bits wide */

struct kind_schema {
	const char *name, *topic, *doc;
	bool named; /* the topic ends with the first field: "sample." and source */
	const struct field *fields;
	unsigned int count;
};

/* NULL for MSG_NONE and anything out of range. */
const struct kind_schema *schema_kind(enum msg_kind kind);

/* The kind whose topics begin like this one, MSG_NONE if there is none. The rest of a named topic
 * is not looked at. */
enum msg_kind schema_kind_of_topic(const char *topic);

/* All enumerations, in the order of enums.def; NULL behind the last. */
const struct enum_table *schema_enum(unsigned int index);

const char *schema_event_doc(enum event_code code);

/* Fit to end a topic: not empty, printable ASCII without blanks. */
bool schema_is_name(const char *text);

static inline int64_t field_i64(const struct field *f, const void *body)
{
	int64_t v;

	memcpy(&v, (const char *)body + f->offset, sizeof(v));
	return v;
}

static inline double field_f64(const struct field *f, const void *body)
{
	double v;

	memcpy(&v, (const char *)body + f->offset, sizeof(v));
	return v;
}

static inline bool field_boo(const struct field *f, const void *body)
{
	unsigned char v;

	memcpy(&v, (const char *)body + f->offset, sizeof(v));
	return v != 0;
}

static inline unsigned int field_enu(const struct field *f, const void *body)
{
	unsigned int v;

	memcpy(&v, (const char *)body + f->offset, sizeof(v));
	return v;
}

static inline const char *field_str(const struct field *f, const void *body)
{
	return (const char *)body + f->offset;
}

/* Word of an enumeration's value; NULL if it has none. */
static inline const char *field_word(const struct field *f, const void *body)
{
	unsigned int v = field_enu(f, body);

	return v < f->words->count ? f->words->words[v] : NULL;
}

/* True if an absent field would decode to the same. */
bool field_is_default(const struct field *f, const void *body);

#endif
