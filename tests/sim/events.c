/* SPDX-License-Identifier: MIT */
/* What is to happen, in the order of its time: a binary heap. */
#include "tests/sim/sim.h"

#include <stdlib.h>

static bool earlier(const struct event *a, const struct event *b)
{
	return a->t != b->t ? a->t < b->t : a->order < b->order;
}

void sim_event(struct sim *s, const struct event *e)
{
	int i = s->events++;

	if (i == s->room) {
		struct event *heap;

		s->room = s->room ? 2 * s->room : 64;
		heap = realloc(s->heap, (size_t)s->room * sizeof(*heap));
		if (!heap)
			abort();
		s->heap = heap;
	}
	s->heap[i] = *e;
	s->heap[i].order = ++s->order;
	for (; i > 0 && earlier(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2) {
		struct event swap = s->heap[i];

		s->heap[i] = s->heap[(i - 1) / 2];
		s->heap[(i - 1) / 2] = swap;
	}
}

struct event sim_take_event(struct sim *s)
{
	struct event first = s->heap[0];
	int i = 0, n = --s->events;

	s->heap[0] = s->heap[n];
	for (;;) {
		int least = i;

		for (int k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < n && earlier(&s->heap[k], &s->heap[least]))
				least = k;
		if (least == i)
			return first;
		struct event swap = s->heap[i];

		s->heap[i] = s->heap[least];
		s->heap[least] = swap;
		i = least;
	}
}
