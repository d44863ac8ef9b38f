/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "common/core/wirebuf.h"

void wire_reader_init(struct wire_reader *r, const void *data, size_t size)
{
	*r = (struct wire_reader){.data = data, .size = size};
}

void wire_writer_init(struct wire_writer *w, void *data, size_t size)
{
	*w = (struct wire_writer){.data = data, .size = size};
}

const uint8_t *wire_get_view(struct wire_reader *r, size_t n)
{
	const uint8_t *view;

	if (r->failed || n > r->size - r->at) {
		r->failed = true;
		return NULL;
	}
	view = r->data + r->at;
	r->at += n;
	return view;
}

static uint64_t get(struct wire_reader *r, size_t n)
{
	const uint8_t *b = wire_get_view(r, n);
	uint64_t v = 0;
	size_t i;

	for (i = 0; b && i < n; i++)
		v = v << 8 | b[i];
	return v;
}

uint8_t wire_get_u8(struct wire_reader *r)
{
	return (uint8_t)get(r, 1);
}

uint16_t wire_get_u16(struct wire_reader *r)
{
	return (uint16_t)get(r, 2);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
	return (uint32_t)get(r, 4);
}

uint64_t wire_get_u64(struct wire_reader *r)
{
	return get(r, 8);
}

void wire_get_bytes(struct wire_reader *r, void *dst, size_t n)
{
	const uint8_t *b = wire_get_view(r, n);

	if (n == 0)
		return;
	if (b)
		memcpy(dst, b, n);
	else
		memset(dst, 0, n);
}

void wire_put_bytes(struct wire_writer *w, const void *src, size_t n)
{
	if (w->failed || n > w->size - w->at) {
		w->failed = true;
		return;
	}
	if (n > 0)
		memcpy(w->data + w->at, src, n);
	w->at += n;
}

static void put(struct wire_writer *w, uint64_t v, size_t n)
{
	uint8_t b[8];
	size_t i;

	for (i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	wire_put_bytes(w, b, n);
}

void wire_put_u8(struct wire_writer *w, uint8_t v)
{
	put(w, v, 1);
}

void wire_put_u16(struct wire_writer *w, uint16_t v)
{
	put(w, v, 2);
}

void wire_put_u32(struct wire_writer *w, uint32_t v)
{
	put(w, v, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t v)
{
	put(w, v, 8);
}
