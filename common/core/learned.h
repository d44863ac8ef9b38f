/* SPDX-License-Identifier: MIT */
/*
 * learned.h - what selectd has learned of a source, in the hands of the daemon that owns the
 * source. Pure.
 *
 * selectd may touch nothing, so what it knows would die with it. It tells it with each verdict; the
 * source's owner says it again in its own source messages, and these are in the snapshot that a new
 * selectd gets. So it is kept by who could bend the source's samples just as well, and by nobody
 * else.
 */
#ifndef TB_LEARNED_H
#define TB_LEARNED_H

#include <stdbool.h>
#include <stdint.h>
#include "common/bus/msg.h"

/* The fields learned_* of schema.def; zeroed: nothing. */
struct learned {
	bool learned;
	int64_t raw_ns;
	double bias_ns, bias_sd_ns, moved_ns, prior_ns;
	double rate_ppb, rate_sd_ppb, wander_ppb;
	int64_t disruption, disrupted_raw_ns, slept_ns;
};

/* Unchanged by a verdict that tells nothing. */
void learned_keep(struct learned *l, const struct msg_verdict *v);
void learned_tell(const struct learned *l, struct msg_source *m);
void learned_read(const struct msg_source *m, struct learned *ret);

#endif
