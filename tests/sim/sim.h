/* SPDX-License-Identifier: MIT */
/*
 * sim.h - one run: the cores of all stages in virtual time, wired as their shells wire them.
 *
 * Events lie in a heap by time; messages go through a queue that is emptied after each event. A
 * stage is called for a message, for its deadline (late by a random little) and for what the world
 * does to it (packets, stamps). After each event the invariants of check.h are looked at.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdio.h>
#include "common/bus/msg.h"
#include "disciplined/core/discipline.h"
#include "disciplined/core/driftfile.h"
#include "disciplined/core/softclock.h"
#include "disciplined/core/statefile.h"
#include "ntpexchd/core/ntp_client.h"
#include "refclockd/core/refclock.h"
#include "tests/sim/check.h"
#include "tests/sim/net.h"
#include "tests/sim/scenario.h"

#define SIM_KEPT_SAMPLES 64

enum member_id { MEMBER_NTP, MEMBER_REF, MEMBER_SELECT, MEMBER_DISCIPLINE, MEMBERS };

enum event_kind {
	EV_AT,	    /* a line of the scenario */
	EV_LOOK,    /* once a second: statistics */
	EV_START,   /* a stage comes (back) */
	EV_ADDRESS, /* a name was looked up */
	EV_LEAVE,   /* a request leaves the machine */
	EV_ASK,	    /* it arrives at the server */
	EV_ANSWER,  /* the answer is stamped at the server */
	EV_DEPART,  /* and passes its wire */
	EV_ARRIVE,  /* it arrives at the machine */
	EV_RECEIVE, /* and ntpexchd is woken for it */
	EV_PULSE    /* a reference clock marks a second */
};

struct event {
	int64_t t;
	uint64_t order;
	enum event_kind kind;
	int index;
	uint64_t life; /* of the ntpexchd that sent it; of the machine before it slept */
	uint64_t id;
	bool interleaved;
	struct ts_raw raw;
	size_t size;
	uint8_t packet[NTP_SENT_MAX];
};

struct ntp_unit {
	struct ntp_client core;
	int node;
};

struct ref_unit {
	struct refclock core;
	const struct ref_config *config;
	bool open, has_pulse, has_coming;
	int64_t out_until, ready_t;
	struct refclock_reading pulse, coming; /* in the segment; not yet written into it */
	struct prng noise;
};

struct disc_unit {
	struct discipline core;
	bool shadow;
	struct softclock soft;
	bool page_valid;
	struct shadow_line page;
	bool step_excused; /* a suspend, or a stranger: one step is in order */
	uint8_t boot;	   /* which of the machine's */
	struct ts_raw save_due;
	char drift_text[DRIFT_TEXT_SIZE], state_text[STATE_TEXT_SIZE]; /* the files; "": none */
};

struct member {
	const char *name;
	bool running;
	uint64_t boot, seq;
	int64_t late_ns;
	unsigned int stuck;
};

/* What the bus would tell a late joiner, in the order of sending. */
struct kept {
	struct msg sample[SIM_NODES + SIM_REFS][SIM_KEPT_SAMPLES];
	int samples[SIM_NODES + SIM_REFS];
	struct msg source[SIM_NODES + SIM_REFS];
	bool has_estimate;
	struct msg estimate;
};

struct sim {
	const struct scenario *sc;
	uint64_t seed;
	bool wire, verbose, failed;
	FILE *trace;
	int trace_every;
	struct world w;
	struct prng noise;
	struct event *heap;
	int events, room;
	uint64_t order, life;
	struct msg *queue;
	int queued, queue_room;
	struct node node[SIM_NODES];
	struct member member[MEMBERS];
	struct ntp_unit ntp[SIM_NODES];
	int ntps;
	struct ref_unit ref[SIM_REFS];
	int refs;
	struct selectd *select;
	struct disc_unit disc;
	struct kept *kept;
	struct check check;
};

/* Runs a scenario to its end. 0, or -1 if it could not. */
struct sim_options {
	uint64_t seed;
	bool wire, verbose;
	FILE *trace;
	int trace_every; /* s */
};
int sim_run(const struct scenario *sc, const struct sim_options *o, struct check *ret);

/* The stages, in the order of enum member_id. */
struct sim_stage {
	const char *name;
	void (*start)(struct sim *s);
	void (*message)(struct sim *s, const struct msg *m);
	struct ts_raw (*deadline)(const struct sim *s);
	void (*expire)(struct sim *s);
};
extern const struct sim_stage sim_stages[MEMBERS];

/* events.c: the next by its time, those of the same time in the order of their coming. */
struct event sim_take_event(struct sim *s);
/* messages.c: hands on what was published, and what is published in answer to it. */
void sim_deliver(struct sim *s);
/* faults.c: one of the scenario's, now. */
void sim_fault(struct sim *s, const struct at *a);

/* For the stages. */
void sim_event(struct sim *s, const struct event *e);
void sim_publish(struct sim *s, enum member_id from, const struct msg *m);
void sim_tell(struct sim *s, enum member_id from, enum event_code code, const char *source,
	int64_t value_ns, const char *text);
/* Something is wrong that no world excuses. */
void sim_wrong(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ntp_stage.c */
void ntp_stage_start(struct sim *s);
void ntp_stage_message(struct sim *s, const struct msg *m);
struct ts_raw ntp_stage_deadline(const struct sim *s);
void ntp_stage_expire(struct sim *s);
void ntp_stage_event(struct sim *s, const struct event *e);

/* ref_stage.c */
void ref_stage_start(struct sim *s);
void ref_stage_message(struct sim *s, const struct msg *m);
struct ts_raw ref_stage_deadline(const struct sim *s);
void ref_stage_expire(struct sim *s);
void ref_stage_pulse(struct sim *s, const struct event *e);

/* select_stage.c */
void select_stage_start(struct sim *s);
void select_stage_message(struct sim *s, const struct msg *m);
void select_stage_restarted(struct sim *s, const char *publisher);
struct ts_raw select_stage_deadline(const struct sim *s);
void select_stage_expire(struct sim *s);

/* disc_stage.c */
void disc_stage_init(struct sim *s);
void disc_stage_boot(struct sim *s);
void disc_stage_start(struct sim *s);
void disc_stage_stop(struct sim *s);
void disc_stage_message(struct sim *s, const struct msg *m);
struct ts_raw disc_stage_deadline(const struct sim *s);
void disc_stage_expire(struct sim *s);
/* What the steered clock shows now, and how fast it runs against raw. */
struct ts_utc disc_clock(struct sim *s);
double disc_rate_ppb(struct sim *s);

#endif
