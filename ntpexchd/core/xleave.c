/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/xleave.h"

static uint32_t set_of(uint64_t client)
{
	return (uint32_t)(client % XLEAVE_SETS);
}

void xleave_note(struct xleave *x, uint64_t client, uint64_t receive, uint64_t transmit)
{
	uint32_t set = set_of(client), way = 0;

	for (uint32_t i = 1; i < XLEAVE_WAYS; i++)
		if (x->place[set][i].order < x->place[set][way].order)
			way = i;
	x->place[set][way] = (struct xleave_answer){client, receive, transmit, ++x->order};
	x->pending[x->pendings % XLEAVE_PENDING].receive = receive;
	x->pending[x->pendings % XLEAVE_PENDING].set = set;
	x->pending[x->pendings % XLEAVE_PENDING].way = way;
	x->pendings++;
}

void xleave_stamp(struct xleave *x, uint64_t receive, uint64_t transmit)
{
	/* The newest first: stamps come within microseconds. */
	for (uint32_t i = 1; i <= XLEAVE_PENDING && i <= x->pendings; i++) {
		uint32_t at = (x->pendings - i) % XLEAVE_PENDING;
		struct xleave_answer *a = &x->place[x->pending[at].set][x->pending[at].way];

		if (x->pending[at].receive != receive || a->receive != receive)
			continue;
		a->transmit = transmit;
		return;
	}
}

uint64_t xleave_find(const struct xleave *x, uint64_t client, uint64_t receive)
{
	const struct xleave_answer *set = x->place[set_of(client)];

	for (int i = 0; i < XLEAVE_WAYS; i++)
		if (set[i].client == client && set[i].receive == receive)
			return set[i].transmit;
	return 0;
}
