/* SPDX-License-Identifier: MIT */
/* keygen: a key pair by which hosts and guests know each other on the remote bus. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/bus/key.h"
#include "common/core/bytes.h"
#include "monitord/cli/cli.h"

static bool is_name(const char *name)
{
	if (!*name || strlen(name) >= KEY_NAME_SIZE)
		return false;
	while (ascii_is_printable(*name) && *name != ' ')
		name++;
	return !*name;
}

int cli_keygen(const struct cli *cli, int argc, char **argv)
{
	char host[KEY_NAME_SIZE] = "", error[KEY_ERROR_SIZE];
	const char *name = argc > 2 ? argv[2] : host;
	struct key_pair pair;
	int r;

	(void)cli;
	if (argc < 2)
		return cli_usage(argv[0], "FILE is missing");
	if (argc > 3)
		return cli_usage(argv[0], "\"%s\" is one word too many", argv[3]);
	if (gethostname(host, sizeof(host) - 1) < 0 || !is_name(host))
		(void)str_copy(host, sizeof(host), "unnamed");
	if (!is_name(name))
		return cli_usage(argv[0],
			"NAME \"%.60s\" is wrong (allowed: up to %d printable characters, no "
			"blanks)",
			name, KEY_NAME_SIZE - 1);
	if (key_draw(&pair) < 0) {
		fprintf(stderr, "timebus: libzmq was built without CURVE\n");
		return CLI_ENVIRONMENT;
	}
	r = key_write(argv[1], &pair, name, error);
	explicit_bzero(pair.secret, sizeof(pair.secret));
	if (r < 0) {
		fprintf(stderr, "timebus: %s\n", error);
		return r == -EEXIST ? CLI_NOT_REACHED : CLI_ENVIRONMENT;
	}
	printf("public %s %s\n", pair.public, name);
	fprintf(stderr,
		"%s is the private key: it stays here, and belongs to the daemon's account "
		"(chown).\n"
		"%s.pub, the line above, is for the other machine.\n",
		argv[1], argv[1]);
	return CLI_OK;
}
