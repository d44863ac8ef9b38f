/* SPDX-License-Identifier: MIT */
/* What a publisher keeps for late joiners, and what of it a subscriber takes for new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/bus_stream.h"
#include "common/bus/snapshot.h"

struct replay {
	const char *prefix;
	unsigned int count;
	uint64_t seq[20000];
	char topic[20000][MSG_TOPIC_SIZE];
};

static bool wants(void *arg, const char *topic)
{
	const struct replay *r = arg;

	return !strncmp(topic, r->prefix, strlen(r->prefix));
}

static void take(void *arg, const char *topic, const unsigned char *body, size_t size)
{
	struct replay *r = arg;

	assert_int_equal(size, sizeof(uint64_t));
	memcpy(&r->seq[r->count], body, size);
	(void)snprintf(r->topic[r->count], MSG_TOPIC_SIZE, "%s", topic);
	r->count++;
}

static struct replay replay;

static const struct replay *replay_of(const struct snapshot *s, const char *prefix)
{
	int n;

	memset(&replay, 0, sizeof(replay));
	replay.prefix = prefix;
	n = snapshot_replay(s, wants, take, &replay);
	assert_int_equal(n, replay.count);
	for (unsigned int i = 1; i < replay.count; i++)
		assert_true(replay.seq[i] > replay.seq[i - 1]);
	return &replay;
}

static int keep(struct snapshot *s, enum msg_kind kind, const char *topic, uint64_t seq)
{
	return snapshot_keep(s, kind, topic, seq, (const unsigned char *)&seq, sizeof(seq));
}

static void keeps_by_kind(void **state)
{
	struct snapshot *s = snapshot_new();
	uint64_t seq = 0;
	const struct replay *r;
	char topic[MSG_TOPIC_SIZE];

	(void)state;
	for (int i = 0; i < 200; i++) {
		keep(s, MSG_sample, "sample.a", ++seq);
		keep(s, MSG_source, "source.a", ++seq);
		keep(s, MSG_estimate, "estimate", ++seq);
		(void)snprintf(topic, sizeof(topic), "event.e%d", i);
		keep(s, MSG_event, topic, ++seq);
		if (i < 10)
			keep(s, MSG_sample, "sample.b", ++seq);
	}
	r = replay_of(s, "sample.a");
	assert_int_equal(r->count, 64);
	assert_int_equal(r->seq[63], seq - 3);
	assert_int_equal(replay_of(s, "sample.b")->count, 10);
	assert_int_equal(replay_of(s, "sample.")->count, 74);
	r = replay_of(s, "estimate");
	assert_int_equal(r->count, 1);
	assert_int_equal(r->seq[0], seq - 1);
	r = replay_of(s, "event.");
	assert_int_equal(r->count, 32);
	assert_string_equal(r->topic[31], "event.e199");
	assert_int_equal(replay_of(s, "event.e180")->count, 1);
	assert_int_equal(replay_of(s, "")->count, 74 + 1 + 1 + 32);
	snapshot_forget(s, "a");
	assert_int_equal(replay_of(s, "")->count, 10 + 1 + 32);
	snapshot_forget(s, "never-there");
	snapshot_destroy(&s);
	assert_null(s);
	snapshot_destroy(&s);
}

static void is_bounded(void **state)
{
	struct snapshot *s = snapshot_new();
	uint64_t seq = 0;
	char topic[MSG_TOPIC_SIZE];

	(void)state;
	for (int i = 0; i < SNAPSHOT_SERIES_MAX; i++) {
		(void)snprintf(topic, sizeof(topic), "source.n%d", i);
		assert_int_equal(keep(s, MSG_source, topic, ++seq), 0);
	}
	assert_int_equal(keep(s, MSG_source, "source.n0", ++seq), 0); /* no longer the stalest */
	assert_int_equal(keep(s, MSG_estimate, "estimate", ++seq), 1);
	assert_int_equal(replay_of(s, "")->count, SNAPSHOT_SERIES_MAX);
	assert_int_equal(replay_of(s, "source.n1")->seq[0], 11); /* n1 itself went; n10 is first */
	assert_int_equal(replay_of(s, "source.n0")->count, 1);
	for (int i = 0; i < 10000; i++) {
		(void)snprintf(topic, sizeof(topic), "sample.n%d", i);
		assert_int_equal(keep(s, MSG_sample, topic, ++seq), 1);
	}
	assert_int_equal(replay_of(s, "")->count, SNAPSHOT_SERIES_MAX);
	snapshot_destroy(&s);
}

/* ---- the subscriber's side ---- */

static struct bus_stream_result feed(
	struct bus_stream *s, uint64_t boot, uint64_t seq, bool snap, const char *topic)
{
	struct msg_envelope env = {"x", boot, seq, 0, snap};

	return bus_stream_take(s, &env, topic);
}

