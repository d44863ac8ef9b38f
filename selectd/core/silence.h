/* SPDX-License-Identifier: MIT */
/* silence.h - from when on a source that does not answer is silent, and not only late. Pure. */
#ifndef TB_SILENCE_H
#define TB_SILENCE_H

#include <stdint.h>
#include "common/core/tstime.h"

#define SILENCE_POLLS 8 /* as many as a reach register counts */
#define SILENCE_MIN_NS                                                                             \
	(4 * NS_PER_S) /* a producer that is killed and started again is back by then */

/* An interval of 2^poll s. */
static inline int64_t silence_poll_ns(int64_t poll)
{
	return poll >= 0 ? NS_PER_S << (poll < 30 ? poll : 30)
			 : NS_PER_S >> (poll > -20 ? -poll : 20);
}

static inline int64_t silence_after_ns(int64_t poll)
{
	int64_t ns = SILENCE_POLLS * silence_poll_ns(poll);

	return ns > SILENCE_MIN_NS ? ns : SILENCE_MIN_NS;
}

#endif
