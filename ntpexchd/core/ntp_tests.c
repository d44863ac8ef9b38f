/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/ntp_tests.h"

#include "common/core/ntptime.h"

#define ROOT_DISTANCE_MAX_NS INT64_C(16000000000) /* MAXDISP */
#define STRATUM_MAX	     16
#define REFERENCE_SLACK_NS   NS_PER_S

static bool is_kiss(const struct ntp_packet *p)
{
	return p->stratum == 0 && (p->refid == NTP_REFID('R', 'A', 'T', 'E') ||
					  p->refid == NTP_REFID('D', 'E', 'N', 'Y') ||
					  p->refid == NTP_REFID('R', 'S', 'T', 'R'));
}

static bool answers_to(const struct ntp_packet *p, const struct ntp_expected *expected)
{
	return p->origin == expected->cookie ||
	       (expected->second_cookie != 0 && p->origin == expected->second_cookie);
}

static bool distance_is_impossible(const struct ntp_packet *p, bool interleaved)
{
	/* A server that is set right all the time may be so just after it received. */
	int64_t age_ns = interleaved ? ntp_sub(p->receive, p->reference).ns + REFERENCE_SLACK_NS
				     : ntp_sub(p->transmit, p->reference).ns;
	int64_t ns =
		ntp_short_to_dur(p->root_delay).ns / 2 + ntp_short_to_dur(p->root_dispersion).ns;

	return ns >= ROOT_DISTANCE_MAX_NS || (p->reference != NTP_TIMESTAMP_NONE && age_ns < 0);
}

enum reject ntp_test(const struct ntp_packet *p, const struct ntp_expected *expected)
{
	if (p->mode != NTP_MODE_SERVER)
		return reject_bogus;
	if (expected->done_cookie != 0 && p->origin == expected->done_cookie)
		return p->transmit == expected->done_transmit ? reject_duplicate : reject_bogus;
	if (!expected->pending || !answers_to(p, expected))
		return reject_bogus;
	if (p->mac != NTP_MAC_NONE)
		return reject_auth;
	if (is_kiss(p))
		return reject_kiss;
	if (p->leap == 3 || p->stratum == 0 || p->stratum >= STRATUM_MAX)
		return reject_unsync;
	if (p->receive == NTP_TIMESTAMP_NONE || p->transmit == NTP_TIMESTAMP_NONE)
		return reject_invalid;
	if (distance_is_impossible(p, p->origin != expected->cookie))
		return reject_distance;
	return reject_ok;
}

bool ntp_test_unsolicited(enum reject reject)
{
	return reject == reject_duplicate || reject == reject_bogus || reject == reject_format;
}
