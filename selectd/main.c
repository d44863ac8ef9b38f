/* SPDX-License-Identifier: MIT */
/* selectd - judges the sources. The stage is selectd.c, its judgement core/. */
#include "common/io/daemon.h"
#include "selectd/selectd.h"

int main(int argc, char **argv)
{
	return daemon_run(&selectd_stage, argc, argv);
}
