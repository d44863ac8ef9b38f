/* SPDX-License-Identifier: MIT */
/* driftio.h - the drift file and the state file on disk. */
#ifndef DISCIPLINED_DRIFTIO_H
#define DISCIPLINED_DRIFTIO_H

#include <stdbool.h>
#include "disciplined/core/driftfile.h"
#include "disciplined/core/statefile.h"

/* 0, -ENOENT (no file), -EINVAL (not a drift file), or another errno. */
int driftio_load(const char *path, struct drift *ret);

/* Replaces the file in one rename. last (DRIFT_TEXT_SIZE bytes): the text written last; equal text
 * is not written again. 0 or negative errno. */
int driftio_save(const char *path, const struct drift *drift, char *last);

/* The same for the state file. */
int driftio_load_state(const char *path, struct saved_state *ret);
int driftio_save_state(const char *path, const struct saved_state *state);

/* A whole small text file. Bytes read, -EFBIG, or negative errno. */
long driftio_read_text(const char *path, char *text, size_t size);

#endif
