/* SPDX-License-Identifier: MIT */
/*
 * ntpshm.h - the NTP shared memory segments of this machine, as reader and as writer.
 *
 * Both sides make the segment if it is not there: units 0 and 1 for their owner only (0600), units
 * from 2 on for everybody (0666), unless told otherwise. The protocol: ntpshm_layout.h. Two
 * readers of one unit steal samples from each other, as both clear `valid`.
 */
#ifndef TB_NTPSHM_H
#define TB_NTPSHM_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/ntpshm_layout.h"

#define NTPSHM_ERROR_SIZE 160
#define NTPSHM_PERM_AUTO  (-1)

struct ntpshm {
	struct ntpshm_segment *segment; /* NULL: not attached */
	int unit, id;
	bool readonly; /* `valid` cannot be cleared; samples are told apart by count */
	bool seen;     /* readonly: seen_count holds */
	int32_t seen_count;
};

/*
 * Attaches to the segment of a unit, made with perm (or NTPSHM_PERM_AUTO) if it is not there. A
 * reader that may not write attaches read-only. Negative errno with a reason in error: -EACCES
 * (belongs to somebody else), -EINVAL (too small, or no unit), others. *ret on success only.
 */
int ntpshm_attach(
	int unit, int perm, bool writer, struct ntpshm *ret, char error[NTPSHM_ERROR_SIZE]);

void ntpshm_detach(struct ntpshm *shm);

/* Has the segment under the key been replaced or removed since it was attached? */
bool ntpshm_is_stale(const struct ntpshm *shm);

/* Takes the waiting sample. -EAGAIN: none waits; -EBUSY: it changed while it was read; -EBADMSG:
 * it is malformed (and is taken away). */
int ntpshm_take(struct ntpshm *shm, struct ntpshm_sample *ret);

/* Publishes a sample in mode 1, with full fences. 0 or -ERANGE. */
int ntpshm_put(struct ntpshm *shm, const struct ntpshm_sample *sample);

/* Withdraws what stands there: for start, exit, and when there is nothing to say. */
void ntpshm_clear(struct ntpshm *shm);

#endif
