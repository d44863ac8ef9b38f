/* SPDX-License-Identifier: MIT */
#include "common/io/daemon_private.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/privilege.h"
#include "common/io/signals.h"

/* A stage that does not move its deadline must not take the whole processor. The number leaves room
 * to catch up after a long stop. */
#define STUCK_MAX      20000
#define STUCK_PAUSE_NS (100 * NS_PER_MS)

/* ---- what the stage asks ---- */

static void op_publish(void *arg, const struct msg *m)
{
	struct daemon *d = arg;

	bus_publish(d->bus, m);
}

static int op_take_fd(void *arg, const char *name, unsigned int index)
{
	struct daemon *d = arg;

	return passed_take(&d->passed, name, index);
}

static bool op_connected(void *arg, const char *publisher)
{
	struct daemon *d = arg;

	return bus_connected(d->bus, publisher);
}

static const struct stage_host_ops daemon_ops = {op_publish, op_take_fd, op_connected};

/* ---- what happens to the stage ---- */

void daemon_rearm(struct daemon *d)
{
	struct ts_raw deadline = TS_RAW_NEVER;

	if (d->stage->deadline)
		deadline = d->stage->deadline(d->state);
	if (d->stuck >= STUCK_MAX && ts_raw_before(deadline, d->stuck_until))
		deadline = d->stuck_until;
	if (d->stage_timer.linked ? d->stage_timer.deadline.ns == deadline.ns
				  : ts_raw_is_never(deadline))
		return;
	loop_timer_set(d->loop, &d->stage_timer, deadline);
}

static void on_expire(void *arg, struct ts_raw now)
{
	struct daemon *d = arg;

	d->stage->expire(d->state, now);
	if (d->stage->deadline && !ts_raw_before(now, d->stage->deadline(d->state)))
		d->stuck++;
	else
		d->stuck = 0;
	d->stuck_until = ts_raw_add(now, (struct ts_dur){STUCK_PAUSE_NS});
	if (d->stuck == STUCK_MAX)
		host_event(&d->host, EVENT_overload, NULL, 0,
			"the deadline does not move: this is a bug, work goes on slowly");
	daemon_rearm(d);
}

static void on_message(void *arg, const struct msg *m)
{
	struct daemon *d = arg;

	if (d->stage->message)
		d->stage->message(d->state, m);
	daemon_rearm(d);
}

static void on_gap(void *arg, const char *publisher, uint64_t lost)
{
	struct daemon *d = arg;

	daemon_report_peer(d, publisher, lost);
	if (d->stage->gap)
		d->stage->gap(d->state, publisher, lost);
	daemon_rearm(d);
}

static void on_refused(void *arg, const char *publisher, const char *why, uint64_t number)
{
	struct daemon *d = arg;
	char source[64] = "";
	/* The bus's words for a name under which somebody else publishes. */
	bool stranger = sscanf(why, "source %63s belongs to", source) == 1;

	host_event(&d->host, stranger ? EVENT_source_refused : EVENT_message_refused, source, 0,
		"%s: %s (%" PRIu64 " refused)", publisher, why, number);
}

/* The stage's own descriptors call it without us: so the deadline is asked before each wait. */
static bool on_idle(void *arg)
{
	struct daemon *d = arg;
	uint64_t published = bus_stats(d->bus)->published;

	daemon_rearm(d);
	daemon_report_round(d);
	/* After a send the bus must look at its sockets again before the loop may wait. */
	return bus_stats(d->bus)->published != published;
}

static void on_hangup(struct daemon *d)
{
	char reply[512];

	notify_reloading(door_monotonic_ns(d->door));
	(void)daemon_config_reload(d, reply, sizeof(reply));
	daemon_rearm(d);
	notify_ready();
}

static void on_signal(void *arg, int fd, short revents)
{
	struct daemon *d = arg;
	struct signalfd_siginfo info;

	(void)revents;
	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		on_hangup(d);
		return;
	}
	notify_stopping();
	host_event(&d->host, EVENT_stopping, NULL, 0, "%s ends by signal %u", d->stage->name,
		info.ssi_signo);
	loop_stop(d->loop);
}

/* ---- start and end ---- */

