/* SPDX-License-Identifier: MIT */
/*
 * Topic, newline, body: whatever decodes must pass the checks, encode, decode to the same and
 * encode to the same bytes again, and dump.
 */
#include <stdlib.h>
#include <string.h>
#include "common/bus/codec.h"
#include "tests/fuzz/input.h"

static void check_good(const struct msg *m, const char *topic)
{
	unsigned char first[MSG_BYTES_MAX], second[MSG_BYTES_MAX];
	char text[8192], error[MSG_ERROR_SIZE];
	struct msg back;
	int n;

	must(msg_check(m, error) == 0);
	n = msg_encode(m, first, sizeof(first), error);
	must(n > 0);
	must(msg_decode(topic, first, (size_t)n, &back, error) == 0);
	must(memcmp(m, &back, sizeof(back)) == 0);
	must(msg_encode(&back, second, sizeof(second), error) == n);
	must(memcmp(first, second, (size_t)n) == 0);
	must(msg_dump_text(m, text, sizeof(text)) > 0);
	must(msg_dump_json(m, text, sizeof(text)) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	char topic[MSG_TOPIC_SIZE] = "", error[MSG_ERROR_SIZE];
	struct msg m;

	if (!end || (size_t)(end - data) >= sizeof(topic))
		return 0;
	memcpy(topic, data, (size_t)(end - data));
	if (msg_decode(topic, end + 1, size - (size_t)(end + 1 - data), &m, error) == 0)
		check_good(&m, topic);
	return 0;
}
