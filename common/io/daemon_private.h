/* SPDX-License-Identifier: MIT */
/* daemon_private.h - the parts of the daemon skeleton, for daemon*.c alone. */
#ifndef TB_DAEMON_PRIVATE_H
#define TB_DAEMON_PRIVATE_H

#include "common/bus/bus.h"
#include "common/io/daemon.h"
#include "common/io/notify.h"
#include "common/io/stage_host.h"

enum {
	DAEMON_EXIT_OK = 0,
	DAEMON_EXIT_USAGE = 1,
	DAEMON_EXIT_CONFIG = 2,
	DAEMON_EXIT_ENVIRONMENT = 3,
	DAEMON_GO_ON = -1
};

#define DAEMON_PATH_MAX	  256
#define DAEMON_PEERS_MAX  16
#define DAEMON_STATUS_MAX 120 /* of msg_hello.state */

enum daemon_action { ACTION_RUN, ACTION_CHECK, ACTION_DUMP, ACTION_MANUAL };

struct daemon_options {
	enum daemon_action action;
	enum log_level level;
	char file[DAEMON_PATH_MAX];
	bool file_given;
	char run_dir[DAEMON_PATH_MAX];
	char state_dir[DAEMON_PATH_MAX];
	const char *const *directives; /* ends with NULL */
};

/* A publisher that the stage listens to. */
struct daemon_peer {
	const char *name;
	bool connected;
	bool told; /* that it is not there */
	struct ts_raw gap_told;
	uint64_t lost_untold;
};

struct daemon {
	const struct stage *stage;
	struct daemon_options options;
	void *config, *state;
	char digest[24];
	char config_error[240]; /* the first of the last parse */
	struct door *door;
	struct loop *loop;
	struct bus *bus;
	struct stage_host host;
	struct passed_fds passed;
	int signal_fd;
	unsigned int stuck; /* expiries in a row that left the deadline in the past */
	struct ts_raw stuck_until;
	struct loop_timer stage_timer, watchdog_timer;
	int64_t watchdog_ns;
	struct ts_raw watchdog_fed, status_seen, hello_sent, started;
	uint64_t watchdog_rounds;
	bool hello_due;
	char status[DAEMON_STATUS_MAX];
	struct daemon_peer peers[DAEMON_PEERS_MAX];
	unsigned int peer_count;
};

/* daemon_options.c: DAEMON_GO_ON, or the exit code. */
int daemon_options_parse(
	struct daemon_options *options, const struct stage *stage, int argc, char **argv);

/* daemon_config.c */
const struct directive *daemon_directives(const struct stage *stage);
/* A fresh configuration. 0, -EINVAL if a line makes it unusable, or negative errno of the file;
 * every wrong line is logged (or printed, for --check), the first kept in config_error. */
int daemon_config_load(struct daemon *d, void **ret_config);
void daemon_config_adopt(struct daemon *d, void *config);
/* --check, --dump-config and --manual: the exit code. */
int daemon_config_action(struct daemon *d);
/* Reads the configuration again and hands it to the stage. 0 or negative errno, reply in words. */
int daemon_config_reload(struct daemon *d, char *reply, size_t reply_size);

/* daemon_control.c: as bus_config.control; arg is the struct daemon. */
int daemon_control(void *arg, int argc, const char *const *argv, char *reply, size_t reply_size);

/* daemon_report.c: what the daemon tells about itself, without wake-ups of its own. */
void daemon_report_round(struct daemon *d);
void daemon_report_hello(struct daemon *d);
void daemon_report_watchdog_start(struct daemon *d);
void daemon_report_peer(struct daemon *d, const char *publisher, uint64_t lost);

/* daemon.c */
void daemon_rearm(struct daemon *d);

#endif
