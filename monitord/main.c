/* SPDX-License-Identifier: MIT */
#include "common/io/daemon.h"
#include "monitord/monitord.h"

int main(int argc, char **argv)
{
	return daemon_run(&monitord_stage, argc, argv);
}
