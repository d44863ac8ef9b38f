/* SPDX-License-Identifier: MIT */
/* control, reload, makestep: requests to the control sockets of the daemons. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/bus/bus.h"
#include "monitord/cli/cli.h"
#include "monitord/core/model.h"

#define TIMEOUT_MS 3000
#define REPLY_SIZE 65536

static bool is_daemon(const char *command, const char *name)
{
	if (model_daemon_index(name) >= 0)
		return true;
	cli_usage(command, "there is no daemon \"%s\" on the bus (allowed: %s, %s, %s, %s, %s)",
		name, model_daemon_names[0], model_daemon_names[1], model_daemon_names[2],
		model_daemon_names[3], model_daemon_names[4]);
	return false;
}

static void put_reply(FILE *stream, const char *prefix, const char *reply)
{
	size_t n = strlen(reply);

	fprintf(stream, "%s%s%s", prefix, reply, n > 0 && reply[n - 1] == '\n' ? "" : "\n");
}

/* prefix: before each answer, where several daemons are asked. */
static int request(const struct cli *cli, const char *daemon, const char *prefix, int argc,
	const char *const *argv)
{
	char *reply = calloc(1, REPLY_SIZE);
	int r;

	if (!reply)
		return CLI_ENVIRONMENT;
	r = bus_request(cli->run_dir, daemon, argc, argv, TIMEOUT_MS, reply, REPLY_SIZE);
	if (r == -ECONNREFUSED || r == -ETIMEDOUT || r == -ENOENT)
		fprintf(stderr, "timebus: %s does not answer in %s: %s\n", daemon, cli->run_dir,
			r == -ETIMEDOUT ? "no answer in 3 s" : "it is not running");
	else if (r < 0 && *reply)
		put_reply(stderr, "timebus: ", reply);
	else if (r < 0)
		fprintf(stderr, "timebus: %s: %s%s\n", daemon, strerror(-r),
			r == -EACCES ? ": root and the group of its control socket may ask" : "");
	else if (*reply)
		put_reply(stdout, prefix, reply);
	free(reply);
	return r < 0 ? CLI_NOT_REACHED : CLI_OK;
}

int cli_control(const struct cli *cli, int argc, char **argv)
{
	if (argc < 3)
		return cli_usage(argv[0], "%s is missing", argc < 2 ? "DAEMON" : "WORD");
	if (!is_daemon(argv[0], argv[1]))
		return CLI_USAGE;
	return request(cli, argv[1], "", argc - 2, (const char *const *)(argv + 2));
}

static int reload_one(const struct cli *cli, const char *daemon)
{
	static const char *const words[] = {"reload"};
	char prefix[32];

	(void)snprintf(prefix, sizeof(prefix), "%s: ", daemon);
	return request(cli, daemon, prefix, 1, words);
}

int cli_reload(const struct cli *cli, int argc, char **argv)
{
	int worst = CLI_OK;

	for (int i = 1; i < argc; i++) {
		if (!is_daemon(argv[0], argv[i]))
			return CLI_USAGE;
	}
	for (int i = 1; i < argc; i++) {
		int r = reload_one(cli, argv[i]);

		worst = r > worst ? r : worst;
	}
	for (int i = 0; argc < 2 && i < MODEL_DAEMONS; i++) {
		int r = reload_one(cli, model_daemon_names[i]);

		worst = r > worst ? r : worst;
	}
	return worst;
}

int cli_makestep(const struct cli *cli, int argc, char **argv)
{
	static const char *const words[] = {"makestep"};

	if (argc > 1)
		return cli_usage(argv[0], "\"%s\" is one word too many", argv[1]);
	return request(cli, "disciplined", "", 1, words);
}
