/* SPDX-License-Identifier: MIT */
/*
 * selectd_bench.h - the core of selectd with simulated sources around it, in virtual time. Every
 * message that comes out is checked against the schema, every estimate against the truth.
 */
#ifndef TB_SELECTD_BENCH_H
#define TB_SELECTD_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/tcheck.h"
#include "tests/unit/selectd_sim.h"
#include "common/bus/codec.h"
#include "selectd/core/estimate.h"
#include "selectd/core/selectd_core.h"

#define BENCH_SOURCES 8
#define BENCH_LOG_MAX 8192

struct bench {
	struct selectd *core;
	struct sim sim;
	struct sim_path path[BENCH_SOURCES];
	double next_s[BENCH_SOURCES]; /* of raw time; when it is polled, INFINITY: never */
	int n;
	double slept_s; /* by the machine, as the core was told last */
	/* what came out */
	struct msg_estimate estimate;
	int estimates, verdicts, events;
	int event_count[EVENT_CODES];
	char event_text[EVENT_CODES][240];
	struct msg_verdict verdict[BENCH_SOURCES];
	int broken;	 /* estimates whose bound the truth was outside of */
	double worst_ns; /* error of an estimate since this was zeroed */
	/* what went in, if log is not NULL */
	struct msg *log;
	int logged;
};

static inline struct selectd_config bench_config(void)
{
	return (struct selectd_config){
		SELECTD_DEFAULTS,
	};
}

/* An NTP server of stratum 1. */
static inline struct sim_path bench_path(
	const char *name, double base_ns, double jitter_ns, int64_t poll)
{
	return (struct sim_path){.name = name,
		.kind = source_kind_ntp,
		.base_ns = base_ns,
		.jitter_ns = jitter_ns,
		.root_dispersion_ns = 1000,
		.stratum = 1,
		.poll = poll};
}

static inline struct bench *bench_new(uint64_t seed, double rate_ppb, double wander)
{
	struct selectd_config config = bench_config();
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->core = calloc(1, sizeof(*b->core));
	assert_non_null(b->core);
	selectd_init(b->core, &config);
	sim_init(&b->sim, seed, rate_ppb, wander);
	return b;
}

static inline void bench_free(struct bench *b)
{
	free(b->core);
	free(b->log);
	free(b);
}

static inline double bench_error_ns(const struct bench *b)
{
	struct ts_line line = estimate_line(&b->estimate);

	return (double)(ts_line_at(&line, (struct ts_raw){b->sim.raw_ns}).ns -
			sim_utc(&b->sim, b->sim.raw_ns));
}

static inline double bench_bound_ns(const struct bench *b)
{
	return (double)estimate_bound_at(&b->estimate, (struct ts_raw){b->sim.raw_ns});
}

static inline void bench_take_estimate(struct bench *b, const struct msg_estimate *e)
{
	bool had = b->estimates > 0 && b->estimate.status != sync_unsynchronised &&
		   b->estimate.disruption == e->disruption;
	/* estimate and truth do not jump at the same nanosecond */
	bool leaps = llabs(sim_utc(&b->sim, b->sim.raw_ns) - b->sim.leap_at_ns) < 200 * NS_PER_S;

	/* the one that it replaces must have been good up to now */
	if (had && !leaps)
		b->broken += fabs(bench_error_ns(b)) > bench_bound_ns(b);
	b->estimate = *e;
	b->estimates++;
	if (e->status == sync_unsynchronised ||
		llabs(sim_utc(&b->sim, b->sim.raw_ns) - b->sim.leap_at_ns) < 2 * NS_PER_S)
		return;
	b->worst_ns = fmax(b->worst_ns, fabs(bench_error_ns(b)));
	b->broken += fabs(bench_error_ns(b)) > bench_bound_ns(b);
}

static inline void bench_take_verdict(struct bench *b, const struct msg_verdict *v)
{
	b->verdicts++;
	for (int i = 0; i < b->n; i++)
		if (!strcmp(v->source, b->path[i].name))
			b->verdict[i] = *v;
}

static inline void bench_drain(struct bench *b)
{
	struct selectd_out out;
	char error[MSG_ERROR_SIZE];

	while (selectd_next_out(b->core, &out)) {
		if (msg_check(&out.m, error) != 0)
			fail_msg("%s", error);
		if (out.m.kind == MSG_estimate)
			bench_take_estimate(b, &out.m.u.estimate);
		else if (out.m.kind == MSG_verdict)
			bench_take_verdict(b, &out.m.u.verdict);
		else {
			assert_int_equal(out.m.kind, MSG_event);
			assert_string_equal(event_word(out.code), out.m.u.event.code);
			b->events++;
			b->event_count[out.code]++;
			str_copy(b->event_text[out.code], 240, out.m.u.event.text);
		}
	}
}

static inline void bench_put(struct bench *b, const struct msg *m)
{
	if (b->log && b->logged < BENCH_LOG_MAX)
		b->log[b->logged++] = *m;
	selectd_on_message(b->core, m, (struct ts_raw){b->sim.raw_ns});
	bench_drain(b);
}

/* A source known from now on, polled first after first_s and then each 2^poll s. */
static inline int bench_add(struct bench *b, const struct sim_path *p, double first_s)
{
	struct msg m;
	int i = b->n++;

	assert_true(i < BENCH_SOURCES);
	b->path[i] = *p;
	b->next_s[i] = 1e-9 * (double)b->sim.raw_ns + first_s;
	m = sim_source(p);
	bench_put(b, &m);
	return i;
}

static inline void bench_poll(struct bench *b, int i)
{
	struct msg m = sim_sample(&b->sim, &b->path[i]);

	/* the exchange takes its time: the answer is there after it */
	sim_advance(&b->sim, fmax(1e-9 * (double)(m.u.sample.raw_ns - b->sim.raw_ns), 0));
	bench_put(b, &m);
	b->next_s[i] += ldexp(1, (int)b->path[i].poll);
}

static inline void bench_deadline(struct bench *b)
{
	struct ts_raw now = {b->sim.raw_ns};
	int rounds = 0;

	while (!ts_raw_before(now, selectd_deadline(b->core))) {
		selectd_on_deadline(b->core, now);
		bench_drain(b);
		assert_true(++rounds < 10); /* a deadline that does not move would spin */
	}
}

static inline void bench_run(struct bench *b, double seconds)
{
	double end_s = 1e-9 * (double)b->sim.raw_ns + seconds;

	for (;;) {
		double next = end_s, now = 1e-9 * (double)b->sim.raw_ns;
		double deadline = 1e-9 * (double)selectd_deadline(b->core).ns;
		int poll = -1;

		for (int i = 0; i < b->n; i++)
			if (b->next_s[i] < next) {
				next = b->next_s[i];
				poll = i;
			}
		if (deadline < next) {
			next = deadline + 1e-8;
			poll = -1;
		}
		sim_advance(&b->sim, fmax(next - now, 0));
		bench_deadline(b);
		if (poll >= 0)
			bench_poll(b, poll);
		else if (next >= end_s)
			return;
	}
}

#endif
