/* SPDX-License-Identifier: MIT */
/* The state file: any text is a state or is not; what is can be written and read again. */
#include <stdlib.h>
#include "disciplined/core/statefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[STATE_TEXT_SIZE];
	struct saved_state s, back;
	size_t length;

	if (state_parse((const char *)data, size, &s) < 0)
		return 0;
	length = state_format(&s, text);
	if (length >= sizeof(text) || state_parse(text, length, &back) < 0)
		abort();
	return 0;
}
