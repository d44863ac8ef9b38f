/* SPDX-License-Identifier: MIT */
/*
 * keyfile.h - the text of key files, by which two machines of a remote bus know each other. Pure.
 *
 * A line each, comments begin with #:
 *   public KEY [NAME]   who holds the secret key to it; NAME is for people
 *   secret KEY          what only its owner may read
 * KEY is 32 bytes in the 40 characters of Z85 (ZeroMQ RFC 32), as CURVE (RFC 26) takes them. A
 * private file has one secret key and its public one; a file of public keys has any number of
 * those, so that files of several machines may be put together with cat.
 */
#ifndef TB_KEYFILE_H
#define TB_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>

#define KEY_SIZE	   41 /* of a key as text, with its NUL */
#define KEY_NAME_SIZE	   32
#define KEYFILE_KEYS_MAX   64
#define KEYFILE_BYTES_MAX  16384
#define KEYFILE_ERROR_SIZE 160

struct keyfile_entry {
	char key[KEY_SIZE];
	char name[KEY_NAME_SIZE]; /* "" if it has none */
};

struct keyfile {
	char secret[KEY_SIZE]; /* "" if there is none */
	int count;
	struct keyfile_entry entry[KEYFILE_KEYS_MAX]; /* public keys */
};

/* 0, or -EINVAL with line, word and what is allowed in error. Never prints a key that could be a
 * secret one. */
int keyfile_parse(
	const char *text, size_t size, struct keyfile *ret, char error[KEYFILE_ERROR_SIZE]);

/* Are these 40 characters that stand for 32 bytes? */
bool keyfile_is_key(const char *text, size_t size);

/* NULL if that key is not in it. */
const struct keyfile_entry *keyfile_find(const struct keyfile *f, const char *key);

#endif
