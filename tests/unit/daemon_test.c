/* SPDX-License-Identifier: MIT */
/*
 * The daemon skeleton with a dummy stage, as a process of its own (this program run again with the
 * word "daemon"), between a service manager and an operator that are this test.
 */
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

/* ---- the dummy stage ---- */

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

static int dummy_start(void *state, const void *config, struct stage_host *host)
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

static void dummy_stop(void *state)
{
	log_notice("dummy stopped, alpha %d", ((struct dummy *)state)->alpha);
}

static int dummy_reload(void *state, const void *config)
{
	const struct dummy_config *c = config;

	if (c->alpha == 9)
		return -EBUSY;
	((struct dummy *)state)->alpha = c->alpha;
	return 0;
}

static struct ts_raw dummy_deadline(const void *state)
{
	return ((const struct dummy *)state)->deadline;
}

static void dummy_expire(void *state, struct ts_raw now)
{
	struct dummy *s = state;

	s->expired++;
	if (getenv("DUMMY_STUCK"))
		return;
	s->deadline = ts_raw_add(now, (struct ts_dur){50 * NS_PER_MS});
}

static void dummy_status(const void *state, char *text, size_t size)
{
	const struct dummy *s = state;

	(void)snprintf(text, size, "alpha %d, %d sockets", s->alpha, s->fds);
}

static int dummy_double(void *state, int argc, const char *const *argv, char *reply, size_t size)
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

static int run_dummy(int argc, char **argv)
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

/* ---- the world around it ---- */

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

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void read_file(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	fclose(f);
}

static int bind_unix(const char *path, int type)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static int set_up(void **state)
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

static int tear_down(void **state)
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

static void become_daemon(const struct world *w, char *const *argv)
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
static pid_t spawn(struct world *w, ...)
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

static int exit_code(pid_t pid)
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
static bool noticed(struct world *w, const char *text, int n)
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

static bool logged(const struct world *w, const char *text)
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

static void start_ready(struct world *w)
{
	w->pid = spawn(w, "-f", in_dir(w, "good.conf"), NULL);
	assert_true(noticed(w, "READY=1", 1));
}

static int stop(struct world *w)
{
	int r;

	kill(w->pid, SIGTERM);
	r = exit_code(w->pid);
	w->pid = 0;
	return r;
}

static int ask(const struct world *w, const char *words, char *reply, size_t size)
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

/* ---- tests ---- */

static void options_and_exit_codes(void **state)
{
	struct world *w = *state;
	char bad[300];

	assert_int_equal(RUN(w, "--help"), 0);
	assert_int_equal(RUN(w, "--version"), 0);
	assert_true(logged(w, "usage: selectd [options] [DIRECTIVE...]"));
	assert_int_equal(RUN(w, "--nonsense"), 1);
	assert_int_equal(RUN(w, "-l", "loud"), 1);
	assert_true(logged(w, "'loud' is not a level (err, warn, notice, info, debug)"));
	memset(bad, 'a', sizeof(bad) - 1);
	bad[sizeof(bad) - 1] = '\0';
	assert_int_equal(RUN(w, "-r", bad), 1);
	assert_int_equal(RUN(w, "-r", ""), 1);
}

static void check_and_dump(void **state)
{
	struct world *w = *state;

	write_file(in_dir(w, "bad.conf"), "alpha 5\nalpha 11\nbeta 1\n");
	assert_int_equal(RUN(w, "--check", "-f", in_dir(w, "good.conf")), 0);
	assert_int_equal(RUN(w, "--check", "-f", in_dir(w, "bad.conf")), 2);
	assert_true(logged(w, "bad.conf:2: 11: alpha must be from 0 to 10"));
	assert_true(logged(w, "bad.conf:3: beta:"));
	assert_int_equal(RUN(w, "--check", "-f", in_dir(w, "none.conf")), 2);
	assert_true(logged(w, "none.conf cannot be read: No such file or directory"));
	assert_int_equal(RUN(w, "--dump-config", "-f", in_dir(w, "good.conf"), "alpha 7"), 0);
	assert_true(logged(w, "alpha 7"));
	assert_int_equal(RUN(w, "--dump-config", "alpha 77"), 2);
	assert_true(logged(w, "argument:1: 77: alpha"));
	assert_int_equal(RUN(w, "--manual"), 0);
	assert_true(logged(w, "Sets alpha"));
}

