/* SPDX-License-Identifier: MIT */
#include "selectd/stash.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 256

static bool grow(struct stash *s)
{
	size_t room = s->room ? 2 * s->room : ROOM_FIRST;
	struct msg *list;

	if (s->count < s->room)
		return true;
	if (room > STASH_MAX)
		return false;
	list = realloc(s->list, room * sizeof(*list));
	if (!list)
		return false;
	s->list = list;
	s->room = room;
	return true;
}

bool stash_put(struct stash *s, const struct msg *m, struct ts_raw now)
{
	if (!grow(s))
		return false;
	if (s->count == 0)
		s->until = ts_raw_add(now, (struct ts_dur){STASH_WAIT_NS});
	s->list[s->count++] = *m;
	return true;
}

bool stash_next(struct stash *s, const char *publisher, const char *source, struct msg *ret)
{
	for (size_t i = 0; i < s->count; i++) {
		struct msg *m = &s->list[i];

		if (source && (strcmp(m->u.sample.source, source) != 0 ||
				      strcmp(m->env.sender, publisher) != 0))
			continue;
		*ret = *m;
		memmove(m, m + 1, (--s->count - i) * sizeof(*m));
		if (s->count == 0)
			stash_free(s);
		return true;
	}
	return false;
}

void stash_free(struct stash *s)
{
	free(s->list);
	*s = (struct stash){0};
}
