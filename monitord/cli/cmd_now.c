/* SPDX-License-Identifier: MIT */
/* now: the time as the suite publishes it, from the shared page or else from the clock message. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "common/io/shadow.h"
#include "monitord/cli/cli.h"
#include "monitord/cli/session.h"

#define TEXT_SIZE 1024
#define BOUND_UNKNOWN_NS                                                                           \
	(1000000000 * NS_PER_S) /* what the page tells where none is known is more */

struct reading {
	struct ts_raw raw;
	struct ts_utc utc;
	int64_t bound_ns;
	const char *status, *mode, *from;
	bool against;
	int64_t error_ns, bracket_ns; /* shown minus CLOCK_REALTIME; width of the bracket */
};

struct options {
	bool json, against;
};

static const char *const page_status[] = {
	[SHADOW_UNSYNCHRONISED] = "unsynchronised",
	[SHADOW_SYNCHRONISED] = "synchronised",
	[SHADOW_HOLDOVER] = "holdover",
};

static const char *const page_mode[] = {
	[SHADOW_MODE_NONE] = "none",
	[SHADOW_MODE_REALTIME] = "realtime",
	[SHADOW_MODE_SHADOW] = "shadow",
};

/* The instant at which the clock is read, and CLOCK_REALTIME then if it is asked for. */
static struct ts_utc take_instant(struct door *door, const struct options *o, struct reading *r)
{
	struct door_pair pair = {0};

	r->against = o->against;
	if (!o->against) {
		r->raw = door_raw(door);
		return pair.real;
	}
	pair = door_pair(door);
	r->raw = pair.raw;
	r->bracket_ns = pair.width.ns;
	return pair.real;
}

static int read_page(const char *run_dir, struct shadow_line *ret_line)
{
	struct shadow_reader *reader;
	char path[512];
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", run_dir, SHADOW_FILE) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = shadow_reader_open(path, &reader);
	if (r < 0)
		return r;
	r = shadow_reader_line(reader, ret_line);
	shadow_reader_close(&reader);
	return r;
}

static void from_page(struct door *door, const struct options *o, const struct shadow_line *line,
	struct reading *r)
{
	struct ts_utc real = take_instant(door, o, r);
	struct shadow_time time;

	shadow_line_time(line, r->raw, &time);
	r->utc = time.utc;
	r->bound_ns = shadow_line_bound_ns(line, r->raw);
	r->status = page_status[time.status];
	r->mode = page_mode[line->mode];
	r->from = "page";
	r->error_ns = ts_utc_sub(r->utc, real).ns;
}

/* False if there is no clock message either. */
static bool from_message(struct session *s, const struct options *o, struct reading *r)
{
	const struct model *m = session_model(s);
	struct ts_line line;
	struct ts_utc real;

	if (!session_collect(s, SESSION_COLLECT_MS) || !model_clock_line(m, &line))
		return false;
	real = take_instant(session_door(s), o, r);
	r->utc = ts_line_at(&line, r->raw);
	r->bound_ns = model_bound_ns(m, r->raw);
	r->status = msg_word_sync(m->clock.status);
	r->mode = msg_word_clock_mode(m->clock.mode);
	r->from = "message";
	r->error_ns = ts_utc_sub(r->utc, real).ns;
	return true;
}

static void print_json(struct text *t, const struct reading *r)
{
	json_open(t, NULL, '{');
	json_int(t, "utc_ns", r->utc.ns);
	json_int(t, "raw_ns", r->raw.ns);
	json_int(t, "bound_ns", r->bound_ns);
	json_int(t, "earliest_ns", ts_sat_sub(r->utc.ns, r->bound_ns));
	json_int(t, "latest_ns", ts_sat_add(r->utc.ns, r->bound_ns));
	json_string(t, "status", r->status);
	json_string(t, "mode", r->mode);
	json_string(t, "from", r->from);
	if (r->against) {
		json_int(t, "error_ns", r->error_ns);
		json_int(t, "bracket_ns", r->bracket_ns);
	}
	json_close(t, '}');
	text_add(t, "\n");
}

static void print_text(struct text *t, const struct reading *r)
{
	text_date_log(t, r->utc);
	text_add(t, ".%09d UTC", (int)text_date(r->utc).ns);
	if (r->bound_ns < BOUND_UNKNOWN_NS)
		text_add(t, " +/- %.9f s", (double)r->bound_ns * 1e-9);
	else
		text_add(t, ", error not bounded");
	text_add(t, ", %s (%s, from the %s)\n", r->status, r->mode, r->from);
	if (r->against)
		text_add(t, "%+.9f s from CLOCK_REALTIME, read within %" PRId64 " ns\n",
			(double)r->error_ns * 1e-9, r->bracket_ns);
}

static int parse(int argc, char **argv, struct options *ret)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"against-realtime", no_argument, NULL, 'a'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, ":j", options, NULL)) != -1) {
		if (option == 'j')
			ret->json = true;
		else if (option == 'a')
			ret->against = true;
		else
			return cli_bad_option(argv, option);
	}
	if (optind < argc)
		return cli_usage(argv[0], "\"%s\" is one word too many", argv[optind]);
	return CLI_OK;
}

static int print(const struct reading *r, const struct options *o)
{
	char buffer[TEXT_SIZE];
	int status = CLI_OK;
	struct text t;

	text_init(&t, buffer, sizeof(buffer));
	if (o->json)
		print_json(&t, r);
	else
		print_text(&t, r);
	(void)cli_print(buffer, &status);
	return status;
}

static int now_by_bus(const struct cli *cli, const struct options *o, int page_error)
{
	struct session_config config = {.run_dir = cli->run_dir};
	struct reading reading = {0};
	struct session *s;
	int r;

	if (session_open(&config, &s) < 0)
		return CLI_ENVIRONMENT;
	if (from_message(s, o, &reading)) {
		r = print(&reading, o);
	} else {
		fprintf(stderr,
			"timebus: no time is published in %s (%s); is disciplined running?\n",
			cli->run_dir, strerror(-page_error));
		r = CLI_NOT_REACHED;
	}
	session_close(&s);
	return r;
}

int cli_now(const struct cli *cli, int argc, char **argv)
{
	struct options o = {0};
	struct reading reading = {0};
	struct shadow_line line;
	struct door *door;
	char error[320];
	int r = parse(argc, argv, &o);

	if (r != CLI_OK)
		return r;
	r = read_page(cli->run_dir, &line);
	if (r < 0)
		return now_by_bus(cli, &o, r);
	door = door_new(error, sizeof(error));
	if (!door) {
		fprintf(stderr, "timebus: %s\n", error);
		return CLI_ENVIRONMENT;
	}
	from_page(door, &o, &line, &reading);
	door_destroy(&door);
	return print(&reading, &o);
}
