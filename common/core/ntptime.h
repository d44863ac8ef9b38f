/* SPDX-License-Identifier: MIT */
/*
 * ntptime.h - the time formats of NTP packets (RFC 5905 section 6). Pure.
 *
 *   timestamp   64 bits: seconds since 1900-01-01 modulo 2^32, and the fraction in 2^-32 s
 *               (0.23 ns). 0 is special: "not known". One span of 2^32 s (136 years) is an era;
 *               era 1 begins at 2036-02-07 06:28:16.
 *   short       32 bits, unsigned: seconds and fraction in 2^-16 s (15.3 us). Root delay and root
 *               dispersion.
 *   exponent    8 bits, signed: log2 of seconds. Precision and poll.
 *
 * A timestamp does not tell its era: it is read as the instant nearest to a pivot that the caller
 * knows to be less than 68 years off.
 */
#ifndef TB_NTPTIME_H
#define TB_NTPTIME_H

#include <stdint.h>
#include "common/core/tstime.h"

/* Seconds from 1900-01-01 to 1970-01-01: 70 years, 17 of them leap years. */
#define NTP_UNIX_S INT64_C(2208988800)

#define NTP_TIMESTAMP_NONE UINT64_C(0)

/* Rounded to nearest, so that ntp_to_utc() gives t back exactly. Never NTP_TIMESTAMP_NONE: the one
 * instant of an era that would be is 0.23 ns late. */
uint64_t ntp_from_utc(struct ts_utc t);

/* Rounded to nearest. The instant within 2^31 s of pivot (the earlier one of two that are just so
 * far); saturates where int64 ends. NTP_TIMESTAMP_NONE is not treated specially: ask before. */
struct ts_utc ntp_to_utc(uint64_t timestamp, struct ts_utc pivot);

/* a - b as the signed difference modulo an era (RFC 5905 section 6): right for timestamps less than
 * 68 years apart. */
struct ts_dur ntp_sub(uint64_t a, uint64_t b);

/*
 * Short format <-> duration, both rounded up: a bound stays a bound. Below 0 gives 0, above
 * 65535.99 s the largest value. ntp_short_from_dur(ntp_short_to_dur(s)) == s, and
 * ntp_short_to_dur(ntp_short_from_dur(d)) is d or up to 15259 ns above.
 */
uint32_t ntp_short_from_dur(struct ts_dur d);
struct ts_dur ntp_short_to_dur(uint32_t s);

/* 2^exponent s, to the nearest ns, at least 1 ns; saturates. */
struct ts_dur ntp_exponent_to_dur(int exponent);

/* The smallest exponent whose power of two is not below d: a precision is not overstated. From -30
 * (1 ns or less) to 34. */
int ntp_exponent_from_dur(struct ts_dur d);

#endif
