/* SPDX-License-Identifier: MIT */
/*
 * shadow_watch FILE - reads the shadow clock's page a hundred times a second until SIGINT, as an
 * application would, and prints the worst difference to CLOCK_REALTIME, how often it was read and
 * how often its bound was broken. Sees the clock also while no daemon lives.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "common/io/door.h"
#include "common/io/shadow.h"

static volatile sig_atomic_t done;

static void on_signal(int sig)
{
	(void)sig;
	done = 1;
}

int main(int argc, char **argv)
{
	fprintf(stderr, "not yet\n");
	(void)argc;
	(void)argv;
	(void)on_signal;
	return done;
}
