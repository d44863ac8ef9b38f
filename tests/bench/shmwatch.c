/* SPDX-License-Identifier: MIT */
/*
 * shmwatch SECONDS UNIT... - what a reader of NTP SHM segments gets, a line a unit:
 *   unit=N n=SAMPLES mean_ns=OFFSET jitter_ns=SD late_us=MEDIAN
 * It looks every millisecond and takes nothing away. The jitter is that of one sample, from the
 * differences of neighbours, so that the clocks' drift apart does not count; late is the time from
 * the reading (receive stamp) to when it could be seen here.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/ntpshm.h"
#include "common/io/phc.h"

#define UNITS_MAX   8
#define SAMPLES_MAX 100000

struct watch {
	struct ntpshm shm;
	int n;
	double sum_ns, square_ns2, last_ns;
	double *late_us;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void look(struct watch *w)
{
	struct ntpshm_sample s;
	double offset_ns;

	if (w->n == SAMPLES_MAX || ntpshm_take(&w->shm, &s) < 0)
		return;
	offset_ns = (double)(s.reference.ns - s.receive.ns);
	if (w->n > 0)
		w->square_ns2 += (offset_ns - w->last_ns) * (offset_ns - w->last_ns);
	w->last_ns = offset_ns;
	w->sum_ns += offset_ns;
	w->late_us[w->n++] = (double)(phc_realtime_ns() - s.receive.ns) / 1e3;
}

static void print(struct watch *w)
{
	double jitter_ns = w->n > 1 ? sqrt(w->square_ns2 / (w->n - 1) / 2) : 0;

	qsort(w->late_us, (size_t)w->n, sizeof(*w->late_us), by_value);
	printf("unit=%d n=%d mean_ns=%.0f jitter_ns=%.1f late_us=%.0f\n", w->shm.unit, w->n,
		w->n ? w->sum_ns / w->n : 0, jitter_ns, w->n ? w->late_us[w->n / 2] : 0);
}

int main(int argc, char **argv)
{
	const struct timespec pause = {0, NS_PER_MS};
	static struct watch watch[UNITS_MAX];
	char error[NTPSHM_ERROR_SIZE];
	int units = argc - 2;
	int64_t end_ns;

	if (units < 1 || units > UNITS_MAX) {
		fprintf(stderr, "usage: shmwatch SECONDS UNIT...\n");
		return 2;
	}
	for (int i = 0; i < units; i++) {
		watch[i].late_us = calloc(SAMPLES_MAX, sizeof(double));
		if (!watch[i].late_us || ntpshm_attach(atoi(argv[2 + i]), NTPSHM_PERM_AUTO, false,
						 &watch[i].shm, error) < 0) {
			fprintf(stderr, "%s\n", error);
			return 1;
		}
		watch[i].shm.readonly = true; /* take nothing away */
	}
	end_ns = phc_monotonic_ns() + atoi(argv[1]) * NS_PER_S;
	while (phc_monotonic_ns() < end_ns) {
		for (int i = 0; i < units; i++)
			look(&watch[i]);
		nanosleep(&pause, NULL);
	}
	for (int i = 0; i < units; i++)
		print(&watch[i]);
	return 0;
}
