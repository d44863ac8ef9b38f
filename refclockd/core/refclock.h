/* SPDX-License-Identifier: MIT */
/*
 * refclock.h - one reference clock: when it is opened and read, which of its readings count, and
 * what is told about it. Pure.
 *
 * The shell feeds what happened (refclock_on_*), then takes all answers out with
 * refclock_next_out() and does them, then re-arms its timer from refclock_deadline(). Answers not
 * taken out before the next input are lost for samples, kept for the rest.
 *
 * Reachability: one bit a poll interval (2^poll s), 1 if any good reading came in it. The first
 * good reading after silence starts a new interval, so that a source counts at once.
 *
 * Pulses are numbered by the source they are locked to (refclock_set_lock() before each pulse), or
 * go out as pulses: selectd knows the second. For the parts of a second that a rate above 1 Hz
 * marks, and to tell the edges of wide pulses, the estimate is taken (refclock_set_estimate()).
 */
#ifndef TB_REFCLOCK_H
#define TB_REFCLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "common/bus/msg.h"
#include "common/core/learned.h"
#include "common/core/leaplist.h"
#include "common/core/tstime.h"
#include "refclockd/core/filter.h"
#include "refclockd/core/lock.h"

#define REFCLOCK_NAME_SIZE   8
#define REFCLOCK_TEXT_SIZE   160
#define REFCLOCK_EVENTS	     4
#define REFCLOCK_ERRORS_MAX  8 /* failed reads in a row before the device is opened anew */
#define REFCLOCK_RETRY_MIN_S 1 /* of a missing device; doubles up to */
#define REFCLOCK_RETRY_MAX_S 16

/* Readings of one clock may not leave the line of the one before by more than this: half a second
 * (serial time of a receiver wanders by less), and 1000 ppm of the time between. */
#define REFCLOCK_JUMP_NS  (NS_PER_S / 2)
#define REFCLOCK_JUMP_PPM 1000
/* So many readings in a row that agree with each other make a jump the truth. */
#define REFCLOCK_JUMP_READINGS 4

/* A pulse is read this long after its edge is expected; if it is not there yet, twice more. */
#define REFCLOCK_EDGE_LAG_NS	 (200 * NS_PER_US)
#define REFCLOCK_EDGE_RETRY_1_NS (2 * NS_PER_MS)
#define REFCLOCK_EDGE_RETRY_2_NS (20 * NS_PER_MS)
/* So many pulses missing in a row are told. */
#define REFCLOCK_MISSED_MAX 10

/* TAI-UTC, s, since 2017-01-01: used where there is no list of leap seconds. */
#define REFCLOCK_TAI_OFFSET_S 37

/* What the messages hold of delays and dispersions (TB_ERR_MAX of schema.def). */
#define REFCLOCK_ERROR_MAX_NS (64 * NS_PER_S)

struct refclock_config {
	char name[REFCLOCK_NAME_SIZE]; /* of the source: its reference id as text */
	uint32_t refid;
	enum source_kind kind;
	char configured[128];	    /* device as the configuration has it */
	bool polled;		    /* is read every 2^dpoll s; else readings come by themselves */
	bool edges;		    /* readings are pulses: read right after the next is due */
	bool locked;		    /* another source numbers the pulses */
	struct lock_config lock;    /* of pulses */
	int poll, dpoll;	    /* log2 s */
	int stratum;		    /* 0..15 */
	int64_t offset_ns;	    /* added to the reference's time */
	int64_t delay_ns;	    /* root delay to tell */
	int64_t dispersion_ns;	    /* root dispersion to tell */
	int64_t precision_ns;	    /* of a reading; 0: what reading and raw clock say */
	int64_t clock_precision_ns; /* of the raw clock */
	int64_t max_dispersion_ns;  /* readings with more are noisy; 0: no limit */
	int filter;		    /* readings of a poll that become one sample; 0: each is one */
	bool tai;		    /* the reference keeps TAI */
	bool pps;		    /* only the fraction of its second counts */
	bool local; /* free-running, and stable: its fractions steady the raw clock */
	bool noselect, prefer, trust, require;
	int minsamples, maxsamples, maxunreach; /* told on; 0: default of selectd */
};

struct refclock_reading {
	struct ts_raw raw; /* instant the reading refers to */
	struct ts_utc utc; /* what the reference showed */
	int64_t width_ns;  /* of the bracket around the reference's reading; 0: none */
	int64_t error_ns; /* further uncertainty of raw and utc: resolution, conversion of stamps */
	int64_t bound_ns; /* hard bound that the device gives; 0: none */
	enum leap leap;
	enum stamp stamp;   /* who made it */
	bool pulse;	    /* only the fraction of the second was measured */
	bool edge;	    /* set by the core: a pulse, be it numbered or not */
	enum reject reject; /* reject_ok, or why the driver already rejects it */
};

