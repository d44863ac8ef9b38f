/* SPDX-License-Identifier: MIT */
/* What a PTP clock's device gives to read, handed to the queues of two channels. */
#include <assert.h>
#include <errno.h>

#include "common/core/extts.h"
#include "tests/fuzz/input.h"

static void drain(struct extts_queue *q, int have)
{
	int64_t ns = -7;

	assert(have <= EXTTS_QUEUE ? q->count == have : q->count == EXTTS_QUEUE);
	for (int rc = 0; rc != -EAGAIN;) {
		rc = extts_take(q, &ns);
		assert(rc == 0 || rc == -EBADMSG || rc == -EAGAIN);
		assert(rc != 0 || ns >= 0);
	}
	assert(q->count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct extts_queue queue[2] = {{0}};
	int put[2] = {0};

	for (; size >= EXTTS_RECORD_SIZE; data += EXTTS_RECORD_SIZE, size -= EXTTS_RECORD_SIZE) {
		struct extts_stamp stamp = extts_decode(data);

		assert(stamp.ns >= -1);
		if (stamp.channel > 1)
			continue;
		extts_put(&queue[stamp.channel], stamp.ns);
		put[stamp.channel]++;
	}
	drain(&queue[0], put[0]);
	drain(&queue[1], put[1]);
	return 0;
}
