/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what the sub-commands of `timebus` share.
 *
 * Each sub-command is a function of its own with its own options; argv[0] is its word. It returns
 * the exit status: 0; 1 what was asked for was not reached or is not there; 2 wrong words; 3 the
 * environment does not allow it.
 */
#ifndef TB_CLI_H
#define TB_CLI_H

#include <stdbool.h>
#include <stddef.h>

enum cli_exit { CLI_OK, CLI_NOT_REACHED, CLI_USAGE, CLI_ENVIRONMENT };

struct cli {
	const char *run_dir;
};

struct cli_command {
	const char *word;
	const char *usage; /* behind the word */
	const char *help;  /* one line */
	int (*run)(const struct cli *cli, int argc, char **argv);
};

extern const struct cli_command cli_commands[]; /* ends with word == NULL */

int cli_status(const struct cli *cli, int argc, char **argv);
int cli_sources(const struct cli *cli, int argc, char **argv);
int cli_sourcestats(const struct cli *cli, int argc, char **argv);
int cli_events(const struct cli *cli, int argc, char **argv);
int cli_tap(const struct cli *cli, int argc, char **argv);
int cli_wait(const struct cli *cli, int argc, char **argv);
int cli_now(const struct cli *cli, int argc, char **argv);
int cli_watch(const struct cli *cli, int argc, char **argv);
int cli_doctor(const struct cli *cli, int argc, char **argv);
int cli_control(const struct cli *cli, int argc, char **argv);
int cli_reload(const struct cli *cli, int argc, char **argv);
int cli_makestep(const struct cli *cli, int argc, char **argv);
int cli_keygen(const struct cli *cli, int argc, char **argv);
int cli_version(const struct cli *cli, int argc, char **argv);
int cli_help(const struct cli *cli, int argc, char **argv);

/* "timebus WORD: ..." and the usage of the sub-command on stderr. Returns CLI_USAGE. */
int cli_usage(const char *word, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* After getopt_long() returned '?' or ':'; opterr must be 0 and the short options begin with ':'.
 */
int cli_bad_option(char **argv, int option);

/* The options of a table: -j --json, -v --verbose. CLI_OK, or CLI_USAGE, said. */
int cli_view_options(int argc, char **argv, bool *ret_json, bool *ret_verbose);

/* A whole word as a number in min..max. On failure says so and what is allowed. */
bool cli_number(const char *command, const char *what, const char *word, double min, double max,
	double *ret_value);

/* Writes and flushes. False if nobody reads any more (then stop quietly), or it failed, which is
 * said. ret_status gets the exit status then. */
bool cli_print(const char *text, int *ret_status);

#endif
