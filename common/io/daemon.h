/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - the life of every daemon, in a fixed order.
 *
 *   options -> configuration -> log -> sockets passed by the service manager -> door, loop, bus ->
 *   stage start -> READY=1 -> loop (watchdog, STATUS=) -> STOPPING=1 -> stage stop
 *
 * Options:  -f FILE     configuration (default /etc/timebus/<name>.conf)
 *           -r DIR      runtime directory (default /run/timebus, or $TIMEBUS_RUN_DIR)
 *           -s DIR      state directory (default /var/lib/timebus, or $TIMEBUS_STATE_DIR)
 *           -l LEVEL    err, warn, notice, info, debug (default info)
 *           --check     parse the configuration, print what is wrong, exit 0 or 2
 *           --dump-config  print the configuration in force and exit
 *           --manual    print the directives as mdoc list items and exit
 *           DIRECTIVE...   further arguments: directives, one an argument, after the file's
 *
 * Exit: 0 stopped by signal, 1 usage, 2 configuration, 3 environment. SIGHUP reads the
 * configuration again. Daemons stay in the foreground and write no pid file.
 */
#ifndef TB_DAEMON_H
#define TB_DAEMON_H

#include "common/io/stage.h"

int daemon_run(const struct stage *stage, int argc, char **argv);

#endif
