/* SPDX-License-Identifier: MIT */
/*
 * msg.h - the bus messages as C structs, made from schema.def. Pure; cores may include it.
 *
 * Field names, units and ranges: schema.def. A struct msg that came out of msg_decode() or passed
 * msg_check() holds only values in range. Zero-initialise a message before filling it.
 */
#ifndef TB_MSG_H
#define TB_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENUM(e) enum e {
#define E(e, word, doc) e##_##word,
#define ENUM_END(e) e##_count };
#include "enums.def"
#undef ENUM
#undef E
#undef ENUM_END

#define MSG(kind, topic, doc) struct msg_##kind {
#define I64(kind, name, need, min, max, unit, doc) int64_t name;
#define F64(kind, name, need, min, max, unit, doc) double name;
#define STR(kind, name, need, size, doc) char name[size];
#define BOO(kind, name, need, doc) bool name;
#define ENU(kind, name, need, enumeration, doc) enum enumeration name;
#define END(kind) };
#include "schema.def"
#undef MSG
#undef I64
#undef F64
#undef STR
#undef BOO
#undef ENU
#undef END

enum msg_kind {
	MSG_NONE = 0,
#define MSG(kind, topic, doc) MSG_##kind,
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
	MSG_KINDS
};

/* Words of events.def. */
enum event_code {
#define EVENT(code, severity, doc) EVENT_##code,
#include "events.def"
#undef EVENT
	EVENT_CODES
};

#define MSG_SENDER_SIZE 16
#define MSG_TOPIC_SIZE	80
#define MSG_BYTES_MAX	2048 /* of an encoded body; larger ones are refused unread */

/*
 * Filled in by the bus, so that loss and restarts show for every kind alike.
 *   boot      drawn anew at each start of the sender
 *   seq       1, 2, 3 ... over all messages of that boot
 *   snapshot  sent again for a late joiner, with its first sequence number
 */
struct msg_envelope {
	char sender[MSG_SENDER_SIZE];
	uint64_t boot;
	uint64_t seq;
	int64_t sent_raw_ns;
	bool snapshot;
};

struct msg {
	struct msg_envelope env;
	enum msg_kind kind;
	union {
		struct msg_sample sample;
		struct msg_source source;
		struct msg_verdict verdict;
		struct msg_estimate estimate;
		struct msg_clock clock;
		struct msg_event event;
		struct msg_hello hello;
	} u;
};

/* Word of an enumeration's value, NULL if it has none: msg_word_leap(leap_insert) is "insert". */
#define ENUM(e)	   const char *msg_word_##e(enum e value);
#define E(e, word, doc)
#define ENUM_END(e)
#include "enums.def"
#undef ENUM
#undef E
#undef ENUM_END

const char *event_word(enum event_code code);
enum severity event_severity(enum event_code code);

#endif
