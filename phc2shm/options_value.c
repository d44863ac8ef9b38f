/* SPDX-License-Identifier: MIT */
#include "phc2shm/options_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/bytes.h"

int options_refuse(
	char error[OPTIONS_TEXT_SIZE], const char *word, const char *value, const char *allowed)
{
	(void)snprintf(error, OPTIONS_TEXT_SIZE, "%.40s: bad value \"%.60s\" (allowed: %.100s)",
		word, value, allowed);
	return -EINVAL;
}

int options_get_int(const char *word, const char *value, int min, int max, int *ret,
	char error[OPTIONS_TEXT_SIZE])
{
	char allowed[64], *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 0);
	if (end != value && !*end && !errno && v >= min && v <= max) {
		*ret = (int)v;
		return 0;
	}
	(void)snprintf(allowed, sizeof(allowed), "%d..%d", min, max);
	return options_refuse(error, word, value, allowed);
}

int options_get_double(const char *word, const char *value, double min, double max, double *ret,
	char error[OPTIONS_TEXT_SIZE])
{
	char allowed[64], *end;
	double v = strtod(value, &end);

	if (end != value && !*end && isfinite(v) && v >= min && v <= max) {
		*ret = v;
		return 0;
	}
	(void)snprintf(allowed, sizeof(allowed), "%g..%g", min, max);
	return options_refuse(error, word, value, allowed);
}

int options_get_bool(const char *word, const char *value, bool *ret, char error[OPTIONS_TEXT_SIZE])
{
	int v, rc = options_get_int(word, value, 0, 1, &v, error);

	if (rc == 0)
		*ret = v != 0;
	return rc;
}

int options_get_text(const char *word, const char *value, char ret[OPTIONS_LABEL_SIZE],
	char error[OPTIONS_TEXT_SIZE])
{
	if (!*value || strlen(value) >= OPTIONS_LABEL_SIZE)
		return options_refuse(error, word, value, "1..127 bytes");
	(void)str_copy(ret, OPTIONS_LABEL_SIZE, value);
	return 0;
}