static void what_cannot_start_says_so(void **state)
{
	struct world *w = *state;
	const char *conf = in_dir(w, "good.conf");

	write_file(in_dir(w, "bad.conf"), "alpha 11\n");
	assert_int_equal(RUN(w, "-f", in_dir(w, "bad.conf")), 2);
	assert_int_equal(RUN(w, "-f", in_dir(w, "none.conf")), 2);
	assert_int_equal(RUN(w, "-f", conf, "-r", "/proc/none/run"), 3);
	assert_true(logged(w, "directory /proc/none/run cannot be made (-r names another)"));
	assert_int_equal(RUN(w, "-f", conf, "-s", conf), 3);
	assert_true(logged(w, "is not a directory (-s names another)"));
	setenv("DUMMY_FAIL", "1", 1);
	assert_int_equal(RUN(w, "-f", conf), 3);
	assert_true(logged(w, "selectd cannot start: No such device"));
	unsetenv("DUMMY_FAIL");
	setenv("TIMEBUS_TEST_OSCILLATOR", "freq=3", 1);
	assert_int_equal(RUN(w, "-f", conf), 3);
	assert_true(logged(w, "test oscillator 'freq=3' is wrong"));
	assert_null(strstr(w->notices, "READY"));
}

static void ready_status_and_stopping(void **state)
{
	struct world *w = *state;

	start_ready(w);
	assert_true(noticed(w, "STATUS=alpha 5, 0 sockets", 1));
	assert_int_equal(stop(w), 0);
	assert_true(noticed(w, "STOPPING=1", 1));
	assert_true(logged(w, "started: version "));
	assert_true(logged(w, "stopping: selectd ends by signal 15"));
	assert_true(logged(w, "dummy stopped, alpha 5"));
}

static void interrupt_stops_too(void **state)
{
	struct world *w = *state;

	start_ready(w);
	kill(w->pid, SIGINT);
	assert_int_equal(exit_code(w->pid), 0);
	w->pid = 0;
}

static void a_second_daemon_of_the_name_is_refused(void **state)
{
	struct world *w = *state;

	start_ready(w);
	assert_int_equal(RUN(w, "-f", in_dir(w, "good.conf")), 3);
	assert_int_equal(stop(w), 0);
}

static void hangup_reloads(void **state)
{
	struct world *w = *state;

	start_ready(w);
	write_file(in_dir(w, "good.conf"), "alpha 7\n");
	kill(w->pid, SIGHUP);
	assert_true(noticed(w, "RELOADING=1\nMONOTONIC_USEC=", 1));
	assert_true(noticed(w, "READY=1", 2));
	assert_true(noticed(w, "STATUS=alpha 7", 1));
	assert_true(logged(w, "reloaded: configuration "));
	assert_int_equal(stop(w), 0);
	assert_true(logged(w, "dummy stopped, alpha 7"));
}

