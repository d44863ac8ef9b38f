/* SPDX-License-Identifier: MIT */
/*
 * daemon_world.h - the daemon skeleton with a dummy stage, as a process of its own (the test run
 * again with the word "daemon"), between a service manager and an operator that are the test.
 */
#ifndef TB_DAEMON_WORLD_H
#define TB_DAEMON_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bus/bus.h"
#include "common/io/daemon.h"

struct dummy_config {
	int alpha;
	char word[16];
};

struct dummy {
	int alpha, fds, expired;
	struct ts_raw deadline;
	struct stage_host *host;
};

static const struct directive_field alpha_fields[] = {
	{.word = "alpha",
		.type = FIELD_INT,
		.offset = offsetof(struct dummy_config, alpha),
		.min = 0,
		.max = 10,
		.fallback = "3",
		.unit = "",
		.help = "a number"},
	{.word = NULL},
};

static const struct directive_field word_fields[] = {
	{.word = "word",
		.type = FIELD_STRING,
		.offset = offsetof(struct dummy_config, word),
		.size = sizeof(((struct dummy_config *)NULL)->word),
		.fallback = "none",
		.unit = "",
		.help = "a word"},
	{.word = NULL},
};

static const struct directive dummy_directives[] = {
	{.word = "alpha", .help = "sets alpha", .positional = alpha_fields, .given = SIZE_MAX},
	{.word = "word", .help = "sets word", .positional = word_fields, .given = SIZE_MAX},
	{.word = NULL},
};

static inline int dummy_start(void *state, const void *config, struct stage_host *host)
{
	struct dummy *s = state;
	const struct dummy_config *c = config;
	int fd;

	if (getenv("DUMMY_FAIL"))
		return -ENODEV;
	s->alpha = c->alpha;
	s->host = host;
	s->deadline = TS_RAW_NEVER;
	while ((fd = host_take_fd(host, "ntp", (unsigned int)s->fds)) >= 0) {
		close(fd);
		s->fds++;
	}
	if (getenv("DUMMY_TICK"))
		s->deadline = door_raw(host_door(host));
	return 0;
}

static inline void dummy_stop(void *state)
{
	log_notice("dummy stopped, alpha %d", ((struct dummy *)state)->alpha);
}

static inline int dummy_reload(void *state, const void *config)
{
	const struct dummy_config *c = config;

	if (c->alpha == 9)
		return -EBUSY;
	((struct dummy *)state)->alpha = c->alpha;
	return 0;
}

static inline struct ts_raw dummy_deadline(const void *state)
{
	return ((const struct dummy *)state)->deadline;
}

static inline void dummy_expire(void *state, struct ts_raw now)
{
	struct dummy *s = state;

	s->expired++;
	if (getenv("DUMMY_STUCK"))
		return;
	s->deadline = ts_raw_add(now, (struct ts_dur){50 * NS_PER_MS});
}

static inline void dummy_status(const void *state, char *text, size_t size)
{
	const struct dummy *s = state;

	(void)snprintf(text, size, "alpha %d, %d sockets", s->alpha, s->fds);
}

static inline int dummy_double(
	void *state, int argc, const char *const *argv, char *reply, size_t size)
{
	const struct dummy *s = state;

	if (argc != 2)
		return -EINVAL;
	(void)snprintf(reply, size, "%d, expired %s", 2 * atoi(argv[1]), s->expired ? "yes" : "no");
	return 0;
}

static const struct stage_control dummy_controls[] = {
	{"double", "double N", "twice N", dummy_double},
	{.word = NULL},
};

static const struct stage_subscription dummy_subscriptions[] = {
	{"refclockd", "sample."},
	{.publisher = NULL},
};

static inline int run_dummy(int argc, char **argv)
{
	struct stage stage = {
		.name = "selectd",
		.summary = "a dummy",
		.directives = dummy_directives,
		.config_size = sizeof(struct dummy_config),
		.subscriptions = dummy_subscriptions,
		.controls = dummy_controls,
		.state_size = sizeof(struct dummy),
		.start = dummy_start,
		.stop = dummy_stop,
		.reload = dummy_reload,
		.deadline = dummy_deadline,
		.expire = dummy_expire,
		.status = dummy_status,
	};

	if (getenv("DUMMY_NO_RELOAD"))
		stage.reload = NULL;
	if (getenv("DUMMY_SETS_CLOCK"))
		stage.sets_clock = true;
	if (getenv("DUMMY_REFCLOCKD")) {
		stage.name = "refclockd";
		stage.subscriptions = NULL;
	}
	return daemon_run(&stage, argc, argv);
}

struct world {
	char dir[64];
	int notify_fd;
	char notices[8192]; /* all datagrams so far, one a line */
	pid_t pid;
	int passed[8], passed_count;
	const char *passed_names;
};

static const char *in_dir(const struct world *w, const char *name)
{
	static char paths[32][128];
	static int turn;
	char *path = paths[turn++ % 32];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", w->dir, name);
	return path;
}

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline void read_file(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	fclose(f);
}

