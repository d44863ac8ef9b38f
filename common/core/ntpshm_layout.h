/* SPDX-License-Identifier: MIT */
/*
 * ntpshm_layout.h - the shared memory segment of NTP reference clock driver 28. Pure.
 *
 * A System V segment of 96 bytes under the key 0x4e545030 + unit. It carries no version and no
 * size of time_t; this is the layout of machines with 64-bit time_t (offsets asserted below).
 *
 * Mode 0: the reader takes the fields when valid is set, then clears valid. Mode 1: it also copies
 * count before and after, and drops what it read if they differ. Writers use mode 1: count + 1,
 * valid 0, fields, count + 1, valid 1, with fences in between.
 *
 * Whoever may write the segment may write anything: ntpshm_decode() takes a copy apart and
 * believes nothing.
 */
#ifndef TB_NTPSHM_LAYOUT_H
#define TB_NTPSHM_LAYOUT_H

#include <stddef.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define NTPSHM_KEY	0x4e545030
#define NTPSHM_UNIT_MAX 255

struct ntpshm_segment {
	int32_t mode;
	int32_t count;
	int64_t clock_s; /* time of the reference */
	int32_t clock_us;
	int32_t pad1;
	int64_t receive_s; /* CLOCK_REALTIME at the same instant */
	int32_t receive_us;
	int32_t leap;	   /* 0 none, 1 insert, 2 delete, 3 not synchronised */
	int32_t precision; /* log2 s */
	int32_t nsamples;
	int32_t valid;	   /* 1: a sample waits */
	uint32_t clock_ns; /* of the second, not the rest of the microsecond */
	uint32_t receive_ns;
	int32_t dummy[8];
	int32_t pad2;
};

_Static_assert(offsetof(struct ntpshm_segment, clock_s) == 8, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, clock_us) == 16, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, receive_s) == 24, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, receive_us) == 32, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, leap) == 36, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, precision) == 40, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, nsamples) == 44, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, valid) == 48, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, clock_ns) == 52, "driver 28 layout");
_Static_assert(offsetof(struct ntpshm_segment, receive_ns) == 56, "driver 28 layout");
_Static_assert(sizeof(struct ntpshm_segment) == 96, "driver 28 layout");

/* Leap as the segment has it. */
enum ntpshm_leap { NTPSHM_LEAP_NONE, NTPSHM_LEAP_INSERT, NTPSHM_LEAP_DELETE, NTPSHM_LEAP_UNSYNC };

struct ntpshm_sample {
	struct ts_utc reference; /* what the reference showed */
	struct ts_utc receive;	 /* what CLOCK_REALTIME showed then */
	enum ntpshm_leap leap;
	int precision;	       /* log2 s, -32..0 */
	int64_t resolution_ns; /* of the stamps: 1, or 1000 if they have microseconds only */
};

/*
 * Takes a copy of a segment apart. Nanoseconds count only if both agree with their microseconds
 * (a writer that does not know them leaves rubbish there). An unknown leap is not synchronised, a
 * precision out of range is 0 (a second). -EBADMSG: unknown mode, or a stamp that is no time
 * (before 1970, microseconds out of range, too large for int64 ns).
 */
int ntpshm_decode(const struct ntpshm_segment *copy, struct ntpshm_sample *ret);

/* Fills all fields but mode, count and valid. Microseconds are truncated, as readers check.
 * Stamps before 1970: -ERANGE. */
int ntpshm_encode(const struct ntpshm_sample *sample, struct ntpshm_segment *ret);

#endif
