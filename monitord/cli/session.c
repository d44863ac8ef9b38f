/* SPDX-License-Identifier: MIT */
#include "monitord/cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/log.h"
#include "common/io/signals.h"
#include "monitord/cli/cli.h"

#define LOOK_EVERY_NS  (10 * NS_PER_MS)
#define AT_LEAST_NS    (120 * NS_PER_MS) /* for the sockets to connect if nothing is in the way */
#define QUIET_NS       (60 * NS_PER_MS)	 /* a snapshot comes in one burst */
#define ASK_TIMEOUT_MS 300

struct speaker {
	bool there;
	bool live; /* its snapshot is through: a message of now came */
	int probe; /* what its socket said when it had not connected in time: 0, or negative errno
		    */
	struct ts_raw last;
};

struct session {
	struct session_config config;
	struct loop *loop;
	struct door *door;
	struct bus *bus;
	struct model model;
	struct speaker speakers[MODEL_DAEMONS];
	int signal_fd;
	bool interrupted, probed;
	struct loop_timer look;
	struct ts_raw collect_start, collect_end;
};

/* ---- callbacks ---- */

static void on_message(void *arg, const struct msg *m)
{
	struct session *s = arg;
	int i = model_daemon_index(m->env.sender);

	model_message(&s->model, m);
	if (i >= 0) {
		s->speakers[i].last = loop_now(s->loop);
		s->speakers[i].live |= !m->env.snapshot;
	}
	if (s->config.message)
		s->config.message(s->config.arg, m);
}

static void on_gap(void *arg, const char *publisher, uint64_t lost)
{
	struct session *s = arg;

	model_gap(&s->model, publisher, lost);
	if (s->config.gap)
		s->config.gap(s->config.arg, publisher, lost);
}

static void on_refused(void *arg, const char *publisher, const char *why, uint64_t number)
{
	struct session *s = arg;

	if (s->config.refused)
		s->config.refused(s->config.arg, publisher, why, number);
}

static void on_signal(void *arg, int fd, short revents)
{
	struct session *s = arg;
	struct signalfd_siginfo info;

	(void)revents;
	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	s->interrupted = true;
	loop_stop(s->loop);
}

/* A daemon that goes makes a round of the loop: no timer is needed to see it. */
static bool on_idle(void *arg)
{
	struct session *s = arg;

	for (int i = 0; i < MODEL_DAEMONS; i++) {
		bool there = bus_connected(s->bus, model_daemon_names[i]);

		if (there != s->speakers[i].there)
			s->config.presence(s->config.arg, model_daemon_names[i], there);
		s->speakers[i].there = there;
	}
	return false;
}

/* ---- opening ---- */

static int open_ground(struct session *s)
{
	char error[320];
	int r = s->signal_fd = signals_take();

	if (r < 0) {
		fprintf(stderr, "timebus: signals: %s\n", strerror(-r));
		return r;
	}
	s->door = door_new(error, sizeof(error));
	if (!s->door) {
		fprintf(stderr, "timebus: %s\n", error);
		return -EINVAL;
	}
	s->loop = loop_new(s->door);
	if (!s->loop)
		return -ENOMEM;
	return loop_fd_add(s->loop, s->signal_fd, POLLIN, on_signal, s);
}

static int subscribe(struct session *s)
{
	static const char *const all[] = {"", NULL};
	const char *const *topics = s->config.topics ? s->config.topics : all;

	for (int i = 0; i < MODEL_DAEMONS; i++) {
		for (int n = 0; topics[n]; n++) {
			int r = bus_subscribe(s->bus, model_daemon_names[i], topics[n]);

			if (r < 0) {
				fprintf(stderr, "timebus: topic \"%s\": %s\n", topics[n],
					strerror(-r));
				return r;
			}
		}
	}
	return 0;
}

static int open_all(struct session *s)
{
	struct bus_config config = {
		.run_dir = s->config.run_dir,
		.pub_fd = -1,
		.ctl_fd = -1,
		.message = on_message,
		.gap = on_gap,
		.refused = on_refused,
		.arg = s,
	};
	int r = open_ground(s);

	if (r < 0)
		return r;
	config.loop = s->loop;
	config.door = s->door;
	r = bus_open(&config, &s->bus);
	if (r < 0) {
		fprintf(stderr, "timebus: the bus in %s cannot be used: %s\n", config.run_dir,
			strerror(-r));
		return r;
	}
	if (s->config.presence) {
		r = loop_idle_add(s->loop, on_idle, s);
		if (r < 0)
			return r;
	}
	return subscribe(s);
}

int session_open(const struct session_config *config, struct session **ret_session)
{
	struct session *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->signal_fd = -1;
	model_init(&s->model);
	r = open_all(s);
	if (r < 0) {
		session_close(&s);
		return r;
	}
	*ret_session = s;
	return 0;
}

