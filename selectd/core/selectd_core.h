/* SPDX-License-Identifier: MIT */
/*
 * selectd_core.h - samples in, one estimate of UTC out. Pure.
 *
 * Driven by the instants of samples; `now` serves ageing, deadlines and the refusal of stamps from
 * the future. It never learns what was done to any clock. After every input the shell takes all
 * outputs and re-arms its timer from selectd_deadline().
 *
 * Live samples are judged at once. Samples that come again after a restart (env.snapshot) and
 * changes of sources only mark the state as due: the deadline is then in the past, and one
 * judgement is made when the shell has handed over all that is queued.
 */
#ifndef TB_SELECTD_CORE_H
#define TB_SELECTD_CORE_H

#include <stdbool.h>
#include "common/bus/msg.h"
#include "selectd/core/leap.h"
#include "selectd/core/select.h"

#define SELECTD_EVENTS_MAX 64

struct selectd_event {
	enum event_code code;
	struct msg_event m;
};

struct selectd {
	struct selectd_config config;
	struct source sources[SOURCES_MAX];
	int top; /* sources are below this index */

	struct selection sel; /* of the last judgement */
	struct joint joint;
	struct quorum quorum;
	int selected; /* index, -1 none */
	char selected_name[64];
	enum sync status;
	bool has_estimate; /* estimate is or was a line */
	struct msg_estimate estimate;
	int64_t disruptions;
	struct ts_dur suspended; /* as last told */
	bool suspended_told;
	struct ts_raw disrupted; /* samples up to then are void; 0 none */
	struct leap_plan leap;

	bool due;		    /* a judgement is */
	struct ts_raw judged;	    /* now of the last */
	struct ts_raw first_choice; /* not before, so that all publishers have been heard */
	struct ts_raw holdover_next;
	bool told_full;

	bool estimate_due;
	struct selectd_event events[SELECTD_EVENTS_MAX];
	int event_first, event_count;
	uint64_t events_lost;

	uint64_t samples, refused; /* taken; not used whatever the reason */
};

/* One answer: a message to publish, or an event (m.kind is MSG_event; code is its word). */
struct selectd_out {
	struct msg m;
	enum event_code code;
};

/* c must be zeroed: it is large, and memory of sources that never come is not touched. */
void selectd_init(struct selectd *c, const struct selectd_config *config);

/* Another configuration. Histories survive unless the estimator is another. */
void selectd_configure(struct selectd *c, const struct selectd_config *config);

/* Messages of kind sample, source and event that passed msg_check(); others are ignored. The
 * source is (env.sender, name). */
void selectd_on_message(struct selectd *c, const struct msg *m, struct ts_raw now);

/* Has that source told of itself? Samples that come again are better taken after that (stash.h). */
bool selectd_knows(const struct selectd *c, const char *publisher, const char *source);

/* A publisher has started anew: what it does not tell of again within 30 s is gone. */
void selectd_on_restart(struct selectd *c, const char *publisher, struct ts_raw now);

/*
 * Time the machine has slept since its boot (CLOCK_BOOTTIME minus CLOCK_MONOTONIC), to be told
 * before messages and deadlines. The raw clock does not count a sleep, so when this has grown by
 * SELECTD_SLEEP_NS since the last call the line is void: a disruption is noted and published.
 */
#define SELECTD_SLEEP_NS (100 * NS_PER_MS) /* far above a reading's error, below any sleep */
void selectd_on_suspended(struct selectd *c, struct ts_dur suspended, struct ts_raw now);

/* The operator wants the choice made anew, without regard to the source selected so far. */
void selectd_reselect(struct selectd *c);

/* Instant of the next judgement; NEVER if only messages can change anything. */
struct ts_raw selectd_deadline(const struct selectd *c);
void selectd_on_deadline(struct selectd *c, struct ts_raw now);

/* Takes the next answer: estimate, verdicts, events. False if there is none. */
bool selectd_next_out(struct selectd *c, struct selectd_out *ret);

/* For people. status: one line; selectdata and tracks: a line a source. Cut to size, terminated. */
void selectd_print_status(const struct selectd *c, char *text, size_t size);
void selectd_print_selection(const struct selectd *c, char *text, size_t size);
void selectd_print_tracks(const struct selectd *c, char *text, size_t size);

#endif
