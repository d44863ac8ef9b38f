/* SPDX-License-Identifier: MIT */
/*
 * refid.h - reference ids as text (RFC 5905 section 7.3). Pure.
 *
 * At stratum 0 (kiss codes) and 1 a reference id is up to four ASCII characters, left-justified,
 * zero-padded; above it is the IPv4 address of the server, or a hash of its IPv6 address. As an
 * integer its first character is the most significant byte.
 */
#ifndef TB_REFID_H
#define TB_REFID_H

#include <stddef.h>
#include <stdint.h>

#define REFID_TEXT_SIZE 16

/* "GPS" where stratum is 0 or 1 and every character is printable and no blank, else "192.0.2.1";
 * refid 0 is "". */
void refid_to_text(uint32_t refid, int stratum, char text[REFID_TEXT_SIZE]);

/* One to four printable characters, or a dotted IPv4 address. 0 or -EINVAL. A text that is both
 * ("1.2.") is characters. */
int refid_from_text(const char *text, uint32_t *ret_refid);

#endif
