/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - what a publisher keeps for late joiners. Private to common/bus; does no I/O.
 *
 * Kept are encoded messages by series: the last value of each state topic, the last 64 samples of
 * each source, the last 32 events. At most SNAPSHOT_SERIES_MAX series; beyond that the one that
 * was not added to for longest goes.
 */
#ifndef TB_SNAPSHOT_H
#define TB_SNAPSHOT_H

#include "common/bus/msg.h"

#define SNAPSHOT_SAMPLES    64
#define SNAPSHOT_EVENTS	    32
#define SNAPSHOT_SERIES_MAX 256

struct snapshot;

struct snapshot *snapshot_new(void);
void snapshot_destroy(struct snapshot **snapshot);

/* Keeps a copy. 0; 1 if another series had to go for it; -ENOMEM. */
int snapshot_keep(struct snapshot *s, enum msg_kind kind, const char *topic, uint64_t seq,
	const unsigned char *body, size_t size);

/* Drops what is kept of a source: its samples, state and verdict. */
void snapshot_forget(struct snapshot *s, const char *source);

/* Calls send for all that wants() takes (by topic), by ascending seq. Number sent or -ENOMEM. */
int snapshot_replay(const struct snapshot *s, bool (*wants)(void *arg, const char *topic),
	void (*send)(void *arg, const char *topic, const unsigned char *body, size_t size),
	void *arg);

#endif
