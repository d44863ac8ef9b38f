/* SPDX-License-Identifier: MIT */
/* tap: the messages of the bus as they pass, one line each. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include "common/bus/codec.h"
#include "monitord/cli/cli.h"
#include "monitord/cli/session.h"

#define TOPICS_MAX 16
#define LINE_SIZE  8192

struct tap {
	struct session *session;
	bool json, no_snapshot;
	bool done;	/* the rest of what this round of the loop brings is not shown */
	uint64_t count; /* lines of messages still to print; 0: no limit */
	int status;
	const char *topics[TOPICS_MAX + 1];
};

static void stop(struct tap *tap)
{
	tap->done = true;
	session_stop(tap->session);
}

static void put(struct tap *tap, const char *line)
{
	if (!tap->done && !cli_print(line, &tap->status))
		stop(tap);
}

static void on_message(void *arg, const struct msg *m)
{
	struct tap *tap = arg;
	char line[LINE_SIZE];
	int n;

	if (tap->done || (tap->no_snapshot && m->env.snapshot))
		return;
	n = tap->json ? msg_dump_json(m, line, sizeof(line) - 1)
		      : msg_dump_text(m, line, sizeof(line) - 1);
	if (n < 0)
		return;
	line[n] = '\n';
	line[n + 1] = '\0';
	put(tap, line);
	if (tap->count > 0 && --tap->count == 0)
		stop(tap);
}

/* A line of the tap's own: "# WHAT PUBLISHER [NUMBER]...", or an object with the member "tap". */
static void begin(const struct tap *tap, struct text *t, char line[LINE_SIZE], const char *what,
	const char *publisher)
{
	text_init(t, line, LINE_SIZE);
	if (!tap->json) {
		text_add(t, "# %s %s", what, publisher);
		return;
	}
	json_open(t, NULL, '{');
	json_string(t, "tap", what);
	json_string(t, "publisher", publisher);
}

static void end(struct tap *tap, struct text *t)
{
	if (tap->json)
		json_close(t, '}');
	text_add(t, "\n");
	put(tap, t->at);
}

static void on_gap(void *arg, const char *publisher, uint64_t lost)
{
	struct tap *tap = arg;
	char line[LINE_SIZE];
	struct text t;

	begin(tap, &t, line, lost > 0 ? "gap" : "restart", publisher);
	if (lost > 0 && tap->json)
		json_int(&t, "lost", (int64_t)lost);
	else if (lost > 0)
		text_add(&t, " lost %" PRIu64, lost);
	end(tap, &t);
}

static void on_refused(void *arg, const char *publisher, const char *why, uint64_t number)
{
	struct tap *tap = arg;
	char line[LINE_SIZE];
	struct text t;

	begin(tap, &t, line, "refused", publisher);
	if (tap->json) {
		json_int(&t, "refused", (int64_t)number);
		json_string(&t, "why", why);
	} else {
		text_add(&t, " %" PRIu64 ": %s", number, why);
	}
	end(tap, &t);
}

static void on_presence(void *arg, const char *publisher, bool there)
{
	struct tap *tap = arg;
	char line[LINE_SIZE];
	struct text t;

	begin(tap, &t, line, there ? "there" : "gone", publisher);
	end(tap, &t);
}

static int parse(int argc, char **argv, struct tap *tap)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"count", required_argument, NULL, 'n'},
		{"no-snapshot", no_argument, NULL, 's'},
		{NULL, 0, NULL, 0},
	};
	double count;
	int option;

	while ((option = getopt_long(argc, argv, ":jn:", options, NULL)) != -1) {
		if (option == 'j') {
			tap->json = true;
		} else if (option == 's') {
			tap->no_snapshot = true;
		} else if (option == 'n') {
			if (!cli_number(argv[0], "COUNT", optarg, 1, 1e15, &count))
				return CLI_USAGE;
			tap->count = (uint64_t)count;
		} else {
			return cli_bad_option(argv, option);
		}
	}
	if (argc - optind > TOPICS_MAX)
		return cli_usage(argv[0], "more than %d topics", TOPICS_MAX);
	for (int i = optind; i < argc; i++)
		tap->topics[i - optind] = argv[i];
	return CLI_OK;
}

int cli_tap(const struct cli *cli, int argc, char **argv)
{
	struct tap tap = {.status = CLI_OK};
	struct session_config config = {
		.run_dir = cli->run_dir,
		.message = on_message,
		.gap = on_gap,
		.refused = on_refused,
		.presence = on_presence,
		.arg = &tap,
	};
	int r = parse(argc, argv, &tap);

	if (r != CLI_OK)
		return r;
	if (tap.topics[0])
		config.topics = tap.topics;
	if (session_open(&config, &tap.session) < 0)
		return CLI_ENVIRONMENT;
	if (session_run(tap.session) < 0)
		tap.status = CLI_ENVIRONMENT;
	session_close(&tap.session);
	return tap.status;
}