void session_close(struct session **session)
{
	struct session *s = *session;

	if (!s)
		return;
	if (s->bus)
		bus_close(&s->bus);
	if (s->loop)
		loop_destroy(&s->loop);
	if (s->door)
		door_destroy(&s->door);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	free(s);
	*session = NULL;
}

/* ---- listening ---- */

bool session_look_around(struct session *s)
{
	bool any = false;

	for (int i = 0; i < MODEL_DAEMONS; i++) {
		bool there = bus_connected(s->bus, model_daemon_names[i]);

		model_present(&s->model, model_daemon_names[i], there);
		any |= there;
	}
	return any;
}

/* On a busy machine a handshake takes its time: who has a socket is not taken for absent. */
static void probe_all(struct session *s)
{
	for (int i = 0; i < MODEL_DAEMONS; i++)
		s->speakers[i].probe = bus_connected(s->bus, model_daemon_names[i])
					       ? 0
					       : bus_probe(s->bus, model_daemon_names[i]);
	s->probed = true;
}

static bool has_told(const struct session *s, int i, struct ts_raw now)
{
	const struct speaker *sp = &s->speakers[i];

	if (!bus_connected(s->bus, model_daemon_names[i]))
		return sp->probe < 0;
	if (sp->last.ns == 0)
		return false;
	return sp->live || ts_raw_sub(now, sp->last).ns >= QUIET_NS;
}

static void on_look(void *arg, struct ts_raw now)
{
	struct session *s = arg;
	bool done = ts_raw_sub(now, s->collect_start).ns >= AT_LEAST_NS;

	if (done && !s->probed)
		probe_all(s);
	for (int i = 0; done && i < MODEL_DAEMONS; i++)
		done = has_told(s, i, now);
	if (done || !ts_raw_before(now, s->collect_end))
		loop_stop(s->loop);
	else
		loop_timer_set(s->loop, &s->look, ts_raw_add(now, (struct ts_dur){LOOK_EVERY_NS}));
}

bool session_collect(struct session *s, int max_ms)
{
	s->collect_start = door_raw(s->door);
	s->collect_end = ts_raw_add(s->collect_start, (struct ts_dur){(int64_t)max_ms * NS_PER_MS});
	s->look = (struct loop_timer){.fn = on_look, .arg = s};
	loop_timer_set(s->loop, &s->look, s->collect_start);
	(void)session_run(s);
	loop_timer_del(s->loop, &s->look);
	return session_look_around(s) && !s->interrupted;
}

bool session_is_mute(const struct session *s, int daemon)
{
	return s->probed && s->speakers[daemon].probe == 0 && !model_running(&s->model, daemon);
}

int session_run(struct session *s)
{
	int r = loop_run(s->loop);

	if (r < 0)
		fprintf(stderr, "timebus: poll: %s\n", strerror(-r));
	return r;
}

void session_stop(struct session *s)
{
	loop_stop(s->loop);
}

bool session_was_interrupted(const struct session *s)
{
	return s->interrupted;
}

void session_ask_history(struct session *s)
{
	static const char *const words[] = {"history"};
	char reply[128];
	int64_t last_ns, interval_ns;
	double rms_ns;

	if (!model_running(&s->model, MODEL_MONITORD) || s->model.has_update)
		return;
	if (bus_request(s->config.run_dir, "monitord", 1, words, ASK_TIMEOUT_MS, reply,
		    sizeof(reply)) < 0)
		return;
	if (sscanf(reply, "%" SCNd64 " %lf %" SCNd64, &last_ns, &rms_ns, &interval_ns) == 3)
		model_set_history(&s->model, last_ns, rms_ns, interval_ns);
}

struct model *session_model(struct session *s)
{
	return &s->model;
}

struct loop *session_loop(struct session *s)
{
	return s->loop;
}

struct door *session_door(struct session *s)
{
	return s->door;
}

int session_nobody(const struct session *s)
{
	if (s->interrupted)
		return CLI_NOT_REACHED;
	for (int i = 0; i < MODEL_DAEMONS; i++) {
		if (s->speakers[i].probe != -EACCES)
			continue;
		fprintf(stderr, "timebus: %s/%s.pub: %s; is it another user's private suite?\n",
			s->config.run_dir, model_daemon_names[i], strerror(EACCES));
		return CLI_NOT_REACHED;
	}
	fprintf(stderr,
		"timebus: no daemon of the suite answers in %s. Start them (systemctl start "
		"timebus.target, or `make run` in the source tree), or name their runtime "
		"directory with -r.\n",
		s->config.run_dir);
	return CLI_NOT_REACHED;
}
