/* SPDX-License-Identifier: MIT */
/*
 * track_private.h - what an estimator provides; included by track.c and the estimators only.
 *
 * The table of estimators is in track.c, their words and numbers in track.h. storage is zeroed
 * before init(); it is aligned for any type and at least `size` bytes. track.c checks arguments:
 * samples come with rising raw_ns, at() is called only after a sample was taken, and
 * low_ns/high_ns/drift_ppb of the state are filled in by track.c from the hard bound.
 * Everything else of struct track_state is the estimator's.
 */
#ifndef TB_TRACK_PRIVATE_H
#define TB_TRACK_PRIVATE_H

#include "selectd/core/track.h"

struct track_ops {
	const char *word;
	size_t size; /* of its state, <= TRACK_STORAGE_SIZE */
	/* Its wander and sd are what oscillator and path really do: rate changes are in the one,
	 * and where the midpoint of the two directions' least delays lies is in the other. */
	bool models;
	void (*init)(void *storage, const struct track_config *config);
	void (*configure)(void *storage, const struct track_config *config); /* may be NULL */
	int (*sample)(void *storage, const struct msg_sample *sample);
	int (*at)(const void *storage, struct ts_raw raw, struct track_state *ret);
	void (*shift)(void *storage, struct ts_dur shift);
	int (*dump)(const void *storage, char *text, size_t size); /* may be NULL */
};

extern const struct track_ops track_regression;
extern const struct track_ops track_bank;
extern const struct track_ops track_classic;

#endif
