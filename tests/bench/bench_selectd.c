/* SPDX-License-Identifier: MIT */
/*
 * bench_selectd.c - what one sample costs in selectd's core: estimator, selection and combination,
 * with four NTP sources at poll 6. A row each for every estimator, as bench.sh prints them:
 * CPU us a sample, KiB of state a source, bytes allocated meanwhile.
 *
 * Time is that of runs of BATCH samples: the median, and the cheapest, since what a virtual machine
 * has its processors taken away for counts as theirs. Limits: 20 us, 64 KiB, none. Exits with 1
 * beyond them in memory, or if nobody was selected; time is only printed.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "selectd/core/selectd_core.h"
#include "tests/unit/selectd_sim.h"

#define SOURCES	  4
#define POLL	  6
#define BATCH	  256
#define WARM	  8 /* batches that are not counted: histories fill, caches warm */
#define COUNTED	  64
#define KIB	  1024.0
#define STATE_MAX 64

struct bench {
	struct selectd *core;
	struct sim sim;
	struct sim_path path[SOURCES];
	struct msg batch[BATCH];
	int64_t at_ns[BATCH];
	int turn;
};

/* The next BATCH answers, source by source, each with its four stamps. */
static void fill(struct bench *b)
{
	for (int i = 0; i < BATCH; i++) {
		struct msg *m = &b->batch[i];

		sim_advance(&b->sim, ldexp(1, POLL) / SOURCES);
		*m = sim_sample(&b->sim, &b->path[b->turn++ % SOURCES]);
		m->u.sample.t1_raw_ns = m->u.sample.raw_ns - m->u.sample.delay_ns / 2;
		m->u.sample.t4_raw_ns = m->u.sample.t1_raw_ns + m->u.sample.delay_ns;
		m->u.sample.t2_utc_ns = m->u.sample.t3_utc_ns = m->u.sample.utc_ns;
		b->at_ns[i] = m->u.sample.t4_raw_ns;
	}
}

static void drain(struct bench *b)
{
	struct selectd_out out;

	while (selectd_next_out(b->core, &out))
		;
}

static double take(struct bench *b)
{
	struct timespec from, to;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	for (int i = 0; i < BATCH; i++) {
		struct ts_raw now = {b->at_ns[i]};

		while (!ts_raw_before(now, selectd_deadline(b->core))) {
			selectd_on_deadline(b->core, now);
			drain(b);
		}
		selectd_on_message(b->core, &b->batch[i], now);
		drain(b);
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
	       1e3 / BATCH;
}

static void start(struct bench *b, int estimator)
{
	static const char *const names[SOURCES] = {"a", "b", "c", "d"};
	struct selectd_config config = {SELECTD_DEFAULTS, .estimator = estimator};

	selectd_init(b->core, &config);
	sim_init(&b->sim, 1, 3000, 1e-9);
	for (int i = 0; i < SOURCES; i++) {
		struct msg m;

		b->path[i] = (struct sim_path){.name = names[i],
			.kind = source_kind_ntp,
			.base_ns = 10e6 * (1 + i),
			.jitter_ns = 200e3,
			.root_delay_ns = NS_PER_MS,
			.root_dispersion_ns = NS_PER_MS,
			.stratum = 2,
			.poll = POLL};
		m = sim_source(&b->path[i]);
		selectd_on_message(b->core, &m, (struct ts_raw){b->sim.raw_ns});
		drain(b);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int measure(const char *name, int estimator)
{
	struct bench *b = calloc(1, sizeof(*b));
	double us[COUNTED], kib = sizeof(b->core->sources[0]) / KIB;
	size_t before, after;
	bool selected;

	if (!b || !(b->core = calloc(1, sizeof(*b->core))))
		return 1;
	start(b, estimator);
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (int i = 0; i < WARM + COUNTED; i++) {
		fill(b);
		us[i < WARM ? 0 : i - WARM] = take(b);
	}
	qsort(us, COUNTED, sizeof(us[0]), by_value);
	after = mallinfo2().uordblks + mallinfo2().hblkhd;
	printf("%-44.44s %12.1f %12s %8s\n", name, us[COUNTED / 2], "-", "-");
	printf("  %-42s %12.1f %12s %8s\n", "cheapest 256 in a row", us[0], "-", "-");
	printf("  %-42s %12.1f %12s %8s\n", "state a source, KiB", kib, "-", "-");
	printf("  %-42s %12zu %12s %8s\n", "allocated meanwhile, bytes", after - before, "-", "-");
	selected = b->core->estimate.status == sync_synchronised;
	if (!selected)
		printf("  nobody was selected: selection and combination are not in this\n");
	free(b->core);
	free(b);
	return !selected || after != before || kib >= STATE_MAX;
}

int main(void)
{
	static const char choices[] = TRACK_CHOICES;
	const char *at = choices;
	int bad = 0;

	for (int kind = 0; kind < TRACK_KINDS; kind++) {
		int n = (int)strcspn(at, "|");
		char name[64];

		(void)snprintf(name, sizeof(name), "one sample, %.*s, 4 sources: CPU us", n, at);
		bad |= measure(name, kind);
		at += n + (at[n] == '|');
	}
	return bad;
}
