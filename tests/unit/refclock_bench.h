/* SPDX-License-Identifier: MIT */
/*
 * refclock_bench.h - the core of a reference clock and what comes out of it.
 */
#ifndef TB_REFCLOCK_BENCH_H
#define TB_REFCLOCK_BENCH_H

#include "tests/unit/tcheck.h"

#include <string.h>

#include "refclockd/core/refclock.h"

#define T0  (100 * NS_PER_S)
#define UTC INT64_C(1700000000000000000)

static inline struct ts_raw at(double s)
{
	return (struct ts_raw){T0 + (int64_t)(s * 1e9)};
}

static inline struct refclock_config config(void)
{
	return (struct refclock_config){
		.name = "PHC0",
		.refid = 0x50484330,
		.kind = source_kind_phc,
		.configured = "PHC /dev/ptp0",
		.polled = true,
		.poll = 4,
		.dpoll = 0,
		.delay_ns = 1,
		.clock_precision_ns = 20,
	};
}

/* What came out since the last call. */
struct seen {
	int samples, sources, events, opens, reads, closes;
	struct msg_sample sample;
	struct msg_source source;
	struct refclock_event event;
};

static inline struct seen drain(struct refclock *rc)
{
	struct refclock_out out;
	struct seen s = {0};

	while (refclock_next_out(rc, &out)) {
		switch (out.type) {
		case REFCLOCK_OUT_SAMPLE:
			s.samples++;
			s.sample = out.u.sample;
			break;
		case REFCLOCK_OUT_SOURCE:
			s.sources++;
			s.source = out.u.source;
			break;
		case REFCLOCK_OUT_EVENT:
			s.events++;
			s.event = out.u.event;
			break;
		case REFCLOCK_OUT_OPEN:
			s.opens++;
			break;
		case REFCLOCK_OUT_READ:
			s.reads++;
			break;
		case REFCLOCK_OUT_CLOSE:
			s.closes++;
			break;
		case REFCLOCK_OUT_NONE:
			fail();
		}
	}
	return s;
}

static inline struct refclock_reading reading(double s)
{
	return (struct refclock_reading){.raw = at(s),
		.utc = {UTC + (int64_t)(s * 1e9)},
		.width_ns = 600,
		.stamp = stamp_kernel};
}

static inline struct refclock opened(const struct refclock_config *c)
{
	struct refclock rc;

	refclock_init(&rc, c, at(0));
	refclock_on_deadline(&rc, at(0));
	assert_int_equal(drain(&rc).opens, 1);
	refclock_on_opened(&rc, at(0), "/dev/ptp0");
	(void)drain(&rc);
	return rc;
}

/* A reading at s, read at once. */
static inline struct seen give(struct refclock *rc, double s, struct refclock_reading r)
{
	refclock_on_reading(rc, at(s), &r);
	return drain(rc);
}

#endif
