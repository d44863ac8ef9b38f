/* SPDX-License-Identifier: MIT */
/*
 * cookie.h - numbers that nobody can guess who has seen others of them. Pure.
 *
 * SipHash-2-4 (Aumasson, Bernstein 2012) of a counter. The numbers go out as transmit timestamps of
 * our requests: with a plain generator one server could work out what we ask another one.
 */
#ifndef NTPEXCHD_COOKIE_H
#define NTPEXCHD_COOKIE_H

#include <stdint.h>

struct cookie {
	uint64_t key[2];
	uint64_t counter;
};

void cookie_init(struct cookie *c, uint64_t seed);

/* Never 0. */
uint64_t cookie_next(struct cookie *c);

/* SipHash-2-4 of one 64-bit word, whose bytes are taken least significant first. */
uint64_t cookie_hash(const uint64_t key[2], uint64_t word);

#endif
