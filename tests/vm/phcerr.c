/* SPDX-License-Identifier: MIT */
/*
 * phcerr DEVICE SECONDS [NAME] - CLOCK_REALTIME minus a PTP hardware clock, four times a second (once a second after the first five minutes) by
 * PTP_SYS_OFFSET_PRECISE, for so many seconds of CLOCK_MONOTONIC. Prints "NAME t error_ns" once a
 * second, then as "NAME_word value" lines: first_10us and first_1ms (seconds until it was first
 * within), and worst, rms, mean and standard deviation over the seconds, all of them and those after the first 30.
 */
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

static double monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static long long ns(const struct ptp_clock_time *t)
{
	return (long long)t->sec * 1000000000LL + t->nsec;
}

struct sums {
	double worst, sum, squares;
	long count;
};

static void add(struct sums *s, double e)
{
	s->worst = fmax(s->worst, fabs(e));
	s->sum += e;
	s->squares += e * e;
	s->count++;
}

static void print(const char *name, const char *what, const struct sums *s)
{
	double mean;

	if (s->count == 0)
		return;
	mean = s->sum / (double)s->count;
	printf("%s_worst%s_ns %.0f\n", name, what, s->worst);
	printf("%s_rms%s_ns %.0f\n", name, what, sqrt(s->squares / (double)s->count));
	printf("%s_mean%s_ns %.0f\n", name, what, mean);
	printf("%s_sd%s_ns %.0f\n", name, what, sqrt(fmax(s->squares / (double)s->count - mean * mean, 0)));
}

int main(int argc, char **argv)
{
	const char *name = argc > 3 ? argv[3] : "phc";
	double start = monotonic(), first_10us = -1, first_1ms = -1, t, e;
	struct sums all = {0}, steady = {0};
	const struct timespec quarter = {0, 250000000}, second = {1, 0};
	struct ptp_sys_offset_precise p = {0};
	int fd = argc > 2 ? open(argv[1], O_RDWR) : -1;
	long i;

	if (fd < 0) {
		perror(argc > 2 ? argv[1] : "usage: phcerr DEVICE SECONDS [NAME]");
		return 2;
	}
	for (i = 0; (t = monotonic() - start) < atof(argv[2]); i++) {
		if (ioctl(fd, PTP_SYS_OFFSET_PRECISE, &p)) {
			perror("PTP_SYS_OFFSET_PRECISE");
			return 1;
		}
		e = (double)(ns(&p.sys_realtime) - ns(&p.device));
		/* every second counts alike */
		if (t >= 300 || i % 4 == 0)
			add(&all, e);
		if (t > 30 && (t >= 300 || i % 4 == 0))
			add(&steady, e);
		if (first_1ms < 0 && fabs(e) <= 1e6)
			first_1ms = t;
		if (first_10us < 0 && fabs(e) <= 1e4)
			first_10us = t;
		if (i % 4 == 0)
			printf("%s %.2f %.0f\n", name, t, e);
		nanosleep(t < 300 ? &quarter : &second, NULL);
	}
	printf("%s_first_1ms_s %.2f\n%s_first_10us_s %.2f\n", name, first_1ms, name, first_10us);
	print(name, "", &all);
	print(name, "_after_30s", &steady);
	return 0;
}
