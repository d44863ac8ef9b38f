/* SPDX-License-Identifier: MIT */
/*
 * source.h - one source as selectd knows it, and what was judged of it last. Pure.
 *
 * Identity is (publisher, name): a daemon owns the names it publishes.
 */
#ifndef TB_SOURCE_H
#define TB_SOURCE_H

#include "common/bus/msg.h"
#include "common/core/learned.h"
#include "selectd/core/correction.h"
#include "selectd/core/joint.h"
#include "selectd/core/selectd_config.h"
#include "selectd/core/track.h"

/* Offsets are against a base common to all sources of one judgement (select.h). */
struct judgement {
	enum verdict_state state;
	enum verdict_reason reason;
	bool has_track;		  /* track is valid: there is at least one sample */
	struct track_state track; /* at the instant of the judgement */
	int64_t offset_ns;	  /* reference minus base */
	int64_t low_ns, high_ns;  /* the truth minus base lies between */
	double distance_ns;	  /* root distance there, ours included */
	double fresh_distance_ns; /* of that what does not grow from poll to poll */
	double lasting_ns2;	  /* variance of what it may be off by for long */
	double weight;		  /* share in the combination, 0 .. 1 */
	bool agrees;		  /* with the majority */
	bool disproved; /* it is not that nobody knows: the majority's interval is elsewhere */
	bool cleared;	/* agrees, and that is evidence (suspect.h) */
};

/* How far its newest sample is off from its line (jump.h). */
struct source_jump {
	bool seen;		 /* further than anything but a jump can explain */
	struct ts_raw since;	 /* the first such sample in a row */
	struct ts_raw heard;	 /* its newest sample */
	int64_t low_ns, high_ns; /* by so much */
};

struct source {
	bool used;
	bool has_info;	  /* info is valid */
	bool unnumbered;  /* its last pulse could not be given a second */
	bool tells_leap;  /* a server, or it has announced a leap second before */
	bool told_false;  /* the last majority that could tell called it a falseticker ... */
	int64_t false_ns; /* ... by so much (suspect.h) */
	char publisher[MSG_SENDER_SIZE];
	char name[64];
	struct msg_source info;
	struct msg_sample newest; /* accepted; valid while the track has samples */
	struct track track;
	struct correction correction;
	struct joint_bias bias;
	bool recalled;				  /* the bias is of an earlier selectd (recall.h) */
	double prior_rate_ppb, prior_rate_sd_ppb; /* the rate too; 0: any */
	struct source_jump jump;
	struct ts_raw added;	 /* when it was first heard of */
	struct ts_raw heard;	 /* newest sample ever, void or not; 0 none */
	bool awaited;		 /* had answered until the choice was lost (quorum.h) */
	struct ts_raw forget_at; /* not confirmed since its publisher restarted: gone then */
	double score;		 /* against the selected one: 1 equal, above 10 takes over */
	struct judgement now, before;
	struct msg_verdict verdict; /* last made */
	bool verdict_due;
};

/* Age of its newest sample from which on a source is stale (silence.h): eight polls, at least 4 s.
 */
struct ts_dur source_stale_after(const struct source *s);

/* Until then an estimate may rest on it though it does not answer: maxunreach polls (by default, as
 * in chrony, 100000) beyond those after which it is stale. */
struct ts_raw source_held_until(const struct source *s);

/* How long the choice waits for its first answer: three polls, between 4 s (a burst is under way)
 * and 16 s (name resolution has given up). */
struct ts_dur source_wait(const struct source *s);

/* Why the source cannot be considered at all, or verdict_reason_ok. Judged at `at`, aged at `now`;
 * now.track and now.distance_ns must be set. */
enum verdict_reason source_candidate(
	const struct source *s, const struct selectd_config *config, struct ts_raw now);

/* Sets now.has_track, now.track and the distances. */
void source_look(struct source *s, struct ts_raw at);

/* In that time it is asked again for certain, and once more as packets get lost: two polls, at
 * least 4 s. */
struct ts_dur source_ask_again(const struct source *s);

/* By what its publisher says: it could; it has not. */
bool source_can_answer(const struct source *s);
bool source_is_unreachable(const struct source *s);

/* Configuration of its track as directives and source message have it. */
struct track_config source_track_config(
	const struct source *s, const struct selectd_config *config);

#endif
