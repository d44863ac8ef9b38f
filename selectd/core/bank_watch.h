/* SPDX-License-Identifier: MIT */
/*
 * bank_watch.h - readings that no state foresaw: outlier, step of the phase, or change of the
 * rate? Pure.
 *
 * A bank explains everything by wander: a step of the reference would throw the rate by step/dt,
 * a single outlier as well. Three readings in a row tell them apart by how far they lie off the
 * line before (v1, v2, v3): an outlier is followed by one that is on the line again; a step stays,
 * v1 = v2 = v3; a change of rate grows at least as 0:1:2, so that max - min of the v is at least
 * their mean. Meanwhile the bank goes on with them, so that a change of the rate is followed at
 * once, and a copy of it from before is kept to go back to. Where not even a change by 10 ppm since
 * the last reading would explain them (neither temperature nor voltage does that to a crystal) they
 * are held back until it is clear what they are.
 */
#ifndef TB_BANK_WATCH_H
#define TB_BANK_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "selectd/core/bank.h"

#define BANK_WATCH_READINGS 3

/* Readings relative to the origin line of their track. One-way: back_ns is unused. */
struct bank_sample {
	int64_t raw_ns;
	double there_ns, back_ns;
	double floor_ns2;
};

enum bank_watch_verdict {
	BANK_WATCH_USE,	    /* feed it to the bank */
	BANK_WATCH_HOLD,    /* do not */
	BANK_WATCH_RETURN,  /* go back to the saved bank, then feed it: the others were outliers */
	BANK_WATCH_STEP,    /* go back, move by step_ns, feed all the readings */
	BANK_WATCH_RATE,    /* go back, let the rate be wrong by rate_ppb, feed all of them */
	BANK_WATCH_RESTART, /* nothing fits any more: start anew from this reading */
};

struct bank_watch {
	int count; /* odd readings so far; 0: not watching */
	int lost;  /* times that three readings said nothing */
	struct bank_sample sample[BANK_WATCH_READINGS];
	double off_ns[BANK_WATCH_READINGS];
	struct bank saved;
	struct bank_mean saved_mean;
	int64_t saved_raw_ns;
};

struct bank_watch_view {
	double off_ns;	/* from the saved line while watching, else from the line now */
	double gate_ns; /* ordinary readings are less off than that */
	double dt_s;	/* since that line was last told something */
};

/* Set with BANK_WATCH_STEP and RATE. */
struct bank_watch_change {
	double step_ns, rate_ppb;
};

/* BANK_WATCH_USE or HOLD with count rising from 0 to 1: the caller saves its bank first (see
 * bank_watch_save()). */
enum bank_watch_verdict bank_watch_judge(struct bank_watch *w, const struct bank_watch_view *v,
	const struct bank_sample *sample, struct bank_watch_change *ret_change);

void bank_watch_save(struct bank_watch *w, const struct bank *bank, const struct bank_mean *mean,
	int64_t raw_ns);

#endif
