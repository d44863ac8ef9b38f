/* SPDX-License-Identifier: MIT */
/*
 * solo_host.h - all stages of the suite in one thread, joined by direct calls instead of the bus.
 *
 * What the bus promises holds here too: a message is checked and admitted before anybody sees it,
 * carries an envelope with its sender's boot id and sequence number, and reaches each subscriber
 * (struct stage.subscriptions) in the order in which it was published. A stage is never called from
 * within another's callback: what is published waits in a queue that is emptied before the loop
 * waits again. Nobody joins late and nothing is lost, so there are no snapshots and no gaps.
 *
 * Wakes up for deadlines of stages and for their descriptors, and for nothing else.
 */
#ifndef TB_SOLO_HOST_H
#define TB_SOLO_HOST_H

#include <stdbool.h>
#include "common/io/stage.h"

#define SOLO_STAGES_MAX 8

struct solo;

struct solo_config {
	const struct stage *const *stages; /* in the order of the pipeline; ends with NULL */
	void *const *configs;		   /* one a stage, owned by the caller until solo_free() */
	const char *run_dir, *state_dir;
	struct door *door;
	struct loop *loop;
};

/* NULL: out of memory, or too many stages. */
struct solo *solo_new(const struct solo_config *config);
void solo_free(struct solo **solo);

/* Starts every stage. 0, or negative errno of the one that cannot run; those before it are stopped
 * by solo_free(). The loop then does the rest. */
int solo_start(struct solo *solo);

#endif
