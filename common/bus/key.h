/* SPDX-License-Identifier: MIT */
/*
 * key.h - key pairs of the remote bus: drawn, and read from and written to files (keyfile.h).
 *
 * Every error is a sentence that names the file and what to do. A private file that others may
 * read, or that somebody else may write, is refused.
 */
#ifndef TB_KEY_H
#define TB_KEY_H

#include "common/core/keyfile.h"

#define KEY_ERROR_SIZE 320

struct key_pair {
	char secret[KEY_SIZE], public[KEY_SIZE];
};

/* 0, or -ENOTSUP: libzmq was built without CURVE. */
int key_draw(struct key_pair *ret);

/* 0, or negative errno with the reason in error. */
int key_read_private(const char *path, struct key_pair *ret, char error[KEY_ERROR_SIZE]);
int key_read_public(const char *path, struct keyfile *ret, char error[KEY_ERROR_SIZE]);

/*
 * Writes the pair to path (0600) and its public key, called name, to path.pub. An existing path is
 * never written over: -EEXIST.
 */
int key_write(const char *path, const struct key_pair *pair, const char *name,
	char error[KEY_ERROR_SIZE]);

#endif
