/* SPDX-License-Identifier: MIT */
#include "refclockd/bound.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/core/tstime.h"

#define SECONDS_MAX 64.0

static int parse_seconds(const char *word, double *ret)
{
	char *end;
	double s;

	if (strspn(word, "0123456789.eE-+") != strlen(word))
		return -EINVAL;
	s = strtod(word, &end);
	if (*end || end == word || !(s >= 0 && s <= SECONDS_MAX))
		return -EINVAL;
	*ret = s;
	return 0;
}

int bound_check(const char *word, char *error, size_t error_size)
{
	double s;

	if (strcmp(word, BOUND_AUTO_WORD) == 0 || word[0] == '/' || parse_seconds(word, &s) == 0)
		return 0;
	(void)snprintf(error, error_size,
		"bound \"%.32s\" (allowed: auto, an absolute path, or 0..%g s)", word, SECONDS_MAX);
	return -EINVAL;
}

/* A decimal number of ns and nothing else but the end of the line. */
static int read_file(const char *path, int64_t *ret_ns)
{
	char text[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int64_t ns = 0;
	size_t digits;

	if (fd >= 0)
		(void)close(fd);
	if (n <= 0)
		return -ENODATA;
	text[n] = '\0';
	digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 11 || text[digits + strspn(text + digits, " \n")] != '\0')
		return -ENODATA;
	for (size_t i = 0; i < digits; i++)
		ns = 10 * ns + (text[i] - '0');
	if (ns > (int64_t)SECONDS_MAX * NS_PER_S)
		return -ENODATA;
	*ret_ns = ns;
	return 0;
}

int bound_now(const char *word, const char *device_file, int64_t *ret_ns)
{
	double s;

	if (parse_seconds(word, &s) == 0) {
		*ret_ns = ts_dur_from_s(s).ns;
		return 0;
	}
	if (strcmp(word, BOUND_AUTO_WORD) == 0)
		word = device_file;
	return *word ? read_file(word, ret_ns) : -ENODATA;
}
