/* SPDX-License-Identifier: MIT */
#include "phc2shm/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/core/bytes.h"

#define LINE_SIZE 1024

static char *trim(char *line)
{
	char *end;

	while (ascii_is_blank(*line))
		line++;
	end = line + strlen(line);
	while (end > line && ascii_is_blank(end[-1]))
		*--end = '\0';
	return line;
}

/* Splits "name value". False if there is no value. */
static bool split(char *line, char **ret_value)
{
	char *p = line;

	while (*p && !ascii_is_blank(*p))
		p++;
	if (!*p)
		return false;
	*p++ = '\0';
	*ret_value = trim(p);
	return **ret_value != '\0';
}

/* *global: are we in a section whose options concern us? */
static int take_line(struct options *o, char *line, bool *global, char reason[OPTIONS_TEXT_SIZE])
{
	char *value;

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	if (line[0] == '[') {
		*global = strcmp(line, "[global]") == 0;
		return 0;
	}
	if (!*global)
		return 0;
	if (!split(line, &value)) {
		(void)snprintf(reason, OPTIONS_TEXT_SIZE, "\"%.60s\" has no value", line);
		return -EINVAL;
	}
	return options_set(o, line, value, false, reason);
}

int options_read_file(struct options *o, const char *path, char error[OPTIONS_TEXT_SIZE])
{
	char line[LINE_SIZE], reason[OPTIONS_TEXT_SIZE];
	FILE *f = fopen(path, "re");
	bool global = false;
	int number = 0, rc = 0;

	if (!f) {
		rc = -errno;
		(void)snprintf(error, OPTIONS_TEXT_SIZE, "%.120s: %s", path, strerror(-rc));
		return rc;
	}
	while (rc == 0 && fgets(line, sizeof(line), f)) {
		number++;
		rc = take_line(o, trim(line), &global, reason);
	}
	(void)fclose(f);
	if (rc < 0)
		(void)snprintf(error, OPTIONS_TEXT_SIZE, "%.60s:%d: %.160s", path, number, reason);
	return rc;
}
