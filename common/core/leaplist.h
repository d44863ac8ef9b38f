/* SPDX-License-Identifier: MIT */
/*
 * leaplist.h - the leap-seconds.list of IERS and NIST. Pure.
 *
 * Lines "NTP-SECONDS TAI-UTC # comment": from that instant on TAI-UTC has that value. "#@" gives
 * the instant up to which the list is good.
 */
#ifndef TB_LEAPLIST_H
#define TB_LEAPLIST_H

#include <stdbool.h>
#include <stddef.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

#define LEAPLIST_MAX 64

struct leaplist {
	int count;
	struct {
		int64_t utc_s;
		int tai_s;
	} entry[LEAPLIST_MAX];
	int64_t expires_utc_s;
};

/* 0; -EINVAL no entry, or entries out of order; -E2BIG. *ret is untouched on failure. */
int leaplist_parse(const char *text, size_t length, struct leaplist *ret);

bool leaplist_good(const struct leaplist *list, struct ts_utc now);

/* TAI-UTC at an instant; 0 before the first entry. */
int leaplist_tai_s(const struct leaplist *list, struct ts_utc now);

/* TAI-UTC when TAI (as nanoseconds since 1970-01-01 without leap seconds) shows tai. Takes the new
 * value at the instant at which a POSIX clock is stepped: where an inserted second begins, and
 * where a removed one would have. */
int leaplist_of_tai_s(const struct leaplist *list, struct ts_utc tai);

/* What the list announces for the end of the day that now lies in. */
enum leap leaplist_announces(const struct leaplist *list, struct ts_utc now);

#endif
