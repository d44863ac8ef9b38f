/* SPDX-License-Identifier: MIT */
/*
 * correction.h - what a server has done to the phase of its own clock, as it tells. Pure.
 *
 * Samples of a server that tells its monotonic scale (schema: mono_*) carry the shift D of that
 * scale against its clock. Between two samples D grows by what the server took from its clock's
 * phase. Such a correction is no wander of our oscillator and no change of the path, though it
 * looks like one: so all that the source has shown before is moved along, at once, and the rate is
 * fitted to what remains, the differences of the monotonic scale. The interval that holds the truth
 * (hardbound.h) is not moved: what it says of an instant rests on the error that the server
 * admitted to then.
 *
 * D is read with an error of half the told mono_error at most; what is not beyond that is not taken
 * for a correction, and adds up until it is. So our reading of D goes with its noise into the phase
 * only where there was something to correct. A change beyond CORRECTION_MAX_NS is no correction but
 * a scale begun anew without saying so; so is one beyond half the delay that the sample itself, by
 * what it shows, contradicts.
 */
#ifndef TB_CORRECTION_H
#define TB_CORRECTION_H

#include <stdbool.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

#define CORRECTION_MAX_NS (16 * NS_PER_S) /* as chronyd's clients have it */

/* Zeroed: nothing was told yet. */
struct correction {
	bool known;
	int64_t epoch, shift_ns;
};

/* By how much the source's clock was set since the sample before; 0: not, or nobody knows. */
struct ts_dur correction_look(struct correction *c, const struct msg_sample *sample);

#endif
