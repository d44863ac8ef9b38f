/* SPDX-License-Identifier: MIT */
#include "monitord/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cli_command cli_commands[] = {
	{"status", "[--json]", "the clock, the estimate, the error bound and who runs", cli_status},
	{"sources", "[-v] [--json]", "all sources, and why they are used or not", cli_sources},
	{"sourcestats", "[-v] [--json]", "what is estimated of each source", cli_sourcestats},
	{"events", "[--json]", "the last events of all daemons", cli_events},
	{"watch", "[-i SECONDS] [-n COUNT]", "clock, sources and events, live", cli_watch},
	{"tap", "[TOPIC...] [--json] [-n COUNT] [--no-snapshot]", "the messages as they pass",
		cli_tap},
	{"wait",
		"[MAX-TRIES [MAX-CORRECTION [MAX-SKEW [INTERVAL]]]] [--timeout SECONDS]\n"
		"              [--bound SECONDS] [--offset SECONDS] [--skew PPM] [--holdover] [-q]",
		"return when the clock is good enough", cli_wait},
	{"now", "[--json] [--against-realtime]", "the published time and its error bound", cli_now},
	{"doctor", "[-v] [--json]", "what is wrong with this machine's timekeeping, and what mends it",
		cli_doctor},
	{"control", "DAEMON WORD [ARGUMENT...]", "a request to one daemon (WORD help lists them)",
		cli_control},
	{"reload", "[DAEMON...]", "let daemons read their configuration again", cli_reload},
	{"makestep", "", "step the clock now, if disciplined finds it needed", cli_makestep},
	{"keygen", "FILE [NAME]", "a key pair for publish and refclock ... host: FILE and FILE.pub",
		cli_keygen},
	{"version", "", "the version of this program", cli_version},
	{"help", "[WORD]", "this text, or that of one word", cli_help},
	{NULL, NULL, NULL, NULL},
};

static const struct cli_command *find(const char *word)
{
	const struct cli_command *c = cli_commands;

	while (c->word && strcmp(c->word, word))
		c++;
	return c->word ? c : NULL;
}

int cli_usage(const char *word, const char *format, ...)
{
	const struct cli_command *c = find(word);
	va_list args;

	fprintf(stderr, "timebus %s: ", word);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nusage: timebus [-r DIR] %s %s\n", word, c ? c->usage : "");
	return CLI_USAGE;
}

int cli_bad_option(char **argv, int option)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		return cli_usage(argv[0], "option %s needs a value", word);
	if (optopt && strncmp(word, "--", 2))
		return cli_usage(argv[0], "unknown option -%c", optopt);
	return cli_usage(argv[0], "unknown option %s", word);
}

int cli_view_options(int argc, char **argv, bool *ret_json, bool *ret_verbose)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, ":vj", options, NULL)) != -1) {
		if (option == 'j')
			*ret_json = true;
		else if (option == 'v')
			*ret_verbose = true;
		else
			return cli_bad_option(argv, option);
	}
	if (optind < argc)
		return cli_usage(argv[0], "\"%s\" is one word too many", argv[optind]);
	return CLI_OK;
}

bool cli_number(const char *command, const char *what, const char *word, double min, double max,
	double *ret_value)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(word, &end);
	if (end == word || *end || errno || !isfinite(value) || value < min || value > max) {
		cli_usage(command, "%s \"%s\" is wrong (allowed: a number from %g to %g)", what,
			word, min, max);
		return false;
	}
	*ret_value = value;
	return true;
}

bool cli_print(const char *text, int *ret_status)
{
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return true;
	if (errno == EPIPE) {
		*ret_status = CLI_OK;
	} else {
		fprintf(stderr, "timebus: cannot write: %s\n", strerror(errno));
		*ret_status = CLI_ENVIRONMENT;
	}
	return false;
}

int cli_version(const struct cli *cli, int argc, char **argv)
{
	(void)cli;
	if (argc > 1)
		return cli_usage(argv[0], "\"%s\" is one word too many", argv[1]);
	printf("timebus %s\n", TIMEBUS_VERSION);
	return CLI_OK;
}

static void help_all(void)
{
	printf("timebus - look at and talk to the timebus suite\n\n"
	       "usage: timebus [-r DIR] COMMAND [...]\n\n"
	       "  -r DIR  runtime directory of the suite (default $TIMEBUS_RUN_DIR, else "
	       "/run/timebus)\n\n");
	for (const struct cli_command *c = cli_commands; c->word; c++)
		printf("  %-12s%s\n", c->word, c->help);
	printf("\nexit status: 0; 1 not reached, or nobody there; 2 wrong words; 3 the "
	       "environment\n"
	       "does not allow it. See timebus(1).\n");
}

int cli_help(const struct cli *cli, int argc, char **argv)
{
	const struct cli_command *c;

	(void)cli;
	if (argc > 2)
		return cli_usage(argv[0], "\"%s\" is one word too many", argv[2]);
	if (argc < 2) {
		help_all();
		return CLI_OK;
	}
	c = find(argv[1]);
	if (!c)
		return cli_usage(argv[0], "there is no command \"%s\"", argv[1]);
	printf("timebus [-r DIR] %s %s\n\n%s\n", c->word, c->usage, c->help);
	return CLI_OK;
}
