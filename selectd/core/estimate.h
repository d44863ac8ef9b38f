/* SPDX-License-Identifier: MIT */
/*
 * estimate.h - the message that disciplined follows, from what was selected and combined. Pure.
 *
 * Bound: |true error of utc_ns| <= bound_ns at raw_ns, growing by bound_drift_ppb after it. Its
 * parts add up to it: the device's bound, the source's root dispersion and half its root delay,
 * half the smallest delay, and the rest noise and age. Intersecting many samples may leave less
 * than those parts: then the last ones are cut.
 *
 * Root delay and dispersion are told onwards so that root delay / 2 + root dispersion >= bound:
 * a client of ours that knows only these still has an honest root distance.
 */
#ifndef TB_ESTIMATE_H
#define TB_ESTIMATE_H

#include "selectd/core/combine.h"

/* status is synchronised; leap, disruption are the caller's. */
void estimate_make(const struct source *selected, const struct selection *sel,
	const struct combination *c, double maxclockerror_ppm, struct msg_estimate *ret);

/* The same estimate at a later instant, without new samples: status holdover. maxclockerror as
 * above; its uncertainty is made to last another horizon_s. */
void estimate_extend(
	struct msg_estimate *e, struct ts_raw raw, double maxclockerror_ppm, double horizon_s);

/* Worth nothing any more: status unsynchronised, the largest bound; the line goes on. */
void estimate_void(struct msg_estimate *e, struct ts_raw raw);

/* Its line. */
struct ts_line estimate_line(const struct msg_estimate *e);

/* Bound at an instant at or after raw_ns. */
int64_t estimate_bound_at(const struct msg_estimate *e, struct ts_raw raw);

/*
 * Reference id that follows from a source: for NTP its IPv4 address, or for IPv6 the lower 32 bits
 * of FNV-1a over the address as text. (RFC 5905 takes MD5 there. The id only has to differ between
 * servers: a client compares it with what itself makes of its own address.) Else the source's own.
 */
uint32_t estimate_refid(const struct source *s);

#endif
