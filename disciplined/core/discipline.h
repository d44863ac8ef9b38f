/* SPDX-License-Identifier: MIT */
/*
 * discipline.h - makes a clock follow the estimated line from the raw clock to UTC. Pure.
 *
 * Feed-forward: the estimate is a line; the error e = line(now) - clock(now) is measured at each
 * turn by reading raw clock and clock together, so nothing is integrated here and nothing that was
 * done downstream can disturb the estimate. The clock is given the line's own rate, plus e/T for
 * a time of about T, after which the rate is the line's alone: three commands an estimate follow a
 * straight line exactly.
 *
 *   T  what costs a per cent of phase error for a smooth rate (pace.h), at least 1 s. An e beyond
 *      four standard deviations, of the estimate or of what the last one foretold for now, is
 *      nothing to be smoothed: T is a quarter of the interval at most then, less the larger e is,
 *      0.25 s at least.
 *   |rate - line's rate| never exceeds maxslewrate.
 *   Steps: by makestep; once after a disruption, up to maxdisruptionstep; to undo a step that
 *      somebody else made; for a leap second in leapsecmode step; by the operator. Never else.
 *
 * Until the rate of an estimate is known better than ours (from the drift file, or from before
 * selectd was restarted), ours is kept, and so is our line: a newcomer may not make the clock
 * worse.
 *
 * For comparison the error can go through a classic loop instead (enum discipline_loop). Steps,
 * leap seconds, bounds and limits stay the same; rates come from the loop alone.
 *
 * Turn of events: the shell reads the clock, calls discipline_on_...(), does what out->act says in
 * the order step, rate, status, reads the clock again, and calls discipline_applied(). Then, if
 * out->publish, discipline_clock() gives the message. discipline_deadline() after every turn.
 */
#ifndef DISCIPLINED_DISCIPLINE_H
#define DISCIPLINED_DISCIPLINE_H

#include "common/bus/msg.h"
#include "disciplined/core/clkmodel.h"
#include "disciplined/core/leap.h"
#include "disciplined/core/learn.h"
#include "disciplined/core/pllfll.h"
#include "disciplined/core/ppslock.h"
#include "disciplined/core/validate.h"

#define DISCIPLINE_NOTES     8
#define DISCIPLINE_NOTE_TEXT 160

enum leap_mode {
	LEAP_MODE_SYSTEM, /* the clock repeats or drops the second itself */
	LEAP_MODE_SLEW,	  /* afterwards, at up to maxslewrate */
	LEAP_MODE_STEP,	  /* disciplined steps at the instant */
	LEAP_MODE_IGNORE  /* nothing: the error shows with the next estimates */
};

/* In the order of DISCIPLINE_LOOP_CHOICES (the words of the directive `discipline`). */
enum discipline_loop {
	LOOP_LINE,   /* the line itself, as said above */
	LOOP_PLLFLL, /* offsets only, through NTP's loop (pllfll.h) */
	LOOP_PPS     /* newest samples as pulses of 1 Hz, through the nanokernel's (ppslock.h) */
};
#define DISCIPLINE_LOOP_CHOICES "line|pllfll|pps"

struct discipline_policy {
	enum clock_mode mode;
	enum discipline_loop loop;
	bool exact; /* the clock does as told: no residual, no strangers, ends slews by itself */
	double makestep_s;  /* 0: never step */
	int makestep_limit; /* updates in which it may; -1: always */
	double maxslewrate_ppm;
	double maxchange_s; /* 0: no limit */
	int maxchange_start, maxchange_ignore;
	double maxupdateskew_ppm, maxdrift_ppm, maxclockerror_ppm;
	double maxholdover_s, maxbound_s, maxdisruptionstep_s, logchange_s;
	enum leap_mode leap_mode;
};

/* How it begins. */
struct discipline_start {
	struct clk_reading reading;
	bool continued; /* the line of a former life goes on: base, until and what follows are its
			 */
	double base_ppb;
	double base_sd_ppb; /* what is known of it; 0: nothing */
	struct ts_raw until;
	enum sync status;
	int64_t offset_ns; /* true time minus clock at reading.raw, as it was estimated */
	int64_t bound_ns;  /* with |offset_ns| */
	double drift_ppb, offset_sd_ns;
	struct ts_raw since;	/* when offset_sd_ns was that; it has grown by the rate's since */
	double wander_ppb;	/* by which too; 0 not known */
	struct ts_raw void_raw; /* when the former life would have given up */
	bool leap_passed;	/* a leap second was just made */
	struct ts_utc leap_effect;
	/* to be told on */
	int64_t stratum, refid, root_delay_ns, root_dispersion_ns, reference_utc_ns, disruption,
		steps;
};

