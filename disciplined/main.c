/* SPDX-License-Identifier: MIT */
#include "common/io/daemon.h"
#include "disciplined/disciplined.h"

int main(int argc, char **argv)
{
	return daemon_run(&disciplined_stage, argc, argv);
}
