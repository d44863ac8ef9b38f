/* SPDX-License-Identifier: MIT */
/*
 * bus_stream.h - one publisher's sequence numbers as a subscriber sees them: what is new, what was
 * delivered before, what was lost. Private to common/bus; does no I/O.
 *
 * A subscriber takes everything of a publisher off the socket and filters here, so that a hole in
 * the numbers means loss. Messages of one publisher arrive in the order they were sent; those of a
 * snapshot come before every live message that was sent after it. Hence one number, the highest
 * seen, tells new from old, with one exception: a topic that was asked for later wants the part
 * of a snapshot that was passed over before. Each filter keeps for this how far the stream was
 * when it came (since) and how much of the past it has been given (replayed).
 */
#ifndef TB_BUS_STREAM_H
#define TB_BUS_STREAM_H

#include "common/bus/msg.h"

#define BUS_FILTERS_MAX 16

struct bus_filter {
	char prefix[MSG_TOPIC_SIZE];
	uint64_t since, replayed;
};

/* Zero it before the first use. */
struct bus_stream {
	bool known, live;   /* heard of; a live message was seen in this boot */
	uint64_t boot;	    /* of the sender */
	uint64_t high;	    /* highest seq seen */
	uint64_t live_high; /* highest of a live message */
	uint64_t recovered; /* newer messages that came by a snapshot since then */
	unsigned int filter_count;
	struct bus_filter filters[BUS_FILTERS_MAX];
};

struct bus_stream_result {
	bool restarted; /* first message of a new boot, and there was another before */
	bool duplicate; /* seen before */
	bool deliver;	/* wanted, and not given before */
	uint64_t lost;	/* messages missing before this one */
};

/* 0; -EEXIST (as it was); -ENOSPC; -EINVAL: longer than a topic. */
int bus_stream_filter(struct bus_stream *s, const char *prefix);

struct bus_stream_result bus_stream_take(
	struct bus_stream *s, const struct msg_envelope *env, const char *topic);

#endif
