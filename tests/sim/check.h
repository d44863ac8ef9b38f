/* SPDX-License-Identifier: MIT */
/*
 * check.h - what must hold after every event, and the figures of a run.
 *
 *   bound     |error| <= bound of the last estimate, the last clock message and the shared page,
 *             unless they say "unsynchronised". Within 2 s of a leap second nobody is held to
 *             anything; a claim made before a suspend (or, for the clock, before a stranger's
 *             step) ends with it; while disciplined is away only its page is held to its word.
 *   step      only by makestep, once after a suspend, against a stranger, for a leap second
 *   rate      slew within maxslewrate; finite numbers everywhere
 *   majority  a falseticker has no weight while more honest sources than false ones have answered
 */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include <stdbool.h>
#include "common/bus/msg.h"
#include "common/core/shadow_page.h"
#include "tests/sim/scenario.h"

struct sim;

struct check {
	/* the last claims */
	bool has_estimate, has_clock, has_page;
	struct msg_estimate estimate;
	struct msg_clock clock;
	struct shadow_line page;
	struct ts_raw void_raw, void_clock_raw;
	int answered[SIM_NODES]; /* samples that selectd has of it */
	/* violations */
	int64_t bad_estimate, bad_clock, bad_page, bad_other, false_weight;
	char first[400]; /* the first of each kind, in words */
	/* figures */
	int64_t looks, usable, unusable;
	double sum2, sum, max, freq2, line2, low, high;
	float *error_ns, *bound_ns;
	int64_t errors;
	double minute_max;
	int64_t minute, first_1ms, first_10us;
	int64_t steps, packets;
	int events[EVENT_CODES];
	double value[LIMIT_COUNT]; /* at the end */
	char failed[200];	   /* limits that failed; "" passed */
};

void check_init(struct check *c, const struct scenario *sc);
void check_free(struct check *c);
void check_message(struct sim *s, const struct msg *m);
void check_now(struct sim *s);
void check_look(struct sim *s);
/* Figures, and whether the limits hold. */
void check_finish(struct check *c, const struct scenario *sc);

#endif
