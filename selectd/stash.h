/* SPDX-License-Identifier: MIT */
/*
 * stash.h - samples that come again before their source message, put by until it is there.
 *
 * A snapshot is in the order of first sending, in which a source's last message of itself stands
 * behind most of its samples. But what it tells (options, and what an earlier selectd has learned
 * of it) should be known before the first of them is looked at.
 */
#ifndef SELECTD_STASH_H
#define SELECTD_STASH_H

#include <stdbool.h>
#include <stddef.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

#define STASH_MAX     4096	     /* 64 sources */
#define STASH_WAIT_NS (NS_PER_S / 2) /* a source that does not tell of itself is taken as it is */

/* Zeroed: empty. */
struct stash {
	struct msg *list;
	size_t count, room;
	struct ts_raw until; /* then all is due */
};

/* Puts a message by. False: there is no room, take it now. */
bool stash_put(struct stash *s, const struct msg *m, struct ts_raw now);

/* Takes out the oldest of a source; source NULL: of any. False if there is none. */
bool stash_next(struct stash *s, const char *publisher, const char *source, struct msg *ret);

void stash_free(struct stash *s);

#endif
