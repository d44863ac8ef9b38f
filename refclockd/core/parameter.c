/* SPDX-License-Identifier: MIT */
#include "refclockd/core/parameter.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/core/bytes.h"

/* 1: word is allowed without a value, 2: with one, 0: not at all. */
static int kind_of(const char *allowed, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = allowed; *p;) {
		size_t len = strcspn(p, " ");
		bool valued = len > 0 && p[len - 1] == '=';

		if (n > 0 && len - valued == n && memcmp(p, word, n) == 0)
			return valued ? 2 : 1;
		p += len;
		p += strspn(p, " ");
	}
	return 0;
}

static int refuse(const char *word, const char *what, const char *allowed, char *error, size_t size)
{
	(void)snprintf(error, size, "option \"%.32s\" %s (allowed: %s)", word, what,
		*allowed ? allowed : "none");
	return -EINVAL;
}

static int add_option(
	struct parameter *p, char *word, const char *allowed, char *error, size_t size)
{
	char *value = strchr(word, '=');
	int kind;

	if (p->options == PARAMETER_OPTIONS_MAX)
		return refuse(word, "is one too many", allowed, error, size);
	if (value)
		*value++ = '\0';
	kind = kind_of(allowed, word);
	if (kind == 0)
		return refuse(word, "is unknown", allowed, error, size);
	if (kind == 1 && value)
		return refuse(word, "takes no value", allowed, error, size);
	if (kind == 2 && (!value || !*value))
		return refuse(word, "needs a value", allowed, error, size);
	p->option[p->options].word = word;
	p->option[p->options].value = value;
	p->options++;
	return 0;
}

int parameter_parse(struct parameter *ret, const char *text, const char *allowed, char *error,
	size_t error_size)
{
	size_t name = strcspn(text, ":");
	char *at = ret->text;

	memset(ret, 0, sizeof(*ret));
	if (name == 0 || strlen(text) >= PARAMETER_SIZE) {
		(void)snprintf(error, error_size, "parameter is empty or too long (1..%d bytes)",
			PARAMETER_SIZE - 1);
		return -EINVAL;
	}
	memcpy(ret->name, text, name);
	if (text[name] == '\0')
		return 0;
	(void)str_copy(ret->text, sizeof(ret->text), text + name + 1);
	for (;;) {
		char *end = at + strcspn(at, ":");
		bool last = *end == '\0';
		int rc;

		*end = '\0';
		rc = add_option(ret, at, allowed, error, error_size);
		if (rc < 0 || last)
			return rc;
		at = end + 1;
	}
}

int parameter_parse_device(struct parameter *ret, const char *text, const char *allowed,
	char *error, size_t error_size)
{
	int rc = parameter_parse(ret, text, allowed, error, error_size);

	if (rc < 0)
		return rc;
	if (ret->name[0] == '/' && strlen(ret->name) < PARAMETER_DEVICE_SIZE)
		return 0;
	(void)snprintf(error, error_size,
		"device \"%.64s\" (allowed: an absolute path of at most %d bytes)", ret->name,
		PARAMETER_DEVICE_SIZE - 1);
	return -EINVAL;
}

const char *parameter_option(const struct parameter *p, const char *word)
{
	for (int i = 0; i < p->options; i++)
		if (strcmp(p->option[i].word, word) == 0)
			return p->option[i].value ? p->option[i].value : "";
	return NULL;
}

int parameter_number(const char *text, bool octal, int min, int max, int *ret)
{
	int base = octal && text[0] == '0' ? 8 : 10;
	bool minus = text[0] == '-';
	int64_t n = 0;

	if (minus)
		text++;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text >= '0' + base || n > INT32_MAX)
			return -EINVAL;
		n = n * base + (*text - '0');
	}
	if (minus)
		n = -n;
	if (n < min || n > max)
		return -EINVAL;
	*ret = (int)n;
	return 0;
}