/* UTC as all sources together have it. */
struct refclock_estimate {
	bool valid;
	struct ts_line line;
	int64_t bound_ns; /* at line.raw; grows by ... */
	double drift_ppb; /* ... this */
	int sources;	  /* in it */
	enum leap leap;
	bool is_own; /* this source has the largest share in it */
};

enum refclock_out_type {
	REFCLOCK_OUT_NONE,
	REFCLOCK_OUT_SAMPLE, /* publish */
	REFCLOCK_OUT_SOURCE, /* publish */
	REFCLOCK_OUT_EVENT,  /* publish and log */
	REFCLOCK_OUT_CLOSE,  /* close the device */
	REFCLOCK_OUT_OPEN,   /* try to open it; answer with on_opened() or on_open_failed() */
	REFCLOCK_OUT_READ    /* read it; answer with on_reading() or on_read_failed() */
};

struct refclock_event {
	enum event_code code;
	int64_t value_ns;
	char text[REFCLOCK_TEXT_SIZE];
};

struct refclock_out {
	enum refclock_out_type type;
	union {
		struct msg_sample sample;
		struct msg_source source;
		struct refclock_event event;
	} u;
};

struct refclock {
	struct refclock_config config;
	enum source_state state;
	bool open, was_open; /* now; ever */
	bool heard;	     /* a good reading ever came */
	char error[REFCLOCK_TEXT_SIZE];
	char address[64];
	struct ts_raw next_open, next_read, next_poll;
	int retry_s;
	int errors;	    /* failed reads in a row */
	unsigned int reach; /* of finished poll intervals */
	bool good_in_poll;
	enum leap leap;
	enum reject last_reject;
	int64_t polls, received, valid, good;
	struct ts_raw last_valid;
	int64_t last_width_ns;
	bool has_last; /* a reading to compare the next one with */
	struct refclock_reading last, jumped;
	int jump_readings;
	int missed;	/* pulses, in a row */
	int64_t lag_ns; /* how long after its stamp a polled reading has proved to be there */
	struct filter filter;
	struct lock_reference lock;
	struct refclock_estimate estimate;
	const struct leaplist *leaps; /* NULL: none */
	int64_t seconds_off;	      /* from the estimate, as told */
	struct learned learned;	      /* what selectd told of this clock, for the next selectd */
	/* answers not yet taken out */
	bool out_sample, out_source, out_close, out_open, out_read;
	struct msg_sample sample;
	struct refclock_event event[REFCLOCK_EVENTS];
	int events;
};

void refclock_init(struct refclock *rc, const struct refclock_config *config, struct ts_raw now);

/* The device could be opened; address: what is in use. */
void refclock_on_opened(struct refclock *rc, struct ts_raw now, const char *address);

/* What is in use changed its state (the fix of a receiver). */
void refclock_on_news(struct refclock *rc, const char *address);

/* It could not: error is a negative errno (-ENODEV and -ENOENT: not there), text says why. */
void refclock_on_open_failed(struct refclock *rc, struct ts_raw now, int error, const char *text);

/* Time of the source that this one is locked to; has its effect on the next reading. */
void refclock_set_lock(struct refclock *rc, const struct lock_reference *reference);

/* The list of leap seconds, which option tai counts by and announces from; NULL or an empty one:
 * REFCLOCK_TAI_OFFSET_S. It must live as long as rc; what changes in it has its effect on the next
 * reading. */
void refclock_set_leaps(struct refclock *rc, const struct leaplist *leaps);

/* UTC as selectd estimates it; valid is false as long as there is none. */
void refclock_set_estimate(struct refclock *rc, const struct refclock_estimate *estimate);

/* What selectd says of this source. */
void refclock_verdict(struct refclock *rc, const struct msg_verdict *v);

/* The last reading that was believed, for pulses that are locked to this source. */
void refclock_reference(const struct refclock *rc, struct lock_reference *ret);

/* Ignored while the device is not open. */
void refclock_on_reading(
	struct refclock *rc, struct ts_raw now, const struct refclock_reading *reading);

/* A read gave nothing. -EAGAIN, -EBUSY: not now; -ENODEV: the device is gone; others count. */
void refclock_on_read_failed(struct refclock *rc, struct ts_raw now, int error, const char *text);

/* Call when the deadline has passed. */
void refclock_on_deadline(struct refclock *rc, struct ts_raw now);

struct ts_raw refclock_deadline(const struct refclock *rc);

/* False when there is nothing left. */
bool refclock_next_out(struct refclock *rc, struct refclock_out *ret);

/* What would be published about the source now. */
void refclock_describe(const struct refclock *rc, struct msg_source *ret);

#endif
