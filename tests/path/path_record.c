/* SPDX-License-Identifier: MIT */
/*
 * path_record RUNDIR SECONDS FILE [PHC [PERIOD_MS]] - writes what passes the bus of a suite into
 * FILE, and every 10 ms the truth beside the page: truth is CLOCK_REALTIME, which nobody steers, or
 * a PTP clock by its exact cross timestamp. Without a suite in RUNDIR it waits for one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/bus.h"
#include "common/io/door.h"
#include "common/io/log.h"
#include "common/io/loop.h"
#include "common/io/phc.h"
#include "common/io/shadow.h"
#include "tests/path/path_record.h"

struct record {
	struct door *door;
	struct loop *loop;
	FILE *file;
	char page[200];
	struct shadow_reader *reader;
	struct phc phc;
	bool has_phc;
	struct loop_timer tick, end;
	int64_t period_ns;
};

static void put(struct record *r, const struct path_entry *e)
{
	if (fwrite(e, sizeof(*e), 1, r->file) != 1)
		log_fatal("write");
}

static void on_message(void *arg, const struct msg *m)
{
	struct record *r = arg;
	struct path_entry e = {.what = PATH_MESSAGE};

	e.seen_raw_ns = door_raw(r->door).ns;
	e.u.message = *m;
	put(r, &e);
}

static bool look_at_phc(struct record *r, struct path_look *look)
{
	struct door_pair pair = door_pair(r->door);
	struct phc_batch raw, real;

	if (phc_read(&r->phc, PHC_SCALE_RAW, 1, &raw) < 0 || raw.method != PHC_METHOD_PRECISE ||
		phc_read(&r->phc, PHC_SCALE_REAL, 1, &real) < 0)
		return false;
	look->raw_ns = raw.reading[0].before_ns;
	look->true_ns = raw.reading[0].phc_ns;
	/* of a moment later, carried back */
	look->real_ns =
		real.reading[0].before_ns - (real.reading[0].phc_ns - raw.reading[0].phc_ns);
	look->width_ns = pair.width.ns;
	return true;
}

static void look_at_realtime(struct record *r, struct path_look *look)
{
	struct door_pair pair = door_pair(r->door);

	look->raw_ns = pair.raw.ns;
	look->true_ns = look->real_ns = pair.real.ns;
	look->width_ns = pair.width.ns;
}

static void on_tick(void *arg, struct ts_raw now)
{
	struct record *r = arg;
	struct path_entry e = {.what = PATH_LOOK, .seen_raw_ns = now.ns};
	struct path_look *look = &e.u.look;

	loop_timer_set(r->loop, &r->tick, ts_raw_add(now, (struct ts_dur){r->period_ns}));
	if (!r->reader)
		(void)shadow_reader_open(r->page, &r->reader);
	look->has_line = r->reader && shadow_reader_line(r->reader, &look->line) == 0;
	if (!r->has_phc)
		look_at_realtime(r, look);
	else if (!look_at_phc(r, look))
		return;
	put(r, &e);
}

static void on_end(void *arg, struct ts_raw now)
{
	(void)now;
	loop_stop(((struct record *)arg)->loop);
}

static void open_all(struct record *r, int argc, char **argv)
{
	const char *bend = getenv("TIMEBUS_TEST_OSCILLATOR");
	struct path_head head = {.entry_size = sizeof(struct path_entry)};
	char error[200];

	r->door = door_new(error, sizeof(error));
	if (!r->door)
		log_fatalx("%s", error);
	r->loop = loop_new(r->door);
	if (argc > 4 && *argv[4]) {
		if (phc_open(argv[4], false, &r->phc, error) < 0)
			log_fatalx("%s: %s", argv[4], error);
		r->has_phc = true;
	}
	r->period_ns = (argc > 5 ? atoi(argv[5]) : 10) * NS_PER_MS;
	snprintf(r->page, sizeof(r->page), "%s/%s", argv[1], SHADOW_FILE);
	snprintf(head.bend, sizeof(head.bend), "%s", bend ? bend : "");
	r->file = fopen(argv[3], "w");
	if (!r->file || !r->loop || fwrite(&head, sizeof(head), 1, r->file) != 1)
		log_fatal("%s", argv[3]);
}

int main(int argc, char **argv)
{
	static const char *const publishers[] = {"refclockd", "ntpexchd", "selectd", "disciplined"};
	static struct record r;
	struct bus_config config = {.pub_fd = -1, .ctl_fd = -1, .message = on_message};
	struct ts_raw now;
	struct bus *bus;

	if (argc < 4) {
		fprintf(stderr, "usage: path_record RUNDIR SECONDS FILE [PHC [PERIOD_MS]]\n");
		return 2;
	}
	log_open("path_record", LOG_LEVEL_WARN);
	open_all(&r, argc, argv);
	config.run_dir = argv[1];
	config.loop = r.loop;
	config.door = r.door;
	config.arg = r.tick.arg = r.end.arg = &r;
	r.tick.fn = on_tick;
	r.end.fn = on_end;
	if (bus_open(&config, &bus) < 0)
		log_fatalx("cannot listen in %s", argv[1]);
	for (size_t i = 0; i < sizeof(publishers) / sizeof(*publishers); i++)
		bus_subscribe(bus, publishers[i], "");
	now = door_raw(r.door);
	loop_timer_set(r.loop, &r.tick, now);
	loop_timer_set(r.loop, &r.end, ts_raw_add(now, (struct ts_dur){atoi(argv[2]) * NS_PER_S}));
	loop_run(r.loop);
	if (fclose(r.file) != 0)
		log_fatal("%s", argv[3]);
	bus_close(&bus);
	return 0;
}
