/* SPDX-License-Identifier: MIT */
/*
 * table.h - the model as tables for people, in the columns that chronyc's readers know, and as one
 * JSON object each for programs. Pure.
 *
 * Signs are those of chronyc: an offset above 0 means that the own clock is ahead of the source,
 * and a frequency above 0 that it runs fast. The JSON keeps the signs of the messages (schema.def),
 * where a name says which way; its numbers are in the unit that ends their name, and it says null
 * where something is not known.
 */
#ifndef TB_MONITORD_TABLE_H
#define TB_MONITORD_TABLE_H

#include "monitord/core/model.h"
#include "monitord/core/text.h"

#define TABLE_TEXT_SIZE 262144 /* holds the largest of them */

void table_status(struct text *t, const struct model *m, struct ts_raw now);
void table_sources(struct text *t, const struct model *m, struct ts_raw now, bool verbose);
void table_sourcestats(struct text *t, const struct model *m, bool verbose);
/* At most `most` events, oldest first. */
void table_events(struct text *t, const struct model *m, struct ts_raw now, unsigned int most);

void table_status_json(struct text *t, const struct model *m, struct ts_raw now);
void table_sources_json(struct text *t, const struct model *m, struct ts_raw now);
void table_sourcestats_json(struct text *t, const struct model *m, struct ts_raw now);
void table_events_json(struct text *t, const struct model *m, struct ts_raw now);

/* "LAST_OFFSET_NS RMS_OFFSET_NS UPDATE_INTERVAL_NS", or nothing if they are not known: what
 * somebody who joins late can be told by a model that was there. */
void table_history(struct text *t, const struct model *m);

/* One line on the clock: "synchronised to PHC0 (stratum 1), 12 ns slow, bound 345us". */
void table_summary(struct text *t, const struct model *m, struct ts_raw now);

/* chronyc's characters: mode ^ server, = peer, # reference clock; state * + - x ~ ?. */
char table_mode_char(const struct model_source *s);
char table_state_char(const struct model_source *s);

/* Why it is not used, one word: of the source if it does not work, else of the verdict. */
const char *table_reason(const struct model_source *s);

/* A host whose clock it is was named, and is not heard as it should be. */
bool table_host_fails(const struct model_source *s);

/* Sources in the order of the tables: reference clocks first, else by appearance. Number. */
unsigned int table_order(
	const struct model *m, const struct model_source *ret_order[MODEL_SOURCES_MAX]);

/* Stratum, poll and reach as the newest message that knows them says. */
int table_stratum(const struct model_source *s);
int table_poll(const struct model_source *s);
/* Seconds since the newest good sample, -1 none yet. */
int64_t table_last_rx_s(const struct model_source *s, struct ts_raw now);
/* Own clock minus source at the newest sample: by the estimate now, and as it was measured. */
void table_last_offset(const struct model_source *s, double *ret_adjusted_s, double *ret_measured_s,
	double *ret_error_s);

#endif
