/* SPDX-License-Identifier: MIT */
#include "common/core/extts.h"

#include <errno.h>
#include <string.h>

/* linux: the record tells a difference of two clocks and no time (since 6.4, if asked for) */
#define FLAG_OFFSET (1u << 4)

struct extts_stamp extts_decode(const unsigned char record[EXTTS_RECORD_SIZE])
{
	struct {
		int64_t s;
		uint32_t ns, reserved;
		uint32_t index, flags;
		uint32_t unused[2];
	} e;
	struct extts_stamp stamp;

	_Static_assert(sizeof(e) == EXTTS_RECORD_SIZE, "layout of the kernel");
	memcpy(&e, record, sizeof(e));
	stamp.channel = e.index;
	stamp.ns = -1;
	if (e.s >= 0 && e.s < INT64_MAX / NS_PER_S && e.ns < NS_PER_S && !(e.flags & FLAG_OFFSET))
		stamp.ns = e.s * NS_PER_S + e.ns;
	return stamp;
}

void extts_put(struct extts_queue *q, int64_t ns)
{
	if (q->count == EXTTS_QUEUE) {
		q->first = (q->first + 1) % EXTTS_QUEUE;
		q->count--;
	}
	q->ns[(q->first + q->count) % EXTTS_QUEUE] = ns;
	q->count++;
}

int extts_take(struct extts_queue *q, int64_t *ret_ns)
{
	int64_t ns;

	if (q->count == 0)
		return -EAGAIN;
	ns = q->ns[q->first];
	q->first = (q->first + 1) % EXTTS_QUEUE;
	q->count--;
	if (ns < 0)
		return -EBADMSG;
	*ret_ns = ns;
	return 0;
}