static void a_wrong_file_changes_nothing(void **state)
{
	struct world *w = *state;
	char reply[1000];

	start_ready(w);
	write_file(in_dir(w, "good.conf"), "alpha 8\nalpha x\nalpha y\n");
	kill(w->pid, SIGHUP);
	assert_true(noticed(w, "READY=1", 2));
	assert_true(logged(w, "config_error: the old configuration stays: "));
	assert_true(logged(w, "good.conf:2: x: alpha must be"));
	assert_int_equal(ask(w, "config", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "alpha 5\n"));
	unlink(in_dir(w, "good.conf"));
	assert_int_equal(ask(w, "reload", reply, sizeof(reply)), -ENOENT);
	write_file(in_dir(w, "good.conf"), "alpha 9\n");
	assert_int_equal(ask(w, "reload", reply, sizeof(reply)), -EBUSY);
	assert_int_equal(ask(w, "config", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "alpha 5\n"));
	write_file(in_dir(w, "good.conf"), "alpha 6\n");
	assert_int_equal(ask(w, "reload", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "reloaded"));
	assert_int_equal(ask(w, "config", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "alpha 6\n"));
	assert_int_equal(stop(w), 0);
}

static void without_reload_the_operator_is_told(void **state)
{
	struct world *w = *state;
	char reply[1000];

	setenv("DUMMY_NO_RELOAD", "1", 1);
	start_ready(w);
	assert_int_equal(ask(w, "reload", reply, sizeof(reply)), -EOPNOTSUPP);
	assert_non_null(strstr(reply, "needs a restart"));
	assert_true(logged(w, "config_error: "));
	assert_int_equal(stop(w), 0);
}

static void control_words(void **state)
{
	struct world *w = *state;
	char reply[4000];

	setenv("DUMMY_TICK", "1", 1);
	start_ready(w);
	assert_int_equal(ask(w, "ping", reply, sizeof(reply)), 0);
	assert_string_equal(reply, "pong\n");
	assert_int_equal(ask(w, "version", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "selectd (timebus) "));
	assert_int_equal(ask(w, "config", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "alpha 5\n"));
	assert_non_null(strstr(reply, "word x\n"));
	assert_int_equal(ask(w, "stats", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "\npublished "));
	assert_int_equal(ask(w, "help", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "double N"));
	assert_int_equal(ask(w, "double 21", reply, sizeof(reply)), 0);
	assert_string_equal(reply, "42, expired yes");
	assert_int_equal(ask(w, "double", reply, sizeof(reply)), -EINVAL);
	assert_int_equal(ask(w, "treble 4", reply, sizeof(reply)), -EINVAL);
	assert_non_null(strstr(reply, "'treble' is not a word of selectd"));
	assert_int_equal(stop(w), 0);
}

static void passed_sockets_are_used(void **state)
{
	struct world *w = *state;
	char reply[100];

	assert_int_equal(mkdir(in_dir(w, "run"), 0755), 0);
	w->passed[0] = socket(AF_INET, SOCK_DGRAM, 0);
	w->passed[1] = bind_unix(in_dir(w, "run/selectd.ctl"), SOCK_STREAM);
	w->passed[2] = bind_unix(in_dir(w, "run/selectd.pub"), SOCK_STREAM);
	w->passed[3] = socket(AF_INET, SOCK_DGRAM, 0);
	w->passed[4] = socket(AF_INET, SOCK_DGRAM, 0);
	w->passed_count = 5;
	w->passed_names = "ntp:ctl:pub:ntp:other";
	start_ready(w);
	assert_true(noticed(w, "STATUS=alpha 5, 2 sockets", 1));
	assert_true(logged(w, "socket 'other' was passed, but nothing here uses that name"));
	assert_int_equal(ask(w, "ping", reply, sizeof(reply)), 0);
	assert_string_equal(reply, "pong\n");
	assert_int_equal(stop(w), 0);
	/* They belong to the service manager, which listens on. */
	assert_int_equal(access(in_dir(w, "run/selectd.ctl"), F_OK), 0);
	assert_int_equal(access(in_dir(w, "run/selectd.pub"), F_OK), 0);
	for (int i = 0; i < 5; i++)
		close(w->passed[i]);
}

