/* SPDX-License-Identifier: MIT */
/* doctor: what is wrong with this machine's timekeeping, and the command that mends it. */
#include "monitord/cli/cmd_doctor.h"

#include <stdlib.h>

static void gather(struct doctor_facts *f, const struct cli *cli)
{
	struct probe_inodes inodes = {0};
	int id[DOCTOR_SHM] = {0};

	gather_machine(f);
	gather_programs(f);
	gather_hosts(f);
	gather_suite(f);
	gather_devices(f);
	gather_sockets(f, &inodes);
	gather_segments(f, id);
	gather_processes(f, &inodes, id);
	gather_bus(f, cli);
	gather_timex(f);
}

static int report(const struct doctor_facts *f, bool json, bool verbose)
{
	struct doctor_report *r = malloc(sizeof(*r));
	char *buffer = malloc(DOCTOR_TEXT_SIZE);
	int status = CLI_ENVIRONMENT;
	struct text t;

	if (r && buffer) {
		text_init(&t, buffer, DOCTOR_TEXT_SIZE);
		doctor_judge(f, r);
		if (json)
			doctor_json(&t, r, verbose);
		else
			doctor_text(&t, r, verbose);
		if (cli_print(buffer, &status))
			status = doctor_exit_status(r);
	}
	free(buffer);
	free(r);
	return status;
}

int cli_doctor(const struct cli *cli, int argc, char **argv)
{
	bool json = false, verbose = false;
	struct doctor_facts *f;
	int status;

	/* 0, 1 and 2 are the findings' own: wrong words must not look like a problem of the
	 * machine.
	 */
	if (cli_view_options(argc, argv, &json, &verbose) != CLI_OK)
		return CLI_ENVIRONMENT;
	f = calloc(1, sizeof(*f));
	if (!f)
		return CLI_ENVIRONMENT;
	gather(f, cli);
	status = report(f, json, verbose);
	free(f);
	return status;
}
