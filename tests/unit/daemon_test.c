/* SPDX-License-Identifier: MIT */
/* The daemon skeleton and its operator: options, configuration, reload, signals, control words. */
#include "tests/unit/daemon_world.h"

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
		CASE(root_is_warned_about),
	};

	if (argc > 1 && !strcmp(argv[1], "daemon"))
		return run_dummy(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