static void the_watchdog_is_fed(void **state)
{
	struct world *w = *state;

	setenv("WATCHDOG_USEC", "300000", 1);
	start_ready(w);
	assert_true(noticed(w, "WATCHDOG=1", 5));
	/* A stopped process feeds nobody. */
	kill(w->pid, SIGSTOP);
	usleep(50000);
	while (recv(w->notify_fd, w->notices, 100, MSG_DONTWAIT) > 0)
		;
	memset(w->notices, 0, sizeof(w->notices));
	usleep(500000);
	assert_int_equal(recv(w->notify_fd, w->notices, 100, MSG_DONTWAIT), -1);
	kill(w->pid, SIGCONT);
	assert_true(noticed(w, "WATCHDOG=1", 2));
	assert_int_equal(stop(w), 0);
}

static unsigned long long capability_set(pid_t pid, const char *name)
{
	char path[64], text[8192];
	const char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	read_file(path, text, sizeof(text));
	at = strstr(text, name);
	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, 16);
}

static void the_right_to_set_clocks_goes(void **state)
{
	const unsigned long long bit = 1ull << 25; /* CAP_SYS_TIME */
	unsigned long long mine = capability_set(getpid(), "CapEff:");
	struct world *w = *state;

	if (!(mine & bit))
		print_message("without CAP_SYS_TIME here, its loss cannot be seen\n");
	start_ready(w);
	assert_false(capability_set(w->pid, "CapEff:") & bit);
	assert_false(capability_set(w->pid, "CapPrm:") & bit);
	if (mine & (1ull << 8)) /* CAP_SETPCAP */
		assert_false(capability_set(w->pid, "CapBnd:") & bit);
	assert_int_equal(stop(w), 0);
	setenv("DUMMY_SETS_CLOCK", "1", 1);
	memset(w->notices, 0, sizeof(w->notices));
	start_ready(w);
	assert_true((capability_set(w->pid, "CapEff:") & bit) == (mine & bit));
	assert_int_equal(stop(w), 0);
}

static void root_is_warned_about(void **state)
{
	struct world *w = *state;
	char all[4096];

	start_ready(w);
	assert_int_equal(stop(w), 0);
	read_file(in_dir(w, "log"), all, sizeof(all));
	assert_null(strstr(all, "runs as root"));
	unsetenv("TIMEBUS_TEST");
	memset(w->notices, 0, sizeof(w->notices));
	start_ready(w);
	if (geteuid() == 0)
		assert_true(logged(w, "runs as root"));
	assert_int_equal(stop(w), 0);
}

static void publishers_that_come_and_go_are_told(void **state)
{
	struct world *w = *state;
	pid_t other;

	setenv("DUMMY_TICK", "1", 1);
	start_ready(w);
	setenv("DUMMY_REFCLOCKD", "1", 1);
	other = spawn(w, "-f", in_dir(w, "good.conf"), NULL);
	assert_true(noticed(w, "READY=1", 2));
	usleep(1500000);
	kill(other, SIGKILL);
	assert_int_equal(exit_code(other), 1000 + SIGKILL);
	assert_true(logged(w, "peer_lost: refclockd is not there"));
	other = spawn(w, "-f", in_dir(w, "good.conf"), NULL);
	assert_true(noticed(w, "READY=1", 3));
	kill(other, SIGTERM);
	assert_int_equal(exit_code(other), 0);
	assert_int_equal(stop(w), 0);
}

static long long rounds_of(const struct world *w)
{
	char reply[1000];
	const char *at;

	assert_int_equal(ask(w, "stats", reply, sizeof(reply)), 0);
	at = strstr(reply, "\nrounds ");
	assert_non_null(at);
	return atoll(at + 8);
}

static void an_idle_daemon_sleeps(void **state)
{
	struct world *w = *state;
	long long before;

	start_ready(w);
	before = rounds_of(w);
	usleep(2000000);
	/* Two requests take some rounds each; refclockd, which is not there, is looked for. */
	assert_true(rounds_of(w) - before < 40);
	assert_int_equal(stop(w), 0);
}

