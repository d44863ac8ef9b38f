/* SPDX-License-Identifier: MIT */
#include "common/core/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "tcp://"
#define DIGITS "0123456789"

static bool is_port(const char *text)
{
	size_t n = strspn(text, DIGITS);
	int port = 0;

	if (n == 0 || n > 5 || text[n])
		return false;
	for (size_t i = 0; i < n; i++)
		port = 10 * port + (text[i] - '0');
	return port >= 1 && port <= 65535;
}

static bool has_only(const char *host, size_t n, const char *allowed)
{
	return n > 0 && strspn(host, allowed) >= n;
}

static bool is_host(const char *host, size_t n, bool listens)
{
	if (n > 2 && host[0] == '[' && host[n - 1] == ']')
		return has_only(host + 1, n - 2, DIGITS "abcdefABCDEF:.") &&
		       memchr(host, ':', n) != NULL;
	if (listens)
		return (n == 1 && *host == '*') || has_only(host, n, DIGITS ".");
	return has_only(host, n, DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_");
}

int endpoint_check(const char *text, bool listens, char *error, size_t error_size)
{
	size_t n = strlen(SCHEME);
	const char *colon = strrchr(text, ':');

	if (strncmp(text, SCHEME, n) == 0 && colon > text + n && is_port(colon + 1) &&
		is_host(text + n, (size_t)(colon - text) - n, listens))
		return 0;
	(void)snprintf(error, error_size,
		"\"%.60s\" is no address (allowed: tcp://%s:PORT, IPv6 addresses in brackets)",
		text, listens ? "ADDRESS" : "NAME-OR-ADDRESS");
	return -EINVAL;
}
