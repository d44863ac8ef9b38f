/* SPDX-License-Identifier: MIT */
/* The daemon skeleton and what it runs in: passed sockets, watchdog, privileges, other daemons,
 * time. */
#include "tests/unit/daemon_world.h"

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(passed_sockets_are_used),
		CASE(the_watchdog_is_fed),
		CASE(the_right_to_set_clocks_goes),
		CASE(publishers_that_come_and_go_are_told),
		CASE(an_idle_daemon_sleeps),
		CASE(a_deadline_that_does_not_move_is_tamed),
		CASE(a_late_joiner_hears_hello),
	};

	if (argc > 1 && !strcmp(argv[1], "daemon"))
		return run_dummy(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
