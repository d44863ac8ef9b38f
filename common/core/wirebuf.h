/* SPDX-License-Identifier: MIT */
/*
 * wirebuf.h - big-endian fields out of and into a packet of known size. Pure.
 *
 * An error sticks: after the first read or write beyond the end nothing moves any more, reads give
 * 0, and `failed` says so. A parser therefore reads all it wants and asks once.
 */
#ifndef TB_WIREBUF_H
#define TB_WIREBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader {
	const uint8_t *data;
	size_t size, at;
	bool failed;
};

struct wire_writer {
	uint8_t *data;
	size_t size, at;
	bool failed;
};

/* data must live as long as the reader (writer). */
void wire_reader_init(struct wire_reader *r, const void *data, size_t size);
void wire_writer_init(struct wire_writer *w, void *data, size_t size);

uint8_t wire_get_u8(struct wire_reader *r);
uint16_t wire_get_u16(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);
/* n bytes into dst, zeros if they are not there. */
void wire_get_bytes(struct wire_reader *r, void *dst, size_t n);
/* The next n bytes where they lie, NULL if they are not there. They count as read. */
const uint8_t *wire_get_view(struct wire_reader *r, size_t n);

void wire_put_u8(struct wire_writer *w, uint8_t v);
void wire_put_u16(struct wire_writer *w, uint16_t v);
void wire_put_u32(struct wire_writer *w, uint32_t v);
void wire_put_u64(struct wire_writer *w, uint64_t v);
void wire_put_bytes(struct wire_writer *w, const void *src, size_t n);

/* Bytes that are left; 0 once failed. */
static inline size_t wire_left(const struct wire_reader *r)
{
	return r->failed ? 0 : r->size - r->at;
}

/* Read to the end, and not beyond. */
static inline bool wire_done(const struct wire_reader *r)
{
	return !r->failed && r->at == r->size;
}

#endif
