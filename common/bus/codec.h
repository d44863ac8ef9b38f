/* SPDX-License-Identifier: MIT */
/*
 * codec.h - messages to msgpack and back, checked against the schema on both ways.
 *
 * The body is a map: the envelope's fields (v, from, boot, seq, sent_raw_ns, snap) and the kind's, by
 * name. Encoding is canonical (schema order, shortest integers). Decoding takes any order and
 * unknown fields; it rejects missing REQ fields, duplicates, wrong types, values out of range,
 * NaN, over-long or unprintable strings, nesting, trailing bytes and anything above MSG_BYTES_MAX,
 * before it allocates by a claimed size.
 */
#ifndef TB_CODEC_H
#define TB_CODEC_H

#include <stddef.h>
#include "common/bus/msg.h"

#define MSG_SCHEMA_VERSION 1
#define MSG_ERROR_SIZE	   160

/* Topic of a message: "sample.PHC0", "estimate". 0, or -EINVAL for a kind without one. */
int msg_topic(const struct msg *m, char topic[MSG_TOPIC_SIZE]);

/* 0 if every field is in range, else -ERANGE or -EINVAL and the field's name and value in error
 * (MSG_ERROR_SIZE bytes; may be NULL). */
int msg_check(const struct msg *m, char *error);

/* Encodes a message that passes msg_check(). Bytes written, or negative errno (-ENOSPC: size). */
int msg_encode(const struct msg *m, unsigned char *body, size_t size, char *error);

/* Decodes; the topic must be the one that follows from the content. 0, or -EBADMSG with a reason
 * in error. *ret is untouched on failure. */
int msg_decode(const char *topic, const unsigned char *body, size_t size, struct msg *ret,
	char *error);

/* One line of text ("sample.PHC0 seq=12 raw_ns=... ") or one JSON object, NUL-terminated. Length,
 * or -ENOSPC. */
int msg_dump_text(const struct msg *m, char *text, size_t size);
int msg_dump_json(const struct msg *m, char *text, size_t size);

/* docs/protocol.md from the schema, to a stdio stream given as void *. */
void msg_print_protocol_page(void *stream);

#endif
