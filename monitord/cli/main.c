/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/io/log.h"
#include "monitord/cli/cli.h"

static int unknown_command(const char *word)
{
	fprintf(stderr, "timebus: there is no command \"%s\" (allowed:", word);
	for (const struct cli_command *c = cli_commands; c->word; c++)
		fprintf(stderr, " %s", c->word);
	fprintf(stderr, ")\n");
	return CLI_USAGE;
}

/* What a command printed without looking whether it got anywhere. */
static int flushed(int status)
{
	if (status == CLI_OK)
		(void)cli_print("", &status);
	return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
	for (const struct cli_command *c = cli_commands; c->word; c++) {
		if (strcmp(c->word, argv[0]))
			continue;
		optind = 0; /* glibc: begin anew, with another set of options */
		return flushed(c->run(cli, argc, argv));
	}
	return unknown_command(argv[0]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"run-dir", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	const char *from_environment = getenv("TIMEBUS_RUN_DIR");
	struct cli cli = {.run_dir = "/run/timebus"};
	int option;

	if (from_environment && *from_environment)
		cli.run_dir = from_environment;
	opterr = 0;
	log_open("timebus", LOG_LEVEL_WARN);
	while ((option = getopt_long(argc, argv, "+:r:hV", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			cli.run_dir = optarg;
			break;
		case 'h':
			return flushed(cli_help(&cli, 1, argv));
		case 'V':
			return flushed(cli_version(&cli, 1, argv));
		default:
			fprintf(stderr,
				"timebus: option %s %s\nusage: timebus [-r DIR] COMMAND [...]; "
				"`timebus help` lists the commands\n",
				argv[optind - 1], option == ':' ? "needs a value" : "is unknown");
			return CLI_USAGE;
		}
	}
	if (optind == argc) {
		fprintf(stderr, "timebus: which command? `timebus help` lists them\n");
		return CLI_USAGE;
	}
	return run(&cli, argc - optind, argv + optind);
}
