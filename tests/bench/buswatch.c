/* SPDX-License-Identifier: MIT */
/*
 * buswatch RUNDIR SECONDS - listens to a running suite and prints, as "name value" lines:
 *   bus latency, publisher's stamp to this subscriber, of every live message (median, p99)
 *   time from a packet's kernel receive stamp to the clock call that it led to (median, p99)
 */
#include <stdio.h>
#include <stdlib.h>
#include "common/bus/bus.h"
#include "common/io/door.h"
#include "common/io/log.h"
#include "common/io/loop.h"

#define VALUES_MAX 200000

struct watch {
	struct door *door;
	struct loop *loop;
	double *bus_us, *path_us;
	int bus_count, path_count;
	int64_t packet_raw_ns; /* receive stamp of the newest sample not yet steered on */
};

static void on_message(void *arg, const struct msg *m)
{
	struct watch *w = arg;
	int64_t now = door_raw(w->door).ns;

	if (m->env.snapshot)
		return;
	if (w->bus_count < VALUES_MAX)
		w->bus_us[w->bus_count++] = (double)(now - m->env.sent_raw_ns) / 1e3;
	if (m->kind == MSG_sample && m->u.sample.t4_raw_ns > 0)
		w->packet_raw_ns = m->u.sample.t4_raw_ns;
	if (m->kind == MSG_clock && w->packet_raw_ns > 0 && w->path_count < VALUES_MAX) {
		/* the clock message goes out right after the clock call */
		w->path_us[w->path_count++] = (double)(m->env.sent_raw_ns - w->packet_raw_ns) / 1e3;
		w->packet_raw_ns = 0;
	}
}

static void on_end(void *arg, struct ts_raw now)
{
	(void)now;
	loop_stop(((struct watch *)arg)->loop);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_quantiles(const char *name, double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	printf("%s_count %d\n", name, n);
	if (n == 0)
		return;
	printf("%s_median_us %.1f\n", name, v[n / 2]);
	printf("%s_p99_us %.1f\n", name, v[(int)((double)(n - 1) * 0.99)]);
}

int main(int argc, char **argv)
{
	static const char *const publishers[] = {"refclockd", "ntpexchd", "selectd", "disciplined"};
	struct loop_timer end = {.fn = on_end};
	struct bus_config config = {.pub_fd = -1, .ctl_fd = -1, .message = on_message};
	struct watch w = {0};
	struct bus *bus;
	char error[200];

	if (argc != 3) {
		fprintf(stderr, "usage: buswatch RUNDIR SECONDS\n");
		return 2;
	}
	log_open("buswatch", LOG_LEVEL_WARN);
	w.door = door_new(error, sizeof(error));
	if (!w.door)
		log_fatalx("%s", error);
	w.loop = loop_new(w.door);
	w.bus_us = calloc(VALUES_MAX, sizeof(double));
	w.path_us = calloc(VALUES_MAX, sizeof(double));
	config.run_dir = argv[1];
	config.loop = w.loop;
	config.door = w.door;
	config.arg = &w;
	end.arg = &w;
	if (!w.loop || !w.bus_us || !w.path_us || bus_open(&config, &bus) < 0)
		log_fatalx("cannot listen in %s", argv[1]);
	for (size_t i = 0; i < sizeof(publishers) / sizeof(*publishers); i++)
		bus_subscribe(bus, publishers[i], "");
	loop_timer_set(w.loop, &end,
		ts_raw_add(door_raw(w.door), (struct ts_dur){atoi(argv[2]) * NS_PER_S}));
	loop_run(w.loop);
	print_quantiles("bus", w.bus_us, w.bus_count);
	print_quantiles("packet_to_clock", w.path_us, w.path_count);
	return 0;
}
