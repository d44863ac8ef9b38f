/* SPDX-License-Identifier: MIT */
/*
 * keeper.h - what outlives disciplined on disk: the drift file (chrony's two numbers) and the state
 * file (core/statefile.h). Each is written in its interval and at the end, in one rename, and only
 * while the clock follows an estimate; what cannot be written or read is an event, once.
 */
#ifndef DISCIPLINED_KEEPER_H
#define DISCIPLINED_KEEPER_H

#include "common/io/stage.h"
#include "disciplined/config.h"
#include "disciplined/driftio.h"

struct keeper {
	struct stage_host *host;
	const struct disciplined_config *config;
	struct ts_raw drift_due, state_due;
	char drift_text[DRIFT_TEXT_SIZE];
	bool drift_failed, state_failed;
	bool has_saved; /* a state was there at the start */
	struct saved_state saved;
};

/* Reads the state file. */
void keeper_start(struct keeper *k, struct stage_host *host,
	const struct disciplined_config *config, struct ts_raw now);
void keeper_reload(struct keeper *k, const struct disciplined_config *config, struct ts_raw now);

/* The line of a former life whose raw times hold now, of a clock of that mode. */
bool keeper_former(
	const struct keeper *k, struct ts_raw now, uint32_t mode, struct shadow_line *ret);

/* Otherwise: the rate to begin with, from the state of another boot or else the drift file. A clock
 * that somebody disciplined before us in this boot is better than a file. start->reading is set. */
void keeper_rate(struct keeper *k, struct discipline_start *start);

/* ppb/sqrt(s); 0 not known. */
double keeper_wander_ppb(const struct keeper *k);

struct ts_raw keeper_deadline(const struct keeper *k);

/* line: what the page tells of the core now. What is due at now; TS_RAW_NEVER: everything. */
void keeper_save(struct keeper *k, const struct discipline *core, const struct shadow_line *line,
	struct ts_raw now);

#endif
