/* SPDX-License-Identifier: MIT */
#include "common/bus/schema.h"

/* ---- enumerations ---- */

#define ENUM(e)		static const char *const words_##e[] = {
#define E(e, word, doc) #word,
#define ENUM_END(e)                                                                                \
	}                                                                                          \
	;
#include "enums.def"
#undef ENUM
#undef E
#undef ENUM_END

#define ENUM(e)		static const char *const docs_##e[] = {
#define E(e, word, doc) doc,
#define ENUM_END(e)                                                                                \
	}                                                                                          \
	;
#include "enums.def"
#undef ENUM
#undef E
#undef ENUM_END

#define ENUM(e)                                                                                    \
	_Static_assert(sizeof(enum e) == sizeof(unsigned int), "enum is not an int: " #e);         \
	static const struct enum_table table_##e = {#e, words_##e, docs_##e, e##_count};
#define E(e, word, doc)
#define ENUM_END(e)
#include "enums.def"
#undef ENUM
#undef E
#undef ENUM_END

static const struct enum_table *const all_enums[] = {
#define ENUM(e) &table_##e,
#define E(e, word, doc)
#define ENUM_END(e)
#include "enums.def"
#undef ENUM
#undef E
#undef ENUM_END
};

#define ENUM(e)                                                                                    \
	const char *msg_word_##e(enum e value)                                                     \
	{                                                                                          \
		unsigned int v = (unsigned int)value;                                              \
                                                                                                   \
		return v < table_##e.count ? table_##e.words[v] : NULL;                            \
	}
#define E(e, word, doc)
#define ENUM_END(e)
#include "enums.def"
#undef ENUM
#undef E
#undef ENUM_END

/* ---- events ---- */

static const struct {
	const char *word, *doc;
	enum severity severity;
} all_events[EVENT_CODES] = {
#define EVENT(code, severity, doc) {#code, doc, severity_##severity},
#include "events.def"
#undef EVENT
};

/* ---- messages ---- */

#define NEED_REQ true
#define NEED_OPT false

#define MSG(kind, topic, doc) static const struct field fields_##kind[] = {
#define I64(kind, name, need, min, max, unit, doc)                                                 \
	{#name, unit, doc, FIELD_I64, NEED_##need, offsetof(struct msg_##kind, name),              \
		sizeof(int64_t), min, max, 0, 0, NULL},
#define F64(kind, name, need, min, max, unit, doc)                                                 \
	{#name, unit, doc, FIELD_F64, NEED_##need, offsetof(struct msg_##kind, name),              \
		sizeof(double), 0, 0, min, max, NULL},
#define STR(kind, name, need, size, doc)                                                           \
	{#name, "", doc, FIELD_STR, NEED_##need, offsetof(struct msg_##kind, name), size, 0, 0, 0, \
		0, NULL},
#define BOO(kind, name, need, doc)                                                                 \
	{#name, "", doc, FIELD_BOO, NEED_##need, offsetof(struct msg_##kind, name), sizeof(bool),  \
		0, 0, 0, 0, NULL},
#define ENU(kind, name, need, enumeration, doc)                                                    \
	{#name, "", doc, FIELD_ENU, NEED_##need, offsetof(struct msg_##kind, name),                \
		sizeof(enum enumeration), 0, 0, 0, 0, &table_##enumeration},
#define END(kind)                                                                                  \
	}                                                                                          \
	;                                                                                          \
	_Static_assert(sizeof(fields_##kind) / sizeof(fields_##kind[0]) <= SCHEMA_FIELDS_MAX,      \
		"too many fields: " #kind);
#include "schema.def"
#undef MSG
#undef I64
#undef F64
#undef STR
#undef BOO
#undef ENU
#undef END

static const struct kind_schema all_kinds[MSG_KINDS] = {
#define MSG(kind, topic, doc)                                                                      \
	[MSG_##kind] = {#kind, topic, doc, topic[sizeof(topic) - 2] == '.', fields_##kind,         \
		sizeof(fields_##kind) / sizeof(fields_##kind[0])},
#define I64(kind, name, need, min, max, unit, doc)
#define F64(kind, name, need, min, max, unit, doc)
#define STR(kind, name, need, size, doc)
#define BOO(kind, name, need, doc)
#define ENU(kind, name, need, enumeration, doc)
#define END(kind)
#include "schema.def"
#undef MSG
#undef I64
#undef F64
#undef STR
#undef BOO
#undef ENU
#undef END
};

const struct kind_schema *schema_kind(enum msg_kind kind)
{
	unsigned int k = (unsigned int)kind;

	return k > MSG_NONE && k < MSG_KINDS ? &all_kinds[k] : NULL;
}

enum msg_kind schema_kind_of_topic(const char *topic)
{
	for (int k = MSG_NONE + 1; k < MSG_KINDS; k++) {
		const struct kind_schema *s = &all_kinds[k];

		if (s->named ? !strncmp(topic, s->topic, strlen(s->topic))
			     : !strcmp(topic, s->topic))
			return (enum msg_kind)k;
	}
	return MSG_NONE;
}

const struct enum_table *schema_enum(unsigned int index)
{
	return index < sizeof(all_enums) / sizeof(all_enums[0]) ? all_enums[index] : NULL;
}

const char *event_word(enum event_code code)
{
	return (unsigned int)code < EVENT_CODES ? all_events[code].word : NULL;
}

enum severity event_severity(enum event_code code)
{
	return (unsigned int)code < EVENT_CODES ? all_events[code].severity : severity_error;
}

const char *schema_event_doc(enum event_code code)
{
	return (unsigned int)code < EVENT_CODES ? all_events[code].doc : NULL;
}

bool schema_is_name(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (*text <= 0x20 || *text > 0x7e)
			return false;
	return true;
}

bool field_is_default(const struct field *f, const void *body)
{
	double d;

	switch (f->type) {
	case FIELD_I64:
		return field_i64(f, body) == 0;
	case FIELD_F64:
		d = field_f64(f, body);
		return !(d < 0 || d > 0 || d != d);
	case FIELD_STR:
		return !*field_str(f, body);
	case FIELD_BOO:
		return !field_boo(f, body);
	case FIELD_ENU:
		return field_enu(f, body) == 0;
	}
	return false;
}
