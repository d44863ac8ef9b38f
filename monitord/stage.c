/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "monitord/core/table.h"
#include "monitord/logfile.h"
#include "monitord/monitord.h"
#include "monitord/relay.h"

#define EVENTS_SHOWN 64

struct monitord {
	struct stage_host *host;
	struct ts_raw started;
	struct model model;
	struct chronylog log;
	struct logdir dir;
	struct relay relay;
};

/* ---- what comes in ---- */

static void write_row(struct monitord *d, const struct chronylog_row *row)
{
	const char *name = chronylog_name(row->file);
	uint64_t lost;
	int r = logdir_write(&d->dir, row, door_raw(host_door(d->host)), &lost);

	if (r == -EDESTADDRREQ)
		host_event(d->host, EVENT_log_failed, NULL, 0,
			"log %s is on, but logdir is not set: nothing is written", name);
	else if (r < 0)
		host_event(d->host, EVENT_log_failed, NULL, 0, "%s/%s.log: %s", d->dir.path, name,
			strerror(-r));
	if (lost > 0)
		log_notice("%s.log is written again, %" PRIu64 " rows were lost", name, lost);
}

static void take_message(void *state, const struct msg *m)
{
	struct monitord *d = state;
	struct chronylog_row rows[CHRONYLOG_ROWS_MAX];
	int count;

	model_message(&d->model, m);
	relay_message(&d->relay, m);
	count = chronylog_rows(&d->log, &d->model, m, rows);
	/* what was before our time was written by who was there then */
	for (int i = 0; i < count && m->env.sent_raw_ns >= d->started.ns; i++)
		write_row(d, &rows[i]);
}

static void take_gap(void *state, const char *publisher, uint64_t lost)
{
	struct monitord *d = state;

	model_gap(&d->model, publisher, lost);
}

/* ---- control ---- */

static void look_around(struct monitord *d)
{
	for (int i = 0; i < MODEL_MONITORD; i++)
		model_present(&d->model, model_daemon_names[i],
			host_connected(d->host, model_daemon_names[i]));
}

enum table { TABLE_STATUS, TABLE_SOURCES, TABLE_SOURCESTATS, TABLE_EVENTS };

static void draw(struct monitord *d, enum table table, bool json, bool verbose, struct text *t)
{
	struct ts_raw now = door_raw(host_door(d->host));
	const struct model *m = &d->model;

	switch (table) {
	case TABLE_STATUS:
		json ? table_status_json(t, m, now) : table_status(t, m, now);
		break;
	case TABLE_SOURCES:
		json ? table_sources_json(t, m, now) : table_sources(t, m, now, verbose);
		break;
	case TABLE_SOURCESTATS:
		json ? table_sourcestats_json(t, m, now) : table_sourcestats(t, m, verbose);
		break;
	case TABLE_EVENTS:
		json ? table_events_json(t, m, now) : table_events(t, m, now, EVENTS_SHOWN);
		break;
	}
}

static int show(void *state, enum table table, int argc, const char *const *argv, char *reply,
	size_t reply_size)
{
	struct monitord *d = state;
	bool json = false, verbose = false;
	struct text t;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "json")) {
			json = true;
		} else if (!strcmp(argv[i], "verbose")) {
			verbose = true;
		} else {
			(void)snprintf(reply, reply_size,
				"%s: unknown word \"%.60s\" (allowed: json, verbose)\n", argv[0],
				argv[i]);
			return -EINVAL;
		}
	}
	look_around(d);
	text_init(&t, reply, reply_size);
	draw(d, table, json, verbose, &t);
	if (!t.full)
		return 0;
	(void)snprintf(reply, reply_size, "the answer is longer than %zu bytes\n", reply_size);
	return -EMSGSIZE;
}

static int show_status(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	return show(state, TABLE_STATUS, argc, argv, reply, reply_size);
}

static int show_sources(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	return show(state, TABLE_SOURCES, argc, argv, reply, reply_size);
}

static int show_sourcestats(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	return show(state, TABLE_SOURCESTATS, argc, argv, reply, reply_size);
}

static int show_events(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	return show(state, TABLE_EVENTS, argc, argv, reply, reply_size);
}

/* What somebody who has just come cannot know. */
static int show_history(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	const struct monitord *d = state;
	struct text t;

	(void)argc;
	(void)argv;
	text_init(&t, reply, reply_size);
	table_history(&t, &d->model);
	return 0;
}

static int cycle_logs(
	void *state, int argc, const char *const *argv, char *reply, size_t reply_size)
{
	struct monitord *d = state;

	(void)argc;
	(void)argv;
	logdir_cycle(&d->dir);
	(void)snprintf(reply, reply_size, "log files are opened anew with the next row\n");
	return 0;
}

static const struct stage_control controls[] = {
	{"status", "status [json]", "the clock, the estimate and who runs", show_status},
	{"sources", "sources [json] [verbose]", "all sources", show_sources},
	{"sourcestats", "sourcestats [json] [verbose]", "what is estimated of them",
		show_sourcestats},
	{"events", "events [json]", "the last events of all daemons", show_events},
	{"history", "history", "last offset, its mean, update interval", show_history},
	{"cyclelogs", "cyclelogs", "open the log files anew, after rotation", cycle_logs},
	{NULL, NULL, NULL, NULL},
};

/* ---- life ---- */

static void apply(struct monitord *d, const struct monitord_config *config)
{
	struct chronylog_options options = monitord_log_options(config);

	d->log.options = options;
	logdir_init(&d->dir, config->logdir, config->logbanner);
	relay_configure(&d->relay, &config->publish);
}

static void introduce_self(struct monitord *d)
{
	struct model_daemon *self = &d->model.daemons[MODEL_MONITORD];

	self->known = true;
	(void)snprintf(self->hello.version, sizeof(self->hello.version), "%s", TIMEBUS_VERSION);
	self->hello.pid = getpid();
	self->hello.started_raw_ns = d->started.ns;
}

static int start(void *state, const void *config, struct stage_host *host)
{
	struct monitord *d = state;

	d->host = host;
	d->started = door_raw(host_door(host));
	model_init(&d->model);
	relay_init(&d->relay, host);
	apply(d, config);
	introduce_self(d);
	return 0;
}

static void stop(void *state)
{
	struct monitord *d = state;

	logdir_cycle(&d->dir);
	relay_stop(&d->relay);
}

static int reload(void *state, const void *config)
{
	struct monitord *d = state;

	logdir_cycle(&d->dir);
	apply(d, config);
	return 0;
}

static void status(const void *state, char *text, size_t text_size)
{
	const struct monitord *d = state;
	const struct model *m = &d->model;

	(void)snprintf(text, text_size, "%u sources, clock %s", m->source_count,
		m->has_clock ? msg_word_sync(m->clock.status) : "not heard");
}

static const struct stage_subscription subscriptions[] = {
	{"refclockd", ""},
	{"ntpexchd", ""},
	{"selectd", ""},
	{"disciplined", ""},
	{NULL, NULL},
};

const struct stage monitord_stage = {
	.name = "monitord",
	.summary = "watches the suite, answers who asks and writes log files",
	.directives = monitord_directives,
	.config_size = sizeof(struct monitord_config),
	.subscriptions = subscriptions,
	.controls = controls,
	.state_size = sizeof(struct monitord),
	.start = start,
	.stop = stop,
	.reload = reload,
	.message = take_message,
	.gap = take_gap,
	.status = status,
};
