/* SPDX-License-Identifier: MIT */
/*
 * timebus-solo - the whole suite in one process and one thread, from one chrony.conf.
 *
 * No bus, no sockets but those of NTP, no signalfd: it runs unchanged under a system-call simulator
 * that knows poll(), timerfd and clock calls (docs: tests/bench/sim). There it steers the simulated
 * clock. On a real kernel it refuses to do so without --steer, since a node that is started to be
 * looked at must not set the machine's clock by accident; --shadow steers a software clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disciplined/disciplined.h"
#include "monitord/monitord.h"
#include "ntpexchd/ntpexchd.h"
#include "refclockd/refclockd.h"
#include "selectd/selectd.h"
#include "tests/solo/solo_config.h"
#include "tests/solo/solo_host.h"

enum { EXIT_USAGE = 1, EXIT_CONFIG = 2, EXIT_ENVIRONMENT = 3 };
enum { OPTION_SHADOW = 256, OPTION_STEER, OPTION_CHECK };

/* No directory of the simulator's: a page that an earlier run left would be taken for our past. */
#define NO_DIRECTORY "/nonexistent/timebus"

struct options {
	const char *file, *run_dir, *state_dir;
	enum log_level level;
	bool shadow, steer, check;
	const char *const *directives;
};

static const struct stage *const stages[] = {&refclockd_stage, &ntpexchd_stage, &selectd_stage,
	&disciplined_stage, &monitord_stage, NULL};
#define STAGES (sizeof(stages) / sizeof(stages[0]))

/* A signal handler has nothing else to reach them by. */
static struct loop *running;
static int wake_fd = -1;

static int usage(FILE *to, int code)
{
	fputs("usage: timebus-solo [-d] [-f FILE] [-r RUNDIR] [-s STATEDIR] [-l LEVEL]\n"
	      "                    [--shadow | --steer | --check] [DIRECTIVE...]\n"
	      "  -d           stay in the foreground (it always does)\n"
	      "  -f FILE      configuration, as chrony.conf\n"
	      "  -r RUNDIR    for the shadow page (default /run/timebus)\n"
	      "  -s STATEDIR  for what is kept over restarts (default /var/lib/timebus)\n"
	      "  -l LEVEL     err, warn, notice, info, debug (default info)\n"
	      "  --shadow     steer a software clock\n"
	      "  --steer      steer the clock of this machine\n"
	      "  --check      read the configuration, tell what is wrong with it, and end\n",
		to);
	return code;
}

static int parse_level(const char *word, enum log_level *ret)
{
	static const char *const words[] = {"err", "warn", "notice", "info", "debug"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(word, words[i])) {
			*ret = (enum log_level)(LOG_LEVEL_ERR + (int)i);
			return 0;
		}
	}
	return -EINVAL;
}

static int set_option(struct options *o, int option)
{
	switch (option) {
	case 'd':
		return 0;
	case 'f':
		o->file = optarg;
		return 0;
	case 'r':
		o->run_dir = optarg;
		return 0;
	case 's':
		o->state_dir = optarg;
		return 0;
	case 'l':
		return parse_level(optarg, &o->level);
	case OPTION_SHADOW:
		o->shadow = true;
		return 0;
	case OPTION_STEER:
		o->steer = true;
		return 0;
	case OPTION_CHECK:
		o->check = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option words[] = {
		{"shadow", no_argument, NULL, OPTION_SHADOW},
		{"steer", no_argument, NULL, OPTION_STEER},
		{"check", no_argument, NULL, OPTION_CHECK},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "df:r:s:l:h", words, NULL)) != -1) {
		if (option == 'h')
			exit(usage(stdout, 0));
		if (set_option(o, option) < 0)
			return -EINVAL;
	}
	o->directives = (const char *const *)&argv[optind];
	return o->shadow && o->steer ? -EINVAL : 0;
}

/* ---- where are we ---- */

static int is_simulator(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *base = strrchr(info->dlpi_name, '/');

	(void)size;
	(void)arg;
	return !strcmp(base ? base + 1 : info->dlpi_name, "clknetsim.so");
}

