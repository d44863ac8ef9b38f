/* SPDX-License-Identifier: MIT */
/* wait: return when the clock is good enough. The positional words are those of chronyc waitsync.
 */
#include <getopt.h>
#include <stdio.h>
#include "monitord/cli/cli.h"
#include "monitord/cli/session.h"
#include "monitord/core/waitsync.h"

#define COLLECT_MS	  500
#define CHRONY_INTERVAL_S 10.0
#define INTERVAL_S	  1.0
#define WORDS_MAX	  4
#define YEARS_S		  1e9

struct waiting {
	struct session *session;
	struct waitsync_limits limits;
	double tries_max; /* 0: no limit */
	double interval_s;
	double timeout_s; /* below 0: no limit */
	bool quiet;

	uint64_t tries;
	bool reached;
	int status;
	struct loop_timer next, end;
};

static void try_now(struct waiting *w, bool say)
{
	struct ts_raw now = door_raw(session_door(w->session));
	char line[256];
	struct text t;

	(void)session_look_around(w->session);
	w->reached = waitsync_reached(&w->limits, session_model(w->session), now);
	/* the message that ended the wait is worth a line too */
	if (!say && !w->reached)
		return;
	w->tries++;
	text_init(&t, line, sizeof(line));
	waitsync_line(&t, w->tries, session_model(w->session), now);
	if (!w->quiet && !cli_print(line, &w->status))
		session_stop(w->session);
	if (w->reached)
		session_stop(w->session);
}

static void on_message(void *arg, const struct msg *m)
{
	struct waiting *w = arg;

	if (w->tries > 0 && !w->reached && m->kind == MSG_clock)
		try_now(w, false);
}

static void on_next(void *arg, struct ts_raw now)
{
	struct waiting *w = arg;

	try_now(w, true);
	if (w->tries_max > 0 && (double)w->tries >= w->tries_max)
		session_stop(w->session);
	else
		loop_timer_set(session_loop(w->session), &w->next,
			ts_raw_add(now, ts_dur_from_s(w->interval_s)));
}

static void on_end(void *arg, struct ts_raw now)
{
	struct waiting *w = arg;

	(void)now;
	session_stop(w->session);
}

/* ---- words ---- */

static int parse_option(struct waiting *w, char **argv, int option)
{
	switch (option) {
	case 't':
		return cli_number(
			argv[0], "SECONDS of --timeout", optarg, 0, YEARS_S, &w->timeout_s);
	case 'b':
		return cli_number(
			argv[0], "SECONDS of --bound", optarg, 0, YEARS_S, &w->limits.bound_s);
	case 'o':
		return cli_number(
			argv[0], "SECONDS of --offset", optarg, 0, YEARS_S, &w->limits.offset_s);
	case 's':
		return cli_number(argv[0], "PPM of --skew", optarg, 0, 1e6, &w->limits.skew_ppm);
	case 'H':
		w->limits.holdover = true;
		return true;
	case 'q':
		w->quiet = true;
		return true;
	default:
		cli_bad_option(argv, option);
		return false;
	}
}

static int parse_words(struct waiting *w, int argc, char **argv)
{
	const struct {
		const char *what;
		double min, max;
		double *value;
	} words[WORDS_MAX] = {
		{"MAX-TRIES", 0, 1e9, &w->tries_max},
		{"MAX-CORRECTION", 0, YEARS_S, &w->limits.offset_s},
		{"MAX-SKEW", 0, 1e6, &w->limits.skew_ppm},
		{"INTERVAL", 0, YEARS_S, &w->interval_s},
	};

	if (argc - optind > WORDS_MAX)
		return cli_usage(argv[0], "\"%s\" is one word too many", argv[optind + WORDS_MAX]);
	if (argc > optind)
		w->interval_s = CHRONY_INTERVAL_S;
	for (int i = 0; optind + i < argc; i++) {
		if (!cli_number(argv[0], words[i].what, argv[optind + i], words[i].min,
			    words[i].max, words[i].value))
			return CLI_USAGE;
	}
	if (w->interval_s < 0.1)
		w->interval_s = 0.1;
	return CLI_OK;
}

static int parse(struct waiting *w, int argc, char **argv)
{
	static const struct option options[] = {
		{"timeout", required_argument, NULL, 't'},
		{"bound", required_argument, NULL, 'b'},
		{"offset", required_argument, NULL, 'o'},
		{"skew", required_argument, NULL, 's'},
		{"holdover", no_argument, NULL, 'H'},
		{"quiet", no_argument, NULL, 'q'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, ":t:b:o:q", options, NULL)) != -1) {
		if (!parse_option(w, argv, option))
			return CLI_USAGE;
	}
	return parse_words(w, argc, argv);
}

/* ---- the wait ---- */

static int wait_for_it(struct waiting *w)
{
	struct loop *loop = session_loop(w->session);
	struct ts_raw start = door_raw(session_door(w->session));
	char why[256];
	struct text t;

	w->next = (struct loop_timer){.fn = on_next, .arg = w};
	w->end = (struct loop_timer){.fn = on_end, .arg = w};
	(void)session_collect(w->session, COLLECT_MS);
	if (session_was_interrupted(w->session))
		return CLI_NOT_REACHED;
	if (w->timeout_s >= 0)
		loop_timer_set(loop, &w->end, ts_raw_add(start, ts_dur_from_s(w->timeout_s)));
	loop_timer_set(loop, &w->next, start);
	if (session_run(w->session) < 0)
		return CLI_ENVIRONMENT;
	if (w->reached || w->status != CLI_OK)
		return w->status;
	text_init(&t, why, sizeof(why));
	waitsync_why(&t, &w->limits, session_model(w->session), door_raw(session_door(w->session)));
	if (!session_was_interrupted(w->session))
		fprintf(stderr, "timebus wait: not reached: %s\n", why);
	return CLI_NOT_REACHED;
}

int cli_wait(const struct cli *cli, int argc, char **argv)
{
	struct waiting w = {.interval_s = INTERVAL_S, .timeout_s = -1, .status = CLI_OK};
	struct session_config config = {.run_dir = cli->run_dir, .message = on_message, .arg = &w};
	int r = parse(&w, argc, argv);

	if (r != CLI_OK)
		return r;
	if (session_open(&config, &w.session) < 0)
		return CLI_ENVIRONMENT;
	r = wait_for_it(&w);
	session_close(&w.session);
	return r;
}
