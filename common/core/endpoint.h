/* SPDX-License-Identifier: MIT */
/*
 * endpoint.h - addresses of a remote bus, as directives have them: tcp://HOST:PORT. Pure.
 *
 * HOST is a name, an IPv4 address or an IPv6 address in brackets; where a socket is opened to
 * listen on, an address or * (all of them).
 */
#ifndef TB_ENDPOINT_H
#define TB_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#define ENDPOINT_SIZE 128

/* 0, or -EINVAL with what is wrong and what is allowed in error. */
int endpoint_check(const char *text, bool listens, char *error, size_t error_size);

#endif