struct discipline_status {
	enum sync sync;
	enum leap leap; /* to be made by the clock itself */
	struct ts_utc leap_effect;
	int64_t maxerror_ns, esterror_ns;
};

struct discipline_action {
	bool step;
	int64_t step_ns;
	bool rate;
	double command_ppb;  /* until `until` */
	double base_ppb;     /* command from there on */
	struct ts_raw until; /* TS_RAW_NEVER: command equals base */
	bool status;
	struct discipline_status told;
};

struct discipline_note {
	enum event_code code;
	int64_t value_ns;
	char text[DISCIPLINE_NOTE_TEXT];
};

/* Zeroed by each discipline_on_...(); discipline_applied() adds to it. */
struct discipline_out {
	struct discipline_action act;
	bool publish;
	int notes;
	struct discipline_note note[DISCIPLINE_NOTES];
};

struct discipline_result {
	int error;		  /* 0, or negative errno of what the actuator refused */
	struct clk_reading after; /* read after the last action */
};

/* The estimate that is followed. */
struct discipline_target {
	bool valid;
	bool restored; /* from a former life: good for bound and status, moves nothing */
	struct ts_line line;
	struct msg_estimate est;
	int64_t seq;
	int64_t bound_ns; /* at line.raw */
	double drift_ppb;
	double offset_sd_ns;   /* of the line, at line.raw */
	double foretold_sd_ns; /* what the estimate before this had for this instant */
};

struct discipline {
	struct discipline_policy policy;
	struct clk_model model;
	struct learn learn;
	struct discipline_target target;
	struct validate validate;
	struct pllfll pllfll;
	struct ppslock ppslock;
	struct ts_raw loop_used; /* newest sample that went into a loop */
	struct leap_state leap;
	enum leap announced; /* by the leap list; counts if list_good */
	bool list_good;
	struct discipline_status told;

	enum sync status;
	double rate_sd_ppb; /* of base_ppb */
	bool following;	    /* the estimator in charge is at least as good as we are */
	uint64_t follow_boot;
	double interval_s;
	double pace_share; /* pace.h; 0: not known yet */
	int64_t updates, changes_ignored;
	bool gave_up; /* maxchange: waits for the operator */
	int disruption_steps_left;
	bool slew_told, force_rate, again;

	int64_t steps, last_step_ns, foreign, refused;
	int64_t leap_made_ns; /* what the clock jumped by while it was not looked at */
	struct ts_raw last_step_raw, foreign_told, refused_told;
	enum refusal last_refusal;

	int denied; /* negative errno: the clock may not be set */
	struct ts_raw retry, leap_raw, fresh_until, lost, refresh;
	struct ts_raw settle; /* the end of a fast slew has taken effect by then, on any kernel */
	struct ts_raw seen;   /* last turn, also those that looked away */
};

void discipline_init(struct discipline *d, const struct discipline_policy *policy,
	const struct discipline_start *start);

/* A new configuration. The clock stays as it is. */
void discipline_reload(struct discipline *d, const struct discipline_policy *policy);

/* What the leap list says for today; good: it is in force and overrides what sources announce. */
void discipline_leaplist(struct discipline *d, bool good, enum leap announced);

void discipline_on_estimate(struct discipline *d, const struct msg *m,
	const struct clk_reading *now, struct discipline_out *out);

/* History is void: no more slewing, nothing from before counts. */
void discipline_on_disruption(
	struct discipline *d, const struct clk_reading *now, struct discipline_out *out);

void discipline_on_deadline(
	struct discipline *d, const struct clk_reading *now, struct discipline_out *out);

/* The operator's: steps by what is left, and ends a maxchange stop. 0, or -EAGAIN: no estimate. */
int discipline_makestep(
	struct discipline *d, const struct clk_reading *now, struct discipline_out *out);

/* At the end: the rate without any slew. */
void discipline_stop(
	struct discipline *d, const struct clk_reading *now, struct discipline_out *out);

void discipline_applied(
	struct discipline *d, const struct discipline_result *result, struct discipline_out *out);

struct ts_raw discipline_deadline(const struct discipline *d);

/* The message, as of the last reading. */
void discipline_clock(const struct discipline *d, struct msg_clock *ret);

/* True time minus clock at the last reading; 0 if there is no estimate. */
int64_t discipline_offset_ns(const struct discipline *d);

#endif
