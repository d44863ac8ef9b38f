/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "common/bus/unpack.h"

static size_t left(const struct unpack *u)
{
	return (size_t)(u->end - u->at);
}

static int take_be(struct unpack *u, unsigned int bytes, uint64_t *ret_value)
{
	uint64_t v = 0;

	if (left(u) < bytes)
		return -EBADMSG;
	while (bytes--)
		v = v << 8 | *u->at++;
	*ret_value = v;
	return 0;
}

/* Bytes that stay bytes: strings, binaries, extensions (extra: their type byte). */
static int take_bytes(struct unpack *u, struct unpack_item *it, enum unpack_type type,
	uint64_t count, unsigned int extra)
{
	if (left(u) < extra || count > left(u) - extra)
		return -EBADMSG;
	it->type = type;
	it->text = (const char *)u->at + extra;
	it->count = (uint32_t)count;
	u->at += extra + count;
	return 0;
}

static int take_head(
	const struct unpack *u, struct unpack_item *it, enum unpack_type type, uint64_t count)
{
	/* each item takes a byte at least */
	if (count > (type == UNPACK_MAP ? left(u) / 2 : left(u)))
		return -EBADMSG;
	it->type = type;
	it->count = (uint32_t)count;
	return 0;
}

static int take_unsigned(struct unpack *u, struct unpack_item *it, unsigned int bytes)
{
	if (take_be(u, bytes, &it->u))
		return -EBADMSG;
	it->type = it->u > INT64_MAX ? UNPACK_UINT_BIG : UNPACK_INT;
	it->i = it->type == UNPACK_INT ? (int64_t)it->u : 0;
	return 0;
}

static int take_signed(struct unpack *u, struct unpack_item *it, unsigned int bytes)
{
	unsigned int shift = 64 - 8 * bytes;
	uint64_t v;

	if (take_be(u, bytes, &v))
		return -EBADMSG;
	it->type = UNPACK_INT;
	it->i = (int64_t)(v << shift) >> shift;
	it->u = it->i < 0 ? 0 : (uint64_t)it->i;
	return 0;
}

static int take_float(struct unpack *u, struct unpack_item *it, unsigned int bytes)
{
	uint64_t v;
	uint32_t v32;
	float f32;

	if (take_be(u, bytes, &v))
		return -EBADMSG;
	it->type = UNPACK_FLOAT;
	if (bytes == 4) {
		v32 = (uint32_t)v;
		memcpy(&f32, &v32, sizeof(f32));
		it->f = (double)f32;
	} else {
		memcpy(&it->f, &v, sizeof(it->f));
	}
	return 0;
}

/* The types 0xc4..0xdf whose length stands in 1, 2 or 4 bytes behind the tag. */
static int take_long(struct unpack *u, struct unpack_item *it, unsigned char tag)
{
	static const struct {
		unsigned char first, bytes_log2, extra;
		enum unpack_type type;
	} forms[] = {
		{0xc4, 0, 0, UNPACK_BIN},
		{0xc5, 1, 0, UNPACK_BIN},
		{0xc6, 2, 0, UNPACK_BIN},
		{0xc7, 0, 1, UNPACK_EXT},
		{0xc8, 1, 1, UNPACK_EXT},
		{0xc9, 2, 1, UNPACK_EXT},
		{0xd9, 0, 0, UNPACK_STR},
		{0xda, 1, 0, UNPACK_STR},
		{0xdb, 2, 0, UNPACK_STR},
		{0xdc, 1, 0, UNPACK_ARRAY},
		{0xdd, 2, 0, UNPACK_ARRAY},
		{0xde, 1, 0, UNPACK_MAP},
		{0xdf, 2, 0, UNPACK_MAP},
	};
	uint64_t count;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].first != tag)
			continue;
		if (take_be(u, 1u << forms[i].bytes_log2, &count))
			return -EBADMSG;
		if (forms[i].type == UNPACK_ARRAY || forms[i].type == UNPACK_MAP)
			return take_head(u, it, forms[i].type, count);
		return take_bytes(u, it, forms[i].type, count, forms[i].extra);
	}
	return -EBADMSG; /* 0xc1 is never used */
}

static int take_tagged(struct unpack *u, struct unpack_item *it, unsigned char tag)
{
	if (tag == 0xc0) {
		it->type = UNPACK_NIL;
		return 0;
	}
	if (tag == 0xc2 || tag == 0xc3) {
		it->type = UNPACK_BOOL;
		it->b = tag == 0xc3;
		return 0;
	}
	if (tag == 0xca || tag == 0xcb)
		return take_float(u, it, tag == 0xca ? 4 : 8);
	if (tag >= 0xcc && tag <= 0xcf)
		return take_unsigned(u, it, 1u << (tag - 0xcc));
	if (tag >= 0xd0 && tag <= 0xd3)
		return take_signed(u, it, 1u << (tag - 0xd0));
	if (tag >= 0xd4 && tag <= 0xd8)
		return take_bytes(u, it, UNPACK_EXT, 1u << (tag - 0xd4), 1);
	return take_long(u, it, tag);
}

int unpack_next(struct unpack *u, struct unpack_item *ret_item)
{
	struct unpack_item it = {.type = UNPACK_NIL};
	unsigned char tag;
	int r = 0;

	if (!left(u))
		return -EBADMSG;
	tag = *u->at++;
	if (tag <= 0x7f || tag >= 0xe0) {
		it.type = UNPACK_INT;
		it.i = (int8_t)tag;
		it.u = tag <= 0x7f ? tag : 0;
	} else if (tag <= 0x8f) {
		r = take_head(u, &it, UNPACK_MAP, tag & 0x0f);
	} else if (tag <= 0x9f) {
		r = take_head(u, &it, UNPACK_ARRAY, tag & 0x0f);
	} else if (tag <= 0xbf) {
		r = take_bytes(u, &it, UNPACK_STR, tag & 0x1f, 0);
	} else {
		r = take_tagged(u, &it, tag);
	}
	if (!r)
		*ret_item = it;
	return r;
}

int unpack_skip(struct unpack *u)
{
	struct unpack_item it, inner;
	uint64_t count;

	if (unpack_next(u, &it))
		return -EBADMSG;
	if (it.type != UNPACK_ARRAY && it.type != UNPACK_MAP)
		return 0;
	for (count = it.type == UNPACK_MAP ? 2 * (uint64_t)it.count : it.count; count; count--) {
		if (unpack_next(u, &inner))
			return -EBADMSG;
		if (inner.type == UNPACK_ARRAY || inner.type == UNPACK_MAP)
			return -EBADMSG;
	}
	return 0;
}
