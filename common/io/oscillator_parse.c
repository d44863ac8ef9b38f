/* SPDX-License-Identifier: MIT */
#include "common/io/oscillator_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One word "name=value" of the list. */
static int parse_word(char *word, double *freq, double *wander, int64_t *epoch, uint64_t *seed)
{
	char *value = strchr(word, '='), *end;

	if (!value || !value[1] || strchr(" \t\n", value[1]))
		return -EINVAL;
	*value++ = '\0';
	errno = 0;
	if (!strcmp(word, "epoch"))
		*epoch = strtoll(value, &end, 10);
	else if (!strcmp(word, "freq"))
		*freq = strtod(value, &end);
	else if (!strcmp(word, "wander"))
		*wander = strtod(value, &end);
	else if (!strcmp(word, "seed") && *value != '-')
		*seed = strtoull(value, &end, 10);
	else
		return -EINVAL;
	return *end || errno ? -EINVAL : 0;
}

int oscillator_parse(struct oscillator *o, const char *text, char *error, size_t error_size)
{
	double freq = 0.0, wander = 0.0;
	int64_t epoch = -1;
	uint64_t seed = 1;
	char copy[200], *rest = copy, *word;

	if (strlen(text) >= sizeof(copy))
		goto wrong;
	memcpy(copy, text, strlen(text) + 1);
	while ((word = strsep(&rest, ","))) {
		if (parse_word(word, &freq, &wander, &epoch, &seed) < 0)
			goto wrong;
	}
	if (epoch >= 0 && oscillator_init(o, epoch, freq, wander, seed) == 0)
		return 0;
wrong:
	(void)snprintf(error, error_size,
		"test oscillator '%.80s' is wrong: epoch=NS (0 or more, required), "
		"freq=PPB (-1e8 to 1e8), wander=W (0 to 1e-3 per sqrt(s)), seed=N, "
		"separated by commas",
		text);
	return -EINVAL;
}
