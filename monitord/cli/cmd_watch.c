/* SPDX-License-Identifier: MIT */
/* watch: clock, sources and events, drawn again and again. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "monitord/cli/cli.h"
#include "monitord/cli/session.h"
#include "monitord/core/table.h"

#define EVERY_S	      1.0 /* on a terminal */
#define EVERY_PLAIN_S 5.0
#define EVENTS	      8

struct watch {
	struct session *session;
	double interval_s;
	uint64_t count; /* blocks still to draw; 0: no limit */
	bool terminal;
	int status;
	struct loop_timer timer;
	char block[TABLE_TEXT_SIZE], screen[2 * TABLE_TEXT_SIZE];
};

static void draw_missing(struct text *t, const struct model *m)
{
	for (int i = 0; i < MODEL_DAEMONS; i++) {
		if (!model_running(m, i))
			text_add(t, "%s is not running\n", model_daemon_names[i]);
	}
}

static void draw_block(struct watch *w, struct text *t, struct ts_raw now)
{
	const struct model *m = session_model(w->session);
	struct ts_utc utc;

	if (model_utc(m, now, &utc))
		text_date_long(t, utc);
	else
		text_add(t, "no time yet");
	text_add(t, "\n");
	table_summary(t, m, now);
	text_add(t, "\n");
	draw_missing(t, m);
	text_add(t, "\n");
	table_sources(t, m, now, false);
	text_add(t, "\n");
	table_events(t, m, now, EVENTS);
	if (!w->terminal)
		text_add(t, "\n");
}

/* Over the former block, line by line, so that nothing flickers. */
static void to_terminal(struct text *t, const char *block)
{
	text_add(t, "\033[H");
	while (*block) {
		size_t n = strcspn(block, "\n");

		text_add(t, "%.*s\033[K\n", (int)n, block);
		block += n + (block[n] == '\n');
	}
	text_add(t, "\033[J");
}

static void on_timer(void *arg, struct ts_raw now)
{
	struct watch *w = arg;
	struct text block, screen;

	(void)session_look_around(w->session);
	text_init(&block, w->block, sizeof(w->block));
	draw_block(w, &block, now);
	text_init(&screen, w->screen, sizeof(w->screen));
	if (w->terminal)
		to_terminal(&screen, w->block);
	else
		text_add(&screen, "%s", w->block);
	if (!cli_print(w->screen, &w->status) || (w->count > 0 && --w->count == 0)) {
		session_stop(w->session);
		return;
	}
	loop_timer_set(
		session_loop(w->session), &w->timer, ts_raw_add(now, ts_dur_from_s(w->interval_s)));
}

static int parse(int argc, char **argv, struct watch *w)
{
	static const struct option options[] = {
		{"interval", required_argument, NULL, 'i'},
		{"count", required_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	double count;
	int option;

	while ((option = getopt_long(argc, argv, ":i:n:", options, NULL)) != -1) {
		if (option == 'i') {
			if (!cli_number(argv[0], "SECONDS", optarg, 0.1, 86400, &w->interval_s))
				return CLI_USAGE;
		} else if (option == 'n') {
			if (!cli_number(argv[0], "COUNT", optarg, 1, 1e15, &count))
				return CLI_USAGE;
			w->count = (uint64_t)count;
		} else {
			return cli_bad_option(argv, option);
		}
	}
	if (optind < argc)
		return cli_usage(argv[0], "\"%s\" is one word too many", argv[optind]);
	return CLI_OK;
}

static int run(struct watch *w, const struct cli *cli)
{
	struct session_config config = {.run_dir = cli->run_dir, .arg = w};
	int r;

	if (session_open(&config, &w->session) < 0)
		return CLI_ENVIRONMENT;
	if (w->terminal)
		(void)cli_print("\033[2J", &w->status);
	(void)session_collect(w->session, SESSION_COLLECT_MS);
	w->timer = (struct loop_timer){.fn = on_timer, .arg = w};
	loop_timer_set(session_loop(w->session), &w->timer, door_raw(session_door(w->session)));
	r = session_was_interrupted(w->session) ? 0 : session_run(w->session);
	session_close(&w->session);
	return r < 0 ? CLI_ENVIRONMENT : w->status;
}

int cli_watch(const struct cli *cli, int argc, char **argv)
{
	struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return CLI_ENVIRONMENT;
	w->terminal = isatty(STDOUT_FILENO);
	w->interval_s = w->terminal ? EVERY_S : EVERY_PLAIN_S;
	r = parse(argc, argv, w);
	if (r == CLI_OK)
		r = run(w, cli);
	free(w);
	return r;
}
