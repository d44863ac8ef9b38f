/* SPDX-License-Identifier: MIT */
/* status, sources, sourcestats, events: one look at the suite. */
#include <stdio.h>
#include <stdlib.h>
#include "monitord/cli/cli.h"
#include "monitord/cli/session.h"
#include "monitord/core/table.h"

struct view {
	bool json, verbose;
};

typedef void (*draw_fn)(
	struct text *t, const struct model *m, struct ts_raw now, const struct view *view);

static void draw_status(
	struct text *t, const struct model *m, struct ts_raw now, const struct view *view)
{
	if (view->json)
		table_status_json(t, m, now);
	else
		table_status(t, m, now);
}

static void draw_sources(
	struct text *t, const struct model *m, struct ts_raw now, const struct view *view)
{
	if (view->json)
		table_sources_json(t, m, now);
	else
		table_sources(t, m, now, view->verbose);
}

static void draw_sourcestats(
	struct text *t, const struct model *m, struct ts_raw now, const struct view *view)
{
	if (view->json)
		table_sourcestats_json(t, m, now);
	else
		table_sourcestats(t, m, view->verbose);
}

static void draw_events(
	struct text *t, const struct model *m, struct ts_raw now, const struct view *view)
{
	if (view->json)
		table_events_json(t, m, now);
	else
		table_events(t, m, now, MODEL_EVENTS_MAX);
}

/* status tells by itself who is not there, but not that a daemon is there and mute. */
static void tell_missing(const struct session *s, const struct model *m, bool only_mute)
{
	for (int i = 0; i < MODEL_DAEMONS; i++) {
		if (session_is_mute(s, i))
			fprintf(stderr,
				"timebus: %s does not answer: its socket is there, but it is "
				"stopped, busy or not up yet\n",
				model_daemon_names[i]);
		else if (!only_mute && i < MODEL_MONITORD && !model_running(m, i))
			fprintf(stderr, "timebus: %s is not running\n", model_daemon_names[i]);
	}
}

static int print_view(struct session *s, draw_fn draw, const struct view *view)
{
	char *buffer = malloc(TABLE_TEXT_SIZE);
	int status = CLI_OK;
	struct text t;

	if (!buffer)
		return CLI_ENVIRONMENT;
	text_init(&t, buffer, TABLE_TEXT_SIZE);
	draw(&t, session_model(s), door_raw(session_door(s)), view);
	(void)cli_print(buffer, &status);
	free(buffer);
	return status;
}

static int show(const struct cli *cli, int argc, char **argv, draw_fn draw)
{
	struct session_config config = {.run_dir = cli->run_dir};
	struct view view = {0};
	struct session *s;
	int r = cli_view_options(argc, argv, &view.json, &view.verbose);

	if (r != CLI_OK)
		return r;
	if (session_open(&config, &s) < 0)
		return CLI_ENVIRONMENT;
	if (!session_collect(s, SESSION_COLLECT_MS)) {
		r = session_nobody(s);
	} else {
		if (draw == draw_status)
			session_ask_history(s);
		if (!view.json)
			tell_missing(s, session_model(s), draw == draw_status);
		r = print_view(s, draw, &view);
	}
	session_close(&s);
	return r;
}

int cli_status(const struct cli *cli, int argc, char **argv)
{
	return show(cli, argc, argv, draw_status);
}

int cli_sources(const struct cli *cli, int argc, char **argv)
{
	return show(cli, argc, argv, draw_sources);
}

int cli_sourcestats(const struct cli *cli, int argc, char **argv)
{
	return show(cli, argc, argv, draw_sourcestats);
}

int cli_events(const struct cli *cli, int argc, char **argv)
{
	return show(cli, argc, argv, draw_events);
}
