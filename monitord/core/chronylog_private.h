/* SPDX-License-Identifier: MIT */
/* chronylog_private.h - what the files of the log rows share. */
#ifndef TB_CHRONYLOG_PRIVATE_H
#define TB_CHRONYLOG_PRIVATE_H

#include "monitord/core/chronylog.h"
#include "monitord/core/text.h"

/* The state kept for a source; takes over the oldest slot if all are in use. */
struct chronylog_source *chronylog_source(
	struct chronylog *log, const char *publisher, const char *name);

/* Appends a row of that file to rows[*count] with the time of raw, and returns where its text goes
 * on. NULL if the file is not wanted. */
struct text chronylog_begin(struct chronylog_row *row, enum chronylog_file file,
	const struct model *m, struct ts_raw raw, struct ts_utc fallback);

char chronylog_leap(enum leap leap);

/* Local clock minus reference, s, as chrony would have measured it: above 0 local is fast. */
double chronylog_local_minus(const struct model *m, struct ts_raw raw, struct ts_utc reference);

int chronylog_sample(struct chronylog *log, const struct model *m, const struct msg *message,
	struct chronylog_row *rows);
int chronylog_verdict(struct chronylog *log, const struct model *m, const struct msg_verdict *v,
	struct chronylog_row *rows);
/* An estimate has come: the row that waited for it. */
int chronylog_tracking_late(
	struct chronylog *log, const struct model *m, struct chronylog_row *rows);
int chronylog_tracking(struct chronylog *log, const struct model *m, const struct msg_clock *c,
	struct chronylog_row *rows);

#endif