static int make_directory(const char *path, const char *option)
{
	struct stat st;

	if (mkdir(path, 0755) < 0 && errno != EEXIST) {
		int r = -errno;

		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
		log_err("directory %s cannot be made (%s names another)", path, option);
		return r;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	log_errx("%s is not a directory (%s names another)", path, option);
	return -ENOTDIR;
}

static int open_ground(struct daemon *d)
{
	char error[320];

	if (make_directory(d->options.run_dir, "-r") < 0 ||
		make_directory(d->options.state_dir, "-s") < 0)
		return -ENOENT;
	if (!d->stage->sets_clock) {
		int r = privilege_drop_time();

		if (r < 0)
			log_warnx("the right to set clocks stays: %s", strerror(-r));
	}
	d->signal_fd = signals_take();
	if (d->signal_fd < 0) {
		log_err("signals");
		return -EIO;
	}
	d->door = door_new(error, sizeof(error));
	if (!d->door) {
		log_errx("%s", error);
		return -EINVAL;
	}
	d->loop = loop_new(d->door);
	if (!d->loop) {
		log_err("loop");
		return -EIO;
	}
	return loop_fd_add(d->loop, d->signal_fd, POLLIN, on_signal, d);
}

static int open_bus(struct daemon *d)
{
	struct bus_config config = {
		.run_dir = d->options.run_dir,
		.name = d->stage->name,
		.pub_fd = passed_take(&d->passed, "pub", 0),
		.ctl_fd = passed_take(&d->passed, "ctl", 0),
		.loop = d->loop,
		.door = d->door,
		.message = on_message,
		.gap = on_gap,
		.refused = on_refused,
		.control = daemon_control,
		.arg = d,
	};

	if (config.pub_fd < 0)
		config.pub_fd = -1;
	if (config.ctl_fd < 0)
		config.ctl_fd = -1;
	return bus_open(&config, &d->bus);
}

static void add_peer(struct daemon *d, const char *name)
{
	for (unsigned int i = 0; i < d->peer_count; i++) {
		if (!strcmp(d->peers[i].name, name))
			return;
	}
	if (d->peer_count < DAEMON_PEERS_MAX)
		d->peers[d->peer_count++].name = name;
}

static int subscribe(struct daemon *d)
{
	const struct stage_subscription *s = d->stage->subscriptions;
	int r = 0;

	for (; s && s->publisher && r >= 0; s++) {
		add_peer(d, s->publisher);
		r = bus_subscribe(d->bus, s->publisher, s->topic);
		if (r < 0)
			log_errx("subscription to %s of %s: %s", s->topic, s->publisher,
				strerror(-r));
	}
	return r;
}

static int start_stage(struct daemon *d)
{
	int r;

	d->host = (struct stage_host){
		.stage = d->stage,
		.loop = d->loop,
		.door = d->door,
		.run_dir = d->options.run_dir,
		.state_dir = d->options.state_dir,
		.ops = &daemon_ops,
		.arg = d,
	};
	d->state = calloc(1, d->stage->state_size + 1);
	if (!d->state)
		return -ENOMEM;
	d->started = door_raw(d->door);
	d->stage_timer = (struct loop_timer){.fn = on_expire, .arg = d};
	r = d->stage->start(d->state, d->config, &d->host);
	if (r < 0) {
		log_errx("%s cannot start: %s", d->stage->name, strerror(-r));
		free(d->state);
		d->state = NULL;
		return r;
	}
	r = loop_idle_add(d->loop, on_idle, d);
	return r < 0 ? r : subscribe(d);
}

static void announce(struct daemon *d)
{
	passed_close_rest(&d->passed);
	if (geteuid() == 0 && !getenv("TIMEBUS_TEST"))
		log_warnx("runs as root, which it does not need");
	host_event(&d->host, EVENT_started, NULL, 0, "version %s, configuration %s",
		TIMEBUS_VERSION, d->digest);
	if (d->config_error[0])
		host_event(&d->host, EVENT_config_error, NULL, 0, "%s", d->config_error);
	notify_ready();
	daemon_report_watchdog_start(d);
	daemon_report_round(d);
	if (d->hello_sent.ns == 0)
		daemon_report_hello(d);
}

static int run(struct daemon *d)
{
	int r;

	passed_collect(&d->passed);
	if (open_ground(d) < 0 || open_bus(d) < 0 || start_stage(d) < 0)
		return DAEMON_EXIT_ENVIRONMENT;
	announce(d);
	r = loop_run(d->loop);
	if (r < 0)
		log_errx("poll: %s", strerror(-r));
	return r < 0 ? DAEMON_EXIT_ENVIRONMENT : DAEMON_EXIT_OK;
}

static void clean_up(struct daemon *d)
{
	if (d->state && d->stage->stop)
		d->stage->stop(d->state);
	if (d->bus)
		bus_close(&d->bus);
	if (d->loop)
		loop_destroy(&d->loop);
	if (d->door)
		door_destroy(&d->door);
	if (d->signal_fd >= 0)
		close(d->signal_fd);
	free(d->state);
	free(d->config);
}

int daemon_run(const struct stage *stage, int argc, char **argv)
{
	struct daemon d = {.stage = stage, .signal_fd = -1};
	void *config;
	int r = daemon_options_parse(&d.options, stage, argc, argv);

	if (r != DAEMON_GO_ON)
		return r;
	log_open(stage->name, d.options.level);
	if (d.options.action != ACTION_RUN)
		return daemon_config_action(&d);
	if (daemon_config_load(&d, &config) < 0)
		return DAEMON_EXIT_CONFIG;
	daemon_config_adopt(&d, config);
	r = run(&d);
	clean_up(&d);
	return r;
}
