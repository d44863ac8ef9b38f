/* SPDX-License-Identifier: MIT */
/*
 * ntp_refid.h - the reference id that stands for a server's address (RFC 5905 section 7.3). Pure.
 *
 * IPv4: the four bytes of the address. IPv6: the first four bytes of the MD5 hash (RFC 1321) of
 * its sixteen. A server that is synchronised to us tells ours, which is how loops of two are seen.
 */
#ifndef NTPEXCHD_NTP_REFID_H
#define NTPEXCHD_NTP_REFID_H

#include <stdint.h>
#include "ntpexchd/core/access.h"

/* 0 for an address of no family. */
uint32_t ntp_refid_of(const struct ntp_address *address);

#endif
