/* SPDX-License-Identifier: MIT */
/*
 * unpack.h - reads msgpack item by item from a buffer, allocating nothing. Private to common/bus.
 *
 * msgpack-c's own unpacker allocates by the claimed number of elements before it has seen them;
 * here a count or length that the rest of the buffer cannot hold is an error at once.
 * Source: the MessagePack specification.
 */
#ifndef TB_UNPACK_H
#define TB_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unpack_type {
	UNPACK_NIL,
	UNPACK_BOOL,
	UNPACK_INT,	 /* i */
	UNPACK_UINT_BIG, /* u, above INT64_MAX */
	UNPACK_FLOAT,	 /* f */
	UNPACK_STR,	 /* text, count bytes, not terminated */
	UNPACK_BIN,
	UNPACK_EXT,
	UNPACK_ARRAY, /* count items follow */
	UNPACK_MAP,   /* count pairs follow */
};

struct unpack {
	const unsigned char *at, *end;
};

struct unpack_item {
	enum unpack_type type;
	bool b;
	int64_t i;
	uint64_t u; /* also set for an UNPACK_INT that is not negative */
	double f;
	const char *text;
	uint32_t count;
};

/* Takes one item; of arrays and maps the head only. 0, or -EBADMSG. */
int unpack_next(struct unpack *u, struct unpack_item *ret_item);

/* Takes one item and whatever it holds; containers may hold scalars only. 0, or -EBADMSG. */
int unpack_skip(struct unpack *u);

#endif
