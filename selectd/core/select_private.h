/* SPDX-License-Identifier: MIT */
/* select_private.h - the halves of select.h: who is right (select.c), and how much of whom
 * (select_rank.c). */
#ifndef TB_SELECT_PRIVATE_H
#define TB_SELECT_PRIVATE_H

#include "selectd/core/select.h"

/* Gives the sources that agree and are still in the running (state excluded, reason ok) their
 * state, reason and weight; sets selected and combined. There is at least one. */
void select_rank(struct source *sources, int n, const struct selectd_config *config,
	const struct select_occasion *occasion, struct selection *sel);

static inline bool select_running(const struct source *s)
{
	return s->used && s->now.agrees && s->now.reason == verdict_reason_ok;
}

#endif
