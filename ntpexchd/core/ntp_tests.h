/* SPDX-License-Identifier: MIT */
/*
 * ntp_tests.h - is this packet the answer to our request, and may it be used? Pure.
 *
 * The packet tests of RFC 5905 section 9.2 as far as they need no clock, and kiss codes (section
 * 7.4). Our transmit timestamp is 64 random bits (a cookie), never the time, so an answer proves
 * that its sender saw the request.
 */
#ifndef NTPEXCHD_NTP_TESTS_H
#define NTPEXCHD_NTP_TESTS_H

#include <stdbool.h>
#include <stdint.h>
#include "ntpexchd/core/ntp_packet.h"

struct ntp_expected {
	bool pending;		/* a request waits for its answer */
	uint64_t cookie;	/* its transmit timestamp */
	uint64_t second_cookie; /* its receive timestamp in interleaved mode; 0 basic mode */
	uint64_t done_cookie;	/* of the last request that was answered; 0 none */
	uint64_t done_transmit; /* transmit timestamp of that answer */
};

/*
 * reject_duplicate  test 1: the answer that was taken last, again
 * reject_bogus      test 2: origin is no cookie of the pending request, or not an answer
 * reject_auth       test 5: a MAC where none was asked for (a crypto-NAK too)
 * reject_kiss       RATE, DENY or RSTR
 * reject_unsync     test 6: leap 3, or stratum 0 or above 15
 * reject_invalid    test 3: receive or transmit timestamp zero
 * reject_distance   test 7: root delay / 2 + root dispersion at 16 s or above, or synchronised
 *                   later than sent (than received, where what was sent is of an earlier answer)
 * reject_ok         passed
 *
 * Those before kiss may come from anybody; the rest from somebody who saw our request.
 */
enum reject ntp_test(const struct ntp_packet *p, const struct ntp_expected *expected);

/* True for outcomes that anybody can provoke, without having seen our request. */
bool ntp_test_unsolicited(enum reject reject);

#endif
