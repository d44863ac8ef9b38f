/* SPDX-License-Identifier: MIT */
/* refclockd - reads reference clocks. The stage is refclockd.c, its judgement core/. */
#include "common/io/daemon.h"
#include "refclockd/refclockd.h"

int main(int argc, char **argv)
{
	return daemon_run(&refclockd_stage, argc, argv);
}
