/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/snapshot.h"

struct kept {
	uint64_t seq;
	size_t size;
	char topic[MSG_TOPIC_SIZE];
	unsigned char body[];
};

struct series {
	char key[MSG_TOPIC_SIZE];
	unsigned int depth, count, next;
	uint64_t last_seq;
	struct kept **ring; /* depth slots, count of them in use, next is the oldest once full */
};

struct snapshot {
	struct series series[SNAPSHOT_SERIES_MAX];
	unsigned int count;
};

struct snapshot *snapshot_new(void)
{
	return calloc(1, sizeof(struct snapshot));
}

static void series_clear(struct series *e)
{
	for (unsigned int i = 0; i < e->count; i++)
		free(e->ring[i]);
	free(e->ring);
	memset(e, 0, sizeof(*e));
}

static void series_remove(struct snapshot *s, struct series *e)
{
	struct series *last = &s->series[--s->count];

	series_clear(e);
	if (e != last) {
		*e = *last;
		memset(last, 0, sizeof(*last));
	}
}

void snapshot_destroy(struct snapshot **snapshot)
{
	struct snapshot *s = *snapshot;

	if (!s)
		return;
	while (s->count)
		series_remove(s, &s->series[0]);
	free(s);
	*snapshot = NULL;
}

static struct series *series_find(struct snapshot *s, const char *key)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (!strcmp(s->series[i].key, key))
			return &s->series[i];
	return NULL;
}

static struct series *series_stalest(struct snapshot *s)
{
	struct series *found = &s->series[0];

	for (unsigned int i = 1; i < s->count; i++)
		if (s->series[i].last_seq < found->last_seq)
			found = &s->series[i];
	return found;
}

static struct series *series_add(
	struct snapshot *s, const char *key, unsigned int depth, int *ret_replaced)
{
	struct kept **ring = calloc(depth, sizeof(struct kept *));
	struct series *e;

	if (!ring)
		return NULL;
	if (s->count == SNAPSHOT_SERIES_MAX) {
		series_remove(s, series_stalest(s));
		*ret_replaced = 1;
	}
	e = &s->series[s->count++];
	(void)snprintf(e->key, sizeof(e->key), "%s", key);
	e->depth = depth;
	e->ring = ring;
	return e;
}

static unsigned int depth_of(enum msg_kind kind)
{
	if (kind == MSG_sample)
		return SNAPSHOT_SAMPLES;
	return kind == MSG_event ? SNAPSHOT_EVENTS : 1;
}

int snapshot_keep(struct snapshot *s, enum msg_kind kind, const char *topic, uint64_t seq,
	const unsigned char *body, size_t size)
{
	const char *key = kind == MSG_event ? "event." : topic;
	struct kept *k = calloc(1, sizeof(*k) + size);
	struct series *e;
	int replaced = 0;

	if (!k)
		return -ENOMEM;
	e = series_find(s, key);
	if (!e)
		e = series_add(s, key, depth_of(kind), &replaced);
	if (!e) {
		free(k);
		return -ENOMEM;
	}
	k->seq = seq;
	k->size = size;
	(void)snprintf(k->topic, sizeof(k->topic), "%s", topic);
	memcpy(k->body, body, size);
	free(e->ring[e->next]);
	e->ring[e->next] = k;
	e->next = (e->next + 1) % e->depth;
	if (e->count < e->depth)
		e->count++;
	e->last_seq = seq;
	return replaced;
}

void snapshot_forget(struct snapshot *s, const char *source)
{
	static const char *const kinds[] = {"sample.", "source.", "verdict."};
	char key[MSG_TOPIC_SIZE];
	struct series *e;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		(void)snprintf(key, sizeof(key), "%s%s", kinds[i], source);
		e = series_find(s, key);
		if (e)
			series_remove(s, e);
	}
}

static int by_seq(const void *a, const void *b)
{
	const struct kept *x = *(const struct kept *const *)a, *y = *(const struct kept *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int snapshot_replay(const struct snapshot *s, bool (*wants)(void *arg, const char *topic),
	void (*send)(void *arg, const char *topic, const unsigned char *body, size_t size),
	void *arg)
{
	const struct kept **list;
	size_t all = 0, n = 0;

	for (unsigned int i = 0; i < s->count; i++)
		all += s->series[i].count;
	list = calloc(all + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (unsigned int i = 0; i < s->count; i++)
		for (unsigned int j = 0; j < s->series[i].count; j++)
			if (wants(arg, s->series[i].ring[j]->topic))
				list[n++] = s->series[i].ring[j];
	qsort(list, n, sizeof(*list), by_seq);
	for (size_t i = 0; i < n; i++)
		send(arg, list[i]->topic, list[i]->body, list[i]->size);
	free(list);
	return (int)n;
}
