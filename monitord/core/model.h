/* SPDX-License-Identifier: MIT */
/*
 * model.h - the last known state of the suite, as its messages tell it. Pure.
 *
 * Whoever shows the suite to people (monitord, the timebus command) feeds every message in and
 * draws tables from what lies here. Nothing is judged: the numbers are those of the messages, and
 * ages follow from their raw instants and a `now` that the reader of the model brings along.
 *
 * A source is known by its publisher and its name. Capacity is fixed; what does not fit is counted.
 */
#ifndef TB_MODEL_H
#define TB_MODEL_H

#include "common/bus/msg.h"
#include "common/core/tstime.h"

#define MODEL_SOURCES_MAX 64
#define MODEL_EVENTS_MAX  64
#define MODEL_UPDATES_MAX 8

/* The daemons of the suite that live on the bus, in the order of the pipeline. */
enum model_daemon_index {
	MODEL_REFCLOCKD,
	MODEL_NTPEXCHD,
	MODEL_SELECTD,
	MODEL_DISCIPLINED,
	MODEL_MONITORD,
	MODEL_DAEMONS
};
extern const char *const model_daemon_names[MODEL_DAEMONS];

struct model_daemon {
	bool known;  /* it has introduced itself */
	bool absent; /* whoever feeds the model has seen that it is not there */
	struct msg_hello hello;
	struct ts_raw heard; /* send time of its newest message; 0 none */
	uint64_t messages, lost, restarts;
};

struct model_source {
	char name[64];
	char publisher[MSG_SENDER_SIZE];
	bool has_source, has_sample, has_verdict;
	struct msg_source source;
	struct msg_sample sample; /* the newest that its producer did not reject */
	struct msg_verdict verdict;
	uint64_t samples, rejected;
	enum reject last_reject;
};

struct model_event {
	char sender[MSG_SENDER_SIZE];
	struct msg_event event;
};

/* One estimate held against the one before it. */
struct model_update {
	uint64_t seq; /* of the estimate's message */
	bool known;   /* false: there was none before that it continues */
	int64_t offset_ns;
};

struct model {
	struct model_daemon daemons[MODEL_DAEMONS];

	/* in order of appearance, without holes */
	struct model_source sources[MODEL_SOURCES_MAX];
	unsigned int source_count;

	bool has_estimate, has_clock;
	struct msg_estimate estimate;
	uint64_t estimate_boot; /* of the sender */
	struct msg_clock clock;

	/*
	 * From one estimate to the next, as chronyd counts it: how far the former line was ahead of
	 * the new one at the new one's instant, by how much faster it ran, and the interval between
	 * them. Not known before two estimates of one boot of selectd without a disruption between.
	 */
	bool has_update;
	bool updated; /* by the newest estimate */
	int64_t last_offset_ns;
	double last_rate_ppb;
	int64_t update_interval_ns;
	struct model_update updates[MODEL_UPDATES_MAX]; /* a ring, of this boot of selectd */
	unsigned int update_count;
	double mean_square_ns2; /* moving average of the squared offsets */
	bool mean_moving;

	struct model_event events[MODEL_EVENTS_MAX]; /* a ring */
	uint64_t event_count; /* ever; the newest lies at (count - 1) % max */

	uint64_t messages;
	uint64_t overflow; /* messages of sources that did not fit */
};

void model_init(struct model *m);

/* A message that was checked. */
void model_message(struct model *m, const struct msg *message);

/* lost > 0: messages of a publisher were lost. 0: it started again, so that it will say anew what
 * sources it has; those it does not name again are gone. */
void model_gap(struct model *m, const char *publisher, uint64_t lost);

/* Whether its socket answers. What an absent daemon said stays, but it does not count as running.
 * Never told: it is there. */
void model_present(struct model *m, const char *publisher, bool present);

/* It has introduced itself and is there. */
bool model_running(const struct model *m, int daemon);

/* Puts in what a model that was there longer knows (table_history()). */
void model_set_history(
	struct model *m, int64_t last_offset_ns, double rms_offset_ns, int64_t update_interval_ns);

/* Index in model_daemon_names, or -1. */
int model_daemon_index(const char *name);

/* NULL if there is none. */
const struct model_source *model_find(
	const struct model *m, const char *publisher, const char *name);

/* ---- what follows from the model at an instant ---- */

/* The estimate's line; false without one. */
bool model_estimate_line(const struct model *m, struct ts_line *ret_line);
bool model_clock_line(const struct model *m, struct ts_line *ret_line);

/* UTC at an instant as well as the suite knows it: by the estimate, else by the clock. False
 * without either. */
bool model_utc(const struct model *m, struct ts_raw raw, struct ts_utc *ret_utc);

/* Estimate minus clock at now: above 0 the clock is slow. By both lines, or as the clock said it
 * where there is no estimate. 0 without a clock. */
int64_t model_offset_ns(const struct model *m, struct ts_raw now);

/* |error of the clock| now is at most this: its bound, grown since. INT64_MAX without a clock. */
int64_t model_bound_ns(const struct model *m, struct ts_raw now);

/* A bound or dispersion carried from an instant to now: value + ppb * age; saturates. */
int64_t model_grown_ns(int64_t value_ns, double ppb, struct ts_raw since, struct ts_raw now);

/* Nanoseconds from an instant to now, not below 0. */
int64_t model_age_ns(int64_t raw_ns, struct ts_raw now);

/* Instant of the newest good sample of a source; 0 none. */
int64_t model_last_sample_raw_ns(const struct model_source *s);

/* What the estimate with that sequence number changed; NULL if it was not seen, or too long ago. */
const struct model_update *model_update(const struct model *m, uint64_t seq);

/* The n-th event from the newest on (0 is the newest), NULL behind the last kept. */
const struct model_event *model_event(const struct model *m, unsigned int n);

#endif
