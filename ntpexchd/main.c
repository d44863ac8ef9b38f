/* SPDX-License-Identifier: MIT */
#include "common/io/daemon.h"
#include "ntpexchd/ntpexchd.h"

int main(int argc, char **argv)
{
	return daemon_run(&ntpexchd_stage, argc, argv);
}