static void filters_are_bounded(void **state)
{
	struct bus_stream s = {.known = false};
	char prefix[MSG_TOPIC_SIZE + 1];

	(void)state;
	for (int i = 0; i < BUS_FILTERS_MAX; i++) {
		(void)snprintf(prefix, sizeof(prefix), "sample.%d", i);
		assert_int_equal(bus_stream_filter(&s, prefix), 0);
		assert_int_equal(bus_stream_filter(&s, prefix), -EEXIST);
	}
	assert_int_equal(bus_stream_filter(&s, "one more"), -ENOSPC);
	memset(prefix, 'x', sizeof(prefix) - 1);
	prefix[sizeof(prefix) - 1] = 0;
	assert_int_equal(bus_stream_filter(&s, prefix), -EINVAL);
}

/* A topic asked for later: the past of it once, of the overlap with older ones nothing. */
static void later_filters(void **state)
{
	struct bus_stream s = {.known = false};

	(void)state;
	bus_stream_filter(&s, "a");
	for (uint64_t seq = 1; seq <= 10; seq++)
		assert_int_equal(feed(&s, 1, seq, false, seq % 2 ? "a" : "b").deliver, seq % 2);
	bus_stream_filter(&s, "b");
	bus_stream_filter(&s, "");
	for (int again = 0; again < 2; again++)
		for (uint64_t seq = 1; seq <= 10; seq++)
			assert_int_equal(feed(&s, 1, seq, true, seq % 2 ? "a" : "b").deliver,
				!again && !(seq % 2));
	assert_true(feed(&s, 1, 11, false, "b").deliver);
	assert_false(feed(&s, 1, 8, false, "b").deliver); /* not of a snapshot: a repetition */
	/* after a restart all are equally old */
	assert_true(feed(&s, 2, 1, true, "b").deliver);
	assert_false(feed(&s, 2, 1, true, "b").deliver);
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/*
 * A model: a publisher of 3 topics that keeps the last 5 of each, a link that drops, and snapshots
 * at any time, one at the start.
 */
struct model {
	uint64_t seq, live_high, lost, told, recovered;
	uint64_t kept[3][5], last[3];
	bool delivered[512];
	struct bus_stream stream;
};

static int topic_of_kept(const struct model *m, uint64_t seq)
{
	for (int i = 0; i < 15; i++)
		if (m->kept[i / 5][i % 5] == seq)
			return i / 5;
	return -1;
}

static void model_deliver(struct model *m, int topic, uint64_t seq)
{
	assert_false(m->delivered[seq]);
	assert_true(seq > m->last[topic]);
	m->delivered[seq] = true;
	m->last[topic] = seq;
}

static void model_snapshot(struct model *m)
{
	struct bus_stream_result got;
	int topic;

	for (uint64_t seq = 1; seq <= m->seq; seq++) {
		topic = topic_of_kept(m, seq);
		if (topic < 0)
			continue;
		got = feed(&m->stream, 9, seq, true, "t");
		assert_int_equal(got.lost, 0);
		assert_true(got.deliver != got.duplicate);
		if (got.deliver)
			model_deliver(m, topic, seq);
		m->recovered += got.deliver && m->live_high;
		/* only what a hole swallowed that was told of may stay away */
		assert_true(m->delivered[seq] || seq < m->live_high);
	}
}

static void model_publish(struct model *m, int topic, bool dropped)
{
	struct bus_stream_result got;

	m->seq++;
	memmove(&m->kept[topic][0], &m->kept[topic][1], 4 * sizeof(m->kept[topic][0]));
	m->kept[topic][4] = m->seq;
	if (dropped) {
		m->lost += m->live_high > 0;
		return;
	}
	got = feed(&m->stream, 9, m->seq, false, "t");
	assert_true(got.deliver && !got.duplicate && !got.restarted);
	model_deliver(m, topic, m->seq);
	m->told += got.lost;
	m->live_high = m->seq;
	assert_int_equal(m->told + m->recovered, m->lost);
}

/* Nothing comes twice, each topic comes in order, what is told as lost is exactly what is. */
static void random_histories(void **state)
{
	static struct model m;
	uint64_t random = 20260103, told = 0, recovered = 0;

	(void)state;
	for (int run = 0; run < 2000; run++) {
		memset(&m, 0, sizeof(m));
		bus_stream_filter(&m.stream, "");
		for (uint64_t n = next_random(&random) % 40; n; n--) {
			m.seq++;
			m.kept[m.seq % 3][m.seq / 3 % 5] = m.seq;
		}
		model_snapshot(&m);
		for (int step = 0; step < 300; step++) {
			uint64_t r = next_random(&random);

			if (r / 3 % 20 == 0)
				model_snapshot(&m);
			else
				model_publish(&m, (int)(r % 3), r / 60 % 4 == 0);
		}
		told += m.told;
		recovered += m.recovered;
	}
	assert_true(told > 1000 && recovered > 1000); /* both were met */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_by_kind),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(filters_are_bounded),
		cmocka_unit_test(later_filters),
		cmocka_unit_test(random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
