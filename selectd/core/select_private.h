/* SPDX-License-Identifier: MIT */
/* select_private.h - the parts of select.h: who may be asked (select.c), who is right
 * (select_majority.c), and how much of whom (select_rank.c). */
#ifndef TB_SELECT_PRIVATE_H
#define TB_SELECT_PRIVATE_H

#include "selectd/core/select.h"

/* Finds the majority among the candidates: low, high, agreeing, and of each source whether it
 * agrees, is disproved, is cleared. */
void select_majority(struct source *sources, int n, const struct select_occasion *occasion,
	struct selection *sel);

/* Every candidate that is still in the running is out, for that reason. */
void select_close(struct source *sources, int n, struct selection *sel, enum verdict_state state,
	enum verdict_reason reason);

bool select_must_wait(const struct source *sources, int n, const struct select_occasion *occasion);

/* Is its newest sample in doubt (track.h), and misses low..high? */
bool select_strays(const struct source *s, struct ts_utc base, int64_t low_ns, int64_t high_ns);

/* Gives the sources that agree and are still in the running (state excluded, reason ok) their
 * state, reason and weight; sets selected and combined. There is at least one. */
void select_rank(struct source *sources, int n, const struct selectd_config *config,
	const struct select_occasion *occasion, struct selection *sel);

static inline bool select_usable(const struct source *s)
{
	return s->used && s->now.reason == verdict_reason_ok;
}

static inline bool select_running(const struct source *s)
{
	return s->used && s->now.agrees && s->now.reason == verdict_reason_ok;
}

#endif
