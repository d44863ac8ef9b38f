/* SPDX-License-Identifier: MIT */
/*
 * logchange.h - has the clock been found wrong by more than a threshold? Pure.
 *
 * Told once for each error that is found, not again while it is slewed away: when an estimate was
 * acted on, the clock's offset (a step that answered it included) is above the threshold and
 * differs by more than the threshold from that at the estimate before.
 */
#ifndef TB_LOGCHANGE_H
#define TB_LOGCHANGE_H

#include "common/bus/msg.h"

/* Zero it, then set threshold_ns; 0: any error above 0 counts. */
struct logchange {
	int64_t threshold_ns;
	bool known;
	int64_t estimate_seq, steps, slow_ns;
};

/* True with the error (above 0: the clock was slow) if it is to be told. */
bool logchange_clock(struct logchange *l, const struct msg_clock *c, int64_t *ret_slow_ns);

#endif
