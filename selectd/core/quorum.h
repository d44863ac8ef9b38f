/* SPDX-License-Identifier: MIT */
/*
 * quorum.h - whose answers the choice waits for. Pure.
 *
 * Who answers first may be the liar (chronyd follows it in 7 of 10 starts with one). So nobody is
 * chosen before most of those that are expected have answered:
 *
 *   at the start     all that were told of, for three polls, between 4 and 16 s, from when they
 *                    were (source_wait()). Those never heard again from the first answer of any:
 *                    whether they exist nobody knows, but a network that came up late came up
 *                    for all.
 *   after a silence  when a choice ends because nobody answers or a disruption made all void, those
 *                    as well that had answered until then. They exist, and come back as the
 *                    network does, which the first answer of any shows. From that on each is
 *                    expected until it has been asked for certain, and once more as packets get
 *                    lost (source_ask_again()), while there is no time at all; eight polls
 *                    (source_stale_after()) in holdover, where waiting costs only what the bound
 *                    grows by. A reference clock is at the machine and needs no network: once one
 *                    has answered, servers are waited for as at the start only.
 *
 * In holdover our own line within its bound is a voter too: the wait is for those that contradict
 * it (select.h). It ends by itself: at the latest, time is followed that contradicts it.
 */
#ifndef TB_QUORUM_H
#define TB_QUORUM_H

#include "selectd/core/source.h"

/* Zeroed: the start. */
struct quorum {
	struct ts_raw lost;  /* when the choice ended */
	bool answered;	     /* somebody has, since then ... */
	struct ts_raw first; /* ... and this was the first */
};

/* A choice has ended; samples after `lost` count as answers. Those that had answered by then are
 * waited for. */
void quorum_lose(
	struct quorum *q, struct source *sources, int n, struct ts_raw lost, struct ts_raw now);

/* A disruption while there was no choice anyway: who is waited for stays. */
void quorum_forget(struct quorum *q, const struct source *sources, int n, struct ts_raw lost,
	struct ts_raw now);

/* A sample was taken. */
void quorum_hear(struct quorum *q, struct source *s, struct ts_raw raw, struct ts_raw now);

/* Is no majority of those expected there yet? holding: in holdover. */
bool quorum_is_missing(const struct quorum *q, const struct source *sources, int n, bool holding,
	struct ts_raw now);

/* The next instant after `after` at which that source may be expected no longer; NEVER if only its
 * answer can change anything. */
struct ts_raw quorum_next(
	const struct quorum *q, const struct source *s, bool holding, struct ts_raw after);

#endif
