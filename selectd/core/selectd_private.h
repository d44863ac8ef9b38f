/* SPDX-License-Identifier: MIT */
/* selectd_private.h - parts of the core among themselves: inputs (selectd_core.c), samples among
 * them (selectd_sample.c), judgement (selectd_judge.c), answers (selectd_out.c). */
#ifndef TB_SELECTD_PRIVATE_H
#define TB_SELECTD_PRIVATE_H

#include "selectd/core/selectd_core.h"

#define HOLDOVER_PERIOD_S 64 /* an estimate without new samples is renewed that often */

/* Takes a sample into the source's track, after all that it tells of leap seconds, corrections and
 * jumps. False if it is of no use. */
bool sample_take(struct selectd *c, struct source *s, struct msg_sample *sample, struct ts_raw now);

/* The raw clock has jumped if all sources' samples say so: a disruption. */
void sample_follow_jump(struct selectd *c, struct ts_raw now);

/* Judges everything; sample_of: index of the source whose sample is the occasion, -1 none. */
void judge_run(struct selectd *c, int sample_of, struct ts_raw now);

/* Moves all history across the leap second if raw has reached it. */
void judge_pass_leap(struct selectd *c, struct ts_raw raw);

/* History is void from raw on: everything unlearned, told at once. The raw clock may run at another
 * rate since, by rate_sd_ppb; 0: at any. */
void judge_disruption(struct selectd *c, struct ts_raw raw, struct ts_raw now, double rate_sd_ppb);

/* Queues an event; the oldest gives way if the queue is full. source may be NULL. */
void out_event(struct selectd *c, enum event_code code, const char *source, struct ts_raw raw,
	int64_t value_ns, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* s->verdict from s->now, against the estimate. */
void verdict_make(const struct selectd *c, struct source *s, struct ts_raw raw);

#endif
