/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "common/core/bytes.h"
#include "common/core/refid.h"

/* The characters into text; false if they are none. */
static bool to_characters(uint32_t refid, char text[REFID_TEXT_SIZE])
{
	int n = 0, shift;

	for (shift = 24; shift >= 0 && refid << (24 - shift) != 0; shift -= 8) {
		char c = (char)(uint8_t)(refid >> shift);

		if (!ascii_is_printable(c) || c == ' ')
			return false;
		text[n++] = c;
	}
	text[n] = '\0';
	return true;
}

void refid_to_text(uint32_t refid, int stratum, char text[REFID_TEXT_SIZE])
{
	if ((refid == 0 || stratum <= 1) && to_characters(refid, text))
		return;
	snprintf(text, REFID_TEXT_SIZE, "%u.%u.%u.%u", (unsigned int)(refid >> 24),
		(unsigned int)(refid >> 16 & 255), (unsigned int)(refid >> 8 & 255),
		(unsigned int)(refid & 255));
}

static int from_dotted(const char *text, uint32_t *ret_refid)
{
	uint32_t v = 0;
	int part;

	for (part = 0; part < 4; part++) {
		unsigned int number = 0;
		int digits = 0;

		if (part > 0 && *text++ != '.')
			return -EINVAL;
		for (; *text >= '0' && *text <= '9' && digits < 4; digits++)
			number = number * 10 + (unsigned int)(*text++ - '0');
		if (digits == 0 || number > 255)
			return -EINVAL;
		v = v << 8 | number;
	}
	if (*text != '\0')
		return -EINVAL;
	*ret_refid = v;
	return 0;
}

int refid_from_text(const char *text, uint32_t *ret_refid)
{
	size_t n = strlen(text), i;
	uint32_t v = 0;

	if (n > 4)
		return from_dotted(text, ret_refid);
	if (n < 1 || !str_is_printable(text) || strchr(text, ' '))
		return -EINVAL;
	for (i = 0; i < 4; i++)
		v = v << 8 | (i < n ? (uint8_t)text[i] : 0);
	*ret_refid = v;
	return 0;
}