static void a_deadline_that_does_not_move_is_tamed(void **state)
{
	struct world *w = *state;
	long long before;

	setenv("DUMMY_TICK", "1", 1);
	setenv("DUMMY_STUCK", "1", 1);
	start_ready(w);
	assert_true(logged(w, "overload: the deadline does not move"));
	before = rounds_of(w);
	usleep(1000000);
	assert_true(rounds_of(w) - before < 60);
	assert_int_equal(stop(w), 0);
}

/* What a listener hears: the hello with the digest, and events. */
struct ear {
	struct loop *loop;
	char daemon[32], digest[32], state[128];
	bool reloaded;
};

static void hear(void *arg, const struct msg *m)
{
	struct ear *e = arg;

	if (m->kind == MSG_hello) {
		(void)snprintf(e->daemon, sizeof(e->daemon), "%s", m->u.hello.daemon);
		(void)snprintf(e->digest, sizeof(e->digest), "%s", m->u.hello.digest);
		(void)snprintf(e->state, sizeof(e->state), "%s", m->u.hello.state);
		loop_stop(e->loop);
	} else if (m->kind == MSG_event && !strcmp(m->u.event.code, "reloaded")) {
		e->reloaded = true;
		loop_stop(e->loop);
	}
}

static void give_up(void *arg, struct ts_raw now)
{
	(void)now;
	loop_stop(arg);
}

static void listen_for_ms(struct door *door, struct loop *loop, int64_t ms)
{
	struct loop_timer end = {.fn = give_up, .arg = loop};

	loop_timer_set(loop, &end, ts_raw_add(door_raw(door), (struct ts_dur){ms * NS_PER_MS}));
	assert_int_equal(loop_run(loop), 0);
	loop_timer_del(loop, &end);
}

static void a_late_joiner_hears_hello(void **state)
{
	struct world *w = *state;
	char error[200], reply[300];
	struct door *door = door_new(error, sizeof(error));
	struct ear ear = {.loop = loop_new(door)};
	struct bus_config config = {.run_dir = in_dir(w, "run"),
		.pub_fd = -1,
		.ctl_fd = -1,
		.loop = ear.loop,
		.door = door,
		.message = hear,
		.arg = &ear};
	struct bus *bus;

	start_ready(w);
	assert_int_equal(bus_open(&config, &bus), 0);
	assert_int_equal(bus_subscribe(bus, "selectd", "hello."), 0);
	assert_int_equal(bus_subscribe(bus, "selectd", "event."), 0);
	listen_for_ms(door, ear.loop, 5000);
	assert_string_equal(ear.daemon, "selectd");
	assert_string_equal(ear.state, "alpha 5, 0 sockets");
	assert_int_equal(strlen(ear.digest), 16);
	assert_int_equal(ask(w, "reload", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, ear.digest));
	for (int i = 0; i < 3 && !ear.reloaded; i++)
		listen_for_ms(door, ear.loop, 2000);
	assert_true(ear.reloaded);
	bus_close(&bus);
	loop_destroy(&ear.loop);
	door_destroy(&door);
	assert_int_equal(stop(w), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(options_and_exit_codes),
		CASE(check_and_dump),
		CASE(what_cannot_start_says_so),
		CASE(ready_status_and_stopping),
		CASE(interrupt_stops_too),
		CASE(a_second_daemon_of_the_name_is_refused),
		CASE(hangup_reloads),
		CASE(a_wrong_file_changes_nothing),
		CASE(without_reload_the_operator_is_told),
		CASE(control_words),
		CASE(passed_sockets_are_used),
		CASE(the_watchdog_is_fed),
		CASE(the_right_to_set_clocks_goes),
		CASE(root_is_warned_about),
		CASE(publishers_that_come_and_go_are_told),
		CASE(an_idle_daemon_sleeps),
		CASE(a_deadline_that_does_not_move_is_tamed),
		CASE(a_late_joiner_hears_hello),
	};

	if (argc > 1 && !strcmp(argv[1], "daemon"))
		return run_dummy(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