static inline int bind_unix(const char *path, int type)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static inline int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/timebus-daemon-test.XXXXXX");
	if (!mkdtemp(w->dir))
		return -1;
	w->notify_fd = bind_unix(in_dir(w, "notify"), SOCK_DGRAM);
	setenv("NOTIFY_SOCKET", in_dir(w, "notify"), 1);
	setenv("TIMEBUS_TEST", "1", 1);
	setenv("TIMEBUS_RUN_DIR", in_dir(w, "run"), 1);
	setenv("TIMEBUS_STATE_DIR", in_dir(w, "state"), 1);
	write_file(in_dir(w, "good.conf"), "alpha 5\nword x\n");
	*state = w;
	return 0;
}

static inline int tear_down(void **state)
{
	static const char *const variables[] = {"DUMMY_FAIL", "DUMMY_TICK", "DUMMY_STUCK",
		"DUMMY_NO_RELOAD", "DUMMY_SETS_CLOCK", "DUMMY_REFCLOCKD", "WATCHDOG_USEC",
		"TIMEBUS_TEST_OSCILLATOR"};
	struct world *w = *state;
	char command[100];

	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	close(w->notify_fd);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
	if (system(command) != 0)
		return -1;
	free(w);
	return 0;
}

static inline void become_daemon(const struct world *w, char *const *argv)
{
	int log = open(in_dir(w, "log"), O_WRONLY | O_CREAT | O_APPEND, 0644);
	char number[32];

	dup2(log, STDERR_FILENO);
	dup2(log, STDOUT_FILENO);
	if (w->passed_count) {
		for (int i = 0; i < w->passed_count; i++)
			dup2(w->passed[i], 50 + i);
		for (int i = 0; i < w->passed_count; i++)
			dup2(50 + i, 3 + i);
		(void)snprintf(number, sizeof(number), "%d", w->passed_count);
		setenv("LISTEN_FDS", number, 1);
		(void)snprintf(number, sizeof(number), "%d", getpid());
		setenv("LISTEN_PID", number, 1);
		setenv("LISTEN_FDNAMES", w->passed_names, 1);
	}
	execv("/proc/self/exe", argv);
	_exit(99);
}

/* Up to six arguments, then NULL. */
static inline pid_t spawn(struct world *w, ...)
{
	char *argv[10] = {(char *)(uintptr_t) "daemon_test", (char *)(uintptr_t) "daemon"};
	va_list args;
	pid_t pid;
	int n = 2;

	va_start(args, w);
	while (n < 9 && (argv[n] = va_arg(args, char *)))
		n++;
	va_end(args);
	pid = fork();
	if (pid == 0)
		become_daemon(w, argv);
	return pid;
}

static inline int exit_code(pid_t pid)
{
	int status;

	for (int i = 0; i < 1000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

#define RUN(w, ...) exit_code(spawn(w, __VA_ARGS__, NULL))

/* Waits until the n-th occurrence of text among the datagrams; false after 10 s. */
static inline bool noticed(struct world *w, const char *text, int n)
{
	for (int waits = 0; waits < 100; waits++) {
		const char *at = w->notices;
		struct pollfd p = {w->notify_fd, POLLIN, 0};
		size_t used = strlen(w->notices);
		int found = 0;
		ssize_t got;

		while ((at = strstr(at, text))) {
			found++;
			at++;
		}
		if (found >= n)
			return true;
		if (poll(&p, 1, 100) <= 0)
			continue;
		got = recv(w->notify_fd, w->notices + used, sizeof(w->notices) - used - 2, 0);
		assert_true(got > 0);
		w->notices[used + (size_t)got] = '\n';
		w->notices[used + (size_t)got + 1] = '\0';
	}
	fprintf(stderr, "no '%s' in:\n%s", text, w->notices);
	return false;
}

static inline bool logged(const struct world *w, const char *text)
{
	static char all[65536];

	for (int waits = 0; waits < 100; waits++) {
		read_file(in_dir(w, "log"), all, sizeof(all));
		if (strstr(all, text))
			return true;
		usleep(50000);
	}
	fprintf(stderr, "no '%s' in:\n%s", text, all);
	return false;
}

static inline void start_ready(struct world *w)
{
	w->pid = spawn(w, "-f", in_dir(w, "good.conf"), NULL);
	assert_true(noticed(w, "READY=1", 1));
}

static inline int stop(struct world *w)
{
	int r;

	kill(w->pid, SIGTERM);
	r = exit_code(w->pid);
	w->pid = 0;
	return r;
}

static inline int ask(const struct world *w, const char *words, char *reply, size_t size)
{
	char copy[200], *rest = copy;
	const char *argv[8];
	int argc = 0;

	(void)snprintf(copy, sizeof(copy), "%s", words);
	while (argc < 7 && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	return bus_request(in_dir(w, "run"), "selectd", argc, argv, 5000, reply, size);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
