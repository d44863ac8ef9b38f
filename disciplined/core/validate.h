/* SPDX-License-Identifier: MIT */
/*
 * validate.h - disciplined believes nobody: every estimate is judged before it moves a clock. Pure.
 *
 * The codec checked types and ranges; this checks sense, against the present, the configuration and
 * the line followed so far. An estimate that contradicts that line (farther off than both bounds
 * allow) is refused twice; the third that agrees with the two before it is taken, since then it is
 * the line that was wrong. A new disruption count voids the line and with it this test.
 */
#ifndef DISCIPLINED_VALIDATE_H
#define DISCIPLINED_VALIDATE_H

#include <stdbool.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

enum refusal {
	REFUSAL_NONE,
	REFUSAL_REPEATED,  /* sequence number of that sender's boot seen before */
	REFUSAL_NUMBER,	   /* not finite, or negative where it cannot be */
	REFUSAL_FUTURE,	   /* given for an instant more than a second ahead */
	REFUSAL_OLD,	   /* older than maxholdover */
	REFUSAL_BACKWARDS, /* given for an instant before that of the line followed */
	REFUSAL_VOID,	   /* rests on samples from before a suspend */
	REFUSAL_RATE,	   /* beyond maxdrift */
	REFUSAL_BOUND,	   /* bound wider than maxbound */
	REFUSAL_JUMP	   /* contradicts the line followed */
};

struct validate_limits {
	double rate_max_ppb;
	int64_t age_max_ns, bound_max_ns;
};

/* The line followed so far. */
struct validate_line {
	bool valid;
	struct ts_line line;
	int64_t bound_ns; /* at line.raw */
	double drift_ppb;
	int64_t disruption;
};

struct validate {
	uint64_t boot, seq;
	bool void_before; /* estimates on samples up to void_raw are not taken */
	struct ts_raw void_raw;
	int64_t void_disruption;
	int jumps; /* refused in a row */
	struct ts_line jump_line;
	int64_t jump_bound_ns;
};

enum refusal validate_estimate(struct validate *v, const struct validate_limits *limits,
	const struct validate_line *followed, const struct msg *m, struct ts_raw now);

/* From now on samples before raw count for nothing, unless the disruption count moves. */
void validate_void(struct validate *v, struct ts_raw raw, int64_t disruption);

/* In words, for events. */
const char *validate_text(enum refusal refusal);

#endif