/* The variable alone would be easy to leave set; the library must really stand in front of libc. */
static bool simulated(void)
{
	return getenv("CLKNETSIM_NODE") && dl_iterate_phdr(is_simulator, NULL);
}

static void set_places(struct options *o, bool in_simulation)
{
	const char *run_dir = getenv("TIMEBUS_RUN_DIR"), *state_dir = getenv("TIMEBUS_STATE_DIR");

	if (in_simulation)
		run_dir = state_dir = NO_DIRECTORY;
	if (!o->run_dir)
		o->run_dir = run_dir ? run_dir : "/run/timebus";
	if (!o->state_dir)
		o->state_dir = state_dir ? state_dir : "/var/lib/timebus";
}

static int choose_clock(const struct options *o, bool in_simulation)
{
	if (o->shadow)
		return 0;
	if (in_simulation)
		return unsetenv("TIMEBUS_TEST_NO_REALTIME"); /* it protects the real one */
	if (o->steer)
		return 0;
	log_errx("this is a real machine: --steer steers its clock, --shadow a software clock");
	return -EPERM;
}

/* ---- run ---- */

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	loop_stop(running);
	if (wake_fd >= 0 && write(wake_fd, "", 1) < 0)
		errno = 0; /* full: it wakes up anyway */
	errno = saved;
}

static void on_wake(void *arg, int fd, short revents)
{
	char byte;

	(void)arg;
	(void)revents;
	(void)!read(fd, &byte, 1);
}

/* A signal just before poll() would go unseen without the pipe; the simulator's comes out of poll()
 * itself, and a real descriptor there would stop its time. */
static int take_signals(struct loop *loop, bool in_simulation)
{
	struct sigaction action = {.sa_handler = on_signal};
	int fds[2] = {-1, -1}, r = 0;

	running = loop;
	if (!in_simulation) {
		if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
			return -errno;
		r = loop_fd_add(loop, fds[0], POLLIN, on_wake, NULL);
		wake_fd = fds[1];
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	return r;
}

static int run(const struct options *o, void *const *configs, bool in_simulation)
{
	char error[320];
	struct solo_config config = {.stages = stages,
		.configs = configs,
		.run_dir = o->run_dir,
		.state_dir = o->state_dir};
	struct solo *solo = NULL;
	int r = -ENOMEM;

	config.door = door_new(error, sizeof(error));
	if (!config.door) {
		log_errx("%s", error);
		return -EINVAL;
	}
	config.loop = loop_new(config.door);
	if (config.loop)
		solo = solo_new(&config);
	if (solo)
		r = take_signals(config.loop, in_simulation);
	if (r == 0)
		r = solo_start(solo);
	if (r == 0)
		r = loop_run(config.loop);
	solo_free(&solo);
	loop_destroy(&config.loop);
	door_destroy(&config.door);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = {.level = LOG_LEVEL_INFO};
	const char *extra[66] = {NULL};
	void *configs[STAGES] = {NULL};
	bool in_simulation = simulated();
	int n = 0, r;

	if (parse_options(argc, argv, &o) < 0)
		return usage(stderr, EXIT_USAGE);
	log_open("timebus-solo", o.level);
	set_places(&o, in_simulation);
	if (!o.check && choose_clock(&o, in_simulation) < 0)
		return EXIT_ENVIRONMENT;
	/* One thread: a name is looked up while all else waits. */
	(void)setenv("TIMEBUS_SYNC_DNS", "1", 1);
	for (; o.directives[n] && n < 64; n++)
		extra[n] = o.directives[n];
	if (o.shadow)
		extra[n] = "clock shadow";
	r = solo_config_load(stages, o.file, extra, o.check, configs);
	if (r < 0)
		r = EXIT_CONFIG;
	else if (!o.check && run(&o, configs, in_simulation) < 0)
		r = EXIT_ENVIRONMENT;
	for (size_t i = 0; i < STAGES; i++)
		free(configs[i]);
	return r;
}
