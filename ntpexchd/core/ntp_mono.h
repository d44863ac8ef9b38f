/* SPDX-License-Identifier: MIT */
/*
 * ntp_mono.h - the extension field 0xF323: what a server's clock would show without its phase
 * corrections. Pure.
 *
 * An experiment of chrony's (since 4.2) on the way to NTPv5. Type 0xF323, length 28, and then
 *
 *   magic            32 bits  0xF5BEDD9A, else it is somebody else's experiment
 *   root delay       32 bits  in 2^-28 s: finer than the header's, at most 16 s
 *   root dispersion  32 bits  in 2^-28 s; all ones: more than it can say
 *   receive          64 bits  NTP timestamp of the receipt on the monotonic scale; 0: there is none
 *   epoch            32 bits  of that scale; stamps of two epochs have nothing in common
 *
 * A request carries it with everything zero but the magic, so an answer is as long as its request.
 *
 * The monotonic scale runs at the frequency that the server holds for true, but takes no part in
 * steps and slews. So the receive stamp on it less the one in the header (the shift) changes by
 * just what the server has taken from its clock's phase since: who knows that need not take it for
 * the wander of its own oscillator. The shift is resolved no better than the stamps, whose bits
 * below the server's precision are random.
 */
#ifndef NTPEXCHD_NTP_MONO_H
#define NTPEXCHD_NTP_MONO_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/tstime.h"
#include "ntpexchd/core/ntp_packet.h"

#define NTP_MONO_TYPE 0xf323
#define NTP_MONO_SIZE 28 /* with type and length */
/* The longest packet that we send. */
#define NTP_SENT_MAX (NTP_HEADER_SIZE + NTP_MONO_SIZE)

struct ntp_mono {
	uint32_t root_delay, root_dispersion; /* 2^-28 s */
	uint64_t receive;		      /* NTP timestamp; 0 none */
	uint32_t epoch;
};

/* The first such field of a packet of version 4 that was parsed from these bytes. False: none. */
bool ntp_mono_find(const uint8_t *bytes, const struct ntp_packet *p, struct ntp_mono *ret);
void ntp_mono_build(const struct ntp_mono *m, uint8_t bytes[NTP_MONO_SIZE]);

/* Rounded up, so that a bound stays one; from 0 to 16 s. */
uint32_t ntp_mono_from_dur(struct ts_dur d);
struct ts_dur ntp_mono_to_dur(uint32_t v);
/* All ones: the header knows more. */
#define NTP_MONO_BEYOND UINT32_MAX

/* Where in the last `size` bytes of a frame the packet begins, if it ends with the header or with
 * this field; size >= NTP_HEADER_SIZE. */
size_t ntp_mono_start(const uint8_t *bytes, size_t size);

/*
 * The scale of a server whose time is that of the clock messages: it goes on at `frequency_ppb`
 * where the clock goes on at `rate_ppb`, and is not moved where the clock's line is. A new epoch
 * begins with a step, with another clock, and with half a second for which there is no other reason
 * (a leap second).
 */
struct ntp_scale {
	bool valid;
	uint32_t epoch;
	struct ts_line line; /* of the clock */
	double slew_ppb;     /* of that rate what is correction */
	double shift_ns;     /* scale minus clock at line.raw */
	int64_t steps;
	enum clock_mode mode;
};

/* random: for a new epoch. */
void ntp_scale_clock(struct ntp_scale *s, const struct msg_clock *c, uint64_t random);
/* Scale minus clock. */
struct ts_dur ntp_scale_shift(const struct ntp_scale *s, struct ts_raw raw);

#endif
