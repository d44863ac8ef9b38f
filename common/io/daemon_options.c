/* SPDX-License-Identifier: MIT */
#include "common/io/daemon_private.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_CHECK = 256, OPTION_DUMP, OPTION_MANUAL, OPTION_HELP, OPTION_VERSION };

static void usage(const struct stage *stage, FILE *to)
{
	fprintf(to,
		"usage: %s [options] [DIRECTIVE...]\n"
		"%s\n"
		"  -f FILE        configuration (default /etc/timebus/%s.conf)\n"
		"  -r DIR         runtime directory (default /run/timebus, or $TIMEBUS_RUN_DIR)\n"
		"  -s DIR         state directory (default /var/lib/timebus, or "
		"$TIMEBUS_STATE_DIR)\n"
		"  -l LEVEL       log: err, warn, notice, info or debug (default info)\n"
		"  --check        tell what is wrong in the configuration, exit 0 (nothing) or 2\n"
		"  --dump-config  print the configuration in force\n"
		"  --manual       print the directives as mdoc list items\n"
		"  --version      print the version\n"
		"  -h, --help     print this\n"
		"  DIRECTIVE      a line of configuration, read after the file; one an argument\n",
		stage->name, stage->summary, stage->name);
}

static int set_path(char path[DAEMON_PATH_MAX], const char *value, const char *option)
{
	size_t length = strlen(value);

	while (length > 1 && value[length - 1] == '/')
		length--;
	if (length == 0 || length >= DAEMON_PATH_MAX) {
		fprintf(stderr, "%s: a path of 1 to %d bytes is expected, not '%s'\n", option,
			DAEMON_PATH_MAX - 1, value);
		return DAEMON_EXIT_USAGE;
	}
	memcpy(path, value, length);
	path[length] = '\0';
	return DAEMON_GO_ON;
}

static int set_level(enum log_level *level, const char *value)
{
	static const char *const words[] = {"err", "warn", "notice", "info", "debug"};

	for (int i = 0; i < 5; i++) {
		if (!strcmp(value, words[i])) {
			*level = (enum log_level)(LOG_LEVEL_ERR + i);
			return DAEMON_GO_ON;
		}
	}
	fprintf(stderr, "-l: '%s' is not a level (err, warn, notice, info, debug)\n", value);
	return DAEMON_EXIT_USAGE;
}

static int set_defaults(struct daemon_options *options, const struct stage *stage)
{
	const char *run = getenv("TIMEBUS_RUN_DIR"), *state = getenv("TIMEBUS_STATE_DIR");
	int r;

	*options = (struct daemon_options){.level = LOG_LEVEL_INFO};
	(void)snprintf(options->file, sizeof(options->file), "/etc/timebus/%s.conf", stage->name);
	r = set_path(options->run_dir, run && *run ? run : "/run/timebus", "TIMEBUS_RUN_DIR");
	if (r == DAEMON_GO_ON)
		r = set_path(options->state_dir, state && *state ? state : "/var/lib/timebus",
			"TIMEBUS_STATE_DIR");
	return r;
}

static int set_option(struct daemon_options *options, const struct stage *stage, int option)
{
	switch (option) {
	case 'f':
		options->file_given = true;
		return set_path(options->file, optarg, "-f");
	case 'r':
		return set_path(options->run_dir, optarg, "-r");
	case 's':
		return set_path(options->state_dir, optarg, "-s");
	case 'l':
		return set_level(&options->level, optarg);
	case OPTION_CHECK:
		options->action = ACTION_CHECK;
		return DAEMON_GO_ON;
	case OPTION_DUMP:
		options->action = ACTION_DUMP;
		return DAEMON_GO_ON;
	case OPTION_MANUAL:
		options->action = ACTION_MANUAL;
		return DAEMON_GO_ON;
	case OPTION_HELP:
		usage(stage, stdout);
		return DAEMON_EXIT_OK;
	case OPTION_VERSION:
		printf("%s (timebus) %s\n", stage->name, TIMEBUS_VERSION);
		return DAEMON_EXIT_OK;
	default: /* getopt has told the word */
		fprintf(stderr, "%s --help tells the options\n", stage->name);
		return DAEMON_EXIT_USAGE;
	}
}

int daemon_options_parse(
	struct daemon_options *options, const struct stage *stage, int argc, char **argv)
{
	static const struct option words[] = {
		{"check", no_argument, NULL, OPTION_CHECK},
		{"dump-config", no_argument, NULL, OPTION_DUMP},
		{"manual", no_argument, NULL, OPTION_MANUAL},
		{"help", no_argument, NULL, OPTION_HELP},
		{"version", no_argument, NULL, OPTION_VERSION},
		{NULL, 0, NULL, 0},
	};
	int option, r = set_defaults(options, stage);

	optind = 0;
	while (r == DAEMON_GO_ON &&
		(option = getopt_long(argc, argv, "f:r:s:l:h", words, NULL)) != -1)
		r = set_option(options, stage, option == 'h' ? OPTION_HELP : option);
	options->directives = (const char *const *)&argv[optind < argc ? optind : argc];
	return r;
}
