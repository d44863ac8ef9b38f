/* SPDX-License-Identifier: MIT */
/*
 * extts.h - records of external time stamps as a PTP clock's device gives them (linux
 * uapi/linux/ptp_clock.h, struct ptp_extts_event), and the queue of one reader of them. Pure.
 *
 * A device has one stream for all its inputs: a record says which one it is of.
 */
#ifndef TB_EXTTS_H
#define TB_EXTTS_H

#include <stddef.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define EXTTS_RECORD_SIZE 32
#define EXTTS_QUEUE	  64

struct extts_stamp {
	uint32_t channel;
	int64_t ns; /* of the clock; -1: not a time */
};

/* Takes one record apart, native byte order. Whatever stands in it gives a stamp. */
struct extts_stamp extts_decode(const unsigned char record[EXTTS_RECORD_SIZE]);

/* All zero is empty. */
struct extts_queue {
	int first, count;
	int64_t ns[EXTTS_QUEUE];
};

/* Where it is full the oldest is lost. */
void extts_put(struct extts_queue *q, int64_t ns);

/* 0; -EAGAIN: empty; -EBADMSG: one that was not a time was taken out. */
int extts_take(struct extts_queue *q, int64_t *ret_ns);

#endif
