/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/ntp_refid.h"

#include <string.h>

/* RFC 1321 section 3.4: floor(2^32 |sin(i + 1)|) */
static const uint32_t md5_sine[64] = {0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf,
	0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
	0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51,
	0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6,
	0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
	0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8,
	0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
	0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82,
	0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
static const uint8_t md5_shift[4][4] = {
	{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

/* One of the 64 steps: the function of its round, and which word of the block it takes. */
static uint32_t md5_mix(int i, const uint32_t v[4], int *ret_word)
{
	switch (i / 16) {
	case 0:
		*ret_word = i;
		return (v[1] & v[2]) | (~v[1] & v[3]);
	case 1:
		*ret_word = (5 * i + 1) % 16;
		return (v[1] & v[3]) | (v[2] & ~v[3]);
	case 2:
		*ret_word = (3 * i + 5) % 16;
		return v[1] ^ v[2] ^ v[3];
	default:
		*ret_word = 7 * i % 16;
		return v[2] ^ (v[1] | ~v[3]);
	}
}

/* First word of the digest, in memory order, of the one block that sixteen bytes make. */
static uint32_t md5_head(const uint8_t bytes[16])
{
	static const uint32_t start[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
	uint32_t block[16] = {[4] = 0x80, [14] = 128}, v[4];

	for (int i = 0; i < 16; i++)
		block[i / 4] |= (uint32_t)bytes[i] << 8 * (i % 4);
	memcpy(v, start, sizeof v);
	for (int i = 0; i < 64; i++) {
		int word, shift = md5_shift[i / 16][i % 4];
		uint32_t sum = v[0] + md5_mix(i, v, &word) + md5_sine[i];

		sum += block[word];
		sum = v[1] + (sum << shift | sum >> (32 - shift));
		v[0] = v[3];
		v[3] = v[2];
		v[2] = v[1];
		v[1] = sum;
	}
	return __builtin_bswap32(v[0] + start[0]);
}

uint32_t ntp_refid_of(const struct ntp_address *a)
{
	if (a->family == 4)
		return (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
		       (uint32_t)a->bytes[2] << 8 | a->bytes[3];
	return a->family == 6 ? md5_head(a->bytes) : 0;
}
