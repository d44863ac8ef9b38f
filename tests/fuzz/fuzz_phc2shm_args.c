/* SPDX-License-Identifier: MIT */
/* Words of a command line (bytes between zeros), and names and values of linuxptp's file. */
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "phc2shm/options.h"
#include "tests/fuzz/input.h"

#define WORDS_MAX 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[1024], program[] = "phc2shm", error[OPTIONS_TEXT_SIZE], *argv[WORDS_MAX + 2];
	struct options o;
	int argc = 0;

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	argv[argc++] = program;
	for (size_t at = 0; at < size && argc <= WORDS_MAX; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	argv[argc] = NULL;
	if (options_parse(&o, argc, argv, error) == OPTIONS_RUN) {
		assert(o.source[0] && strcmp(o.sink, "") != 0);
		assert(o.readings >= 1 && o.readings <= 10000);
		assert(isfinite(o.rate_hz) && o.rate_hz > 0 && o.rate_hz <= 10000);
		assert(o.segments >= 1 && o.segments <= OPTIONS_SEGMENTS_MAX);
		for (int i = 0; i < o.segments; i++)
			assert(o.segment[i] >= 0 && o.segment[i] <= 255);
		assert(o.servo);
		assert(o.level >= 0 && o.level <= 7);
	}
	for (int i = 1; i + 1 < argc; i++)
		(void)options_set(&o, argv[i], argv[i + 1], false, error);
	return 0;
}
