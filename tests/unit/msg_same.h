/* SPDX-License-Identifier: MIT */
/* msg_same.h - assertions on messages, for cmocka programs. */
#ifndef TB_MSG_SAME_H
#define TB_MSG_SAME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include "common/bus/codec.h"

static inline void same_message(const struct msg *a, const struct msg *b)
{
	if (memcmp(a, b, sizeof(*a)) == 0)
		return;
	char x[8192], y[8192];

	msg_dump_json(a, x, sizeof(x));
	msg_dump_json(b, y, sizeof(y));
	fail_msg("\n%s\n%s", x, y);
}

static inline void round_trip(const struct msg *m)
{
	unsigned char body[MSG_BYTES_MAX];
	char topic[MSG_TOPIC_SIZE], error[MSG_ERROR_SIZE] = "";
	struct msg back;
	int n;

	n = msg_encode(m, body, sizeof(body), error);
	if (n < 0)
		fail_msg("%d %s", n, error);
	assert_int_equal(msg_topic(m, topic), 0);
	memset(&back, 0xa5, sizeof(back));
	if (msg_decode(topic, body, (size_t)n, &back, error))
		fail_msg("%s: %s", topic, error);
	same_message(m, &back);
	assert_int_equal(msg_encode(m, body, (size_t)n, error), n);
	assert_int_equal(msg_encode(m, body, (size_t)n - 1, error), -ENOSPC);
}

#endif
