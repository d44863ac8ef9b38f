/* SPDX-License-Identifier: MIT */
/*
 * sock_datagram.h - the datagram of chrony's SOCK reference clock. Pure.
 *
 * One datagram is one struct of 40 bytes in the machine's byte order (64-bit time_t). The sender
 * may be any program that may write to the socket: nothing in it is believed unseen.
 */
#ifndef TB_SOCK_DATAGRAM_H
#define TB_SOCK_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define SOCK_DATAGRAM_MAGIC 0x534f434b
#define SOCK_DATAGRAM_SIZE  40

struct sock_datagram {
	int64_t tv_s; /* CLOCK_REALTIME of the measurement */
	int64_t tv_us;
	double offset_s; /* true time minus that clock */
	int32_t pulse;	 /* not 0: only the fraction of the second counts */
	int32_t leap;	 /* 0 none, 1 insert, 2 delete, else not synchronised */
	int32_t pad;
	int32_t magic;
};
_Static_assert(sizeof(struct sock_datagram) == SOCK_DATAGRAM_SIZE, "chrony's refclock_sock.c");
_Static_assert(offsetof(struct sock_datagram, offset_s) == 16, "chrony's refclock_sock.c");
_Static_assert(offsetof(struct sock_datagram, magic) == 36, "chrony's refclock_sock.c");

struct sock_sample {
	struct ts_utc system;	 /* CLOCK_REALTIME of the measurement, to the microsecond */
	struct ts_utc reference; /* true time then */
	bool pulse;
	int leap; /* 0..3 */
};

/* -EBADMSG: another length or magic, a stamp that is no time, an offset that is no number or
 * leads out of int64 ns. */
int sock_datagram_decode(const void *data, size_t size, struct sock_sample *ret);

/* The stamp is truncated to microseconds; the offset is that of the whole stamps, as it is the same
 * a microsecond earlier. A double holds offsets below 4 s to the nanosecond and better. -ERANGE:
 * times before 1970. */
int sock_datagram_encode(const struct sock_sample *sample, struct sock_datagram *ret);

#endif
