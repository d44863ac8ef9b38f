/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/door.h"
#include "common/io/log.h"
#include "common/io/loop.h"

struct world {
	struct door *door;
	struct loop *loop;
	struct loop_timer timers[4];
	int pipes[3][2];
	int fired[4];
	int order[16];
	int order_count;
	uint64_t round_of[16];
	int reads, idles;
	struct ts_raw at;
};

static struct ts_raw in_ms(struct world *w, int64_t ms)
{
	return ts_raw_add(door_raw(w->door), (struct ts_dur){ms * NS_PER_MS});
}

static int set_up(void **state)
{
	char error[200];
	struct world *w = calloc(1, sizeof(*w));

	w->door = door_new(error, sizeof(error));
	w->loop = loop_new(w->door);
	for (int i = 0; i < 3; i++) {
		if (pipe(w->pipes[i]) < 0)
			return -1;
	}
	*state = w;
	return w->loop ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	loop_destroy(&w->loop);
	door_destroy(&w->door);
	for (int i = 0; i < 3; i++) {
		close(w->pipes[i][0]);
		close(w->pipes[i][1]);
	}
	free(w);
	return 0;
}

static struct world *g; /* of the running test: callbacks that need more than one argument */

static void stop(void *arg, struct ts_raw now)
{
	(void)now;
	loop_stop(((struct world *)arg)->loop);
}

static void note(void *arg, struct ts_raw now)
{
	int i = (int)((struct loop_timer *)arg - g->timers);

	g->at = now;
	g->fired[i]++;
	g->round_of[g->order_count] = loop_rounds(g->loop);
	g->order[g->order_count++] = i;
}

static struct loop_timer *timer(struct world *w, int i, loop_timer_fn fn)
{
	w->timers[i].fn = fn;
	w->timers[i].arg = &w->timers[i];
	return &w->timers[i];
}

static void run_for_ms(struct world *w, int64_t ms)
{
	struct loop_timer end = {.fn = stop, .arg = w};

	g = w;
	loop_timer_set(w->loop, &end, in_ms(w, ms));
	assert_int_equal(loop_run(w->loop), 0);
	loop_timer_del(w->loop, &end);
}

static void timers_fire_in_order_and_never_early(void **state)
{
	struct world *w = *state;
	struct ts_raw due = in_ms(w, 20);

	loop_timer_set(w->loop, timer(w, 2, note), due);
	loop_timer_set(w->loop, timer(w, 1, note), in_ms(w, 10));
	loop_timer_set(w->loop, timer(w, 0, note), in_ms(w, 5));
	loop_timer_set(w->loop, timer(w, 3, note), in_ms(w, 15));
	loop_timer_del(w->loop, &w->timers[3]);
	run_for_ms(w, 40);
	assert_int_equal(w->order_count, 3);
	assert_int_equal(w->order[0], 0);
	assert_int_equal(w->order[1], 1);
	assert_int_equal(w->order[2], 2);
	assert_true(w->at.ns >= due.ns);
	assert_true(w->at.ns < due.ns + 500 * NS_PER_MS);
	assert_false(w->timers[2].linked);
}

static void a_passed_deadline_fires_in_the_next_round(void **state)
{
	struct world *w = *state;

	loop_timer_set(w->loop, timer(w, 0, note), (struct ts_raw){1});
	run_for_ms(w, 5);
	assert_int_equal(w->fired[0], 1);
	assert_int_equal(w->round_of[0], 1);
}

static void again(void *arg, struct ts_raw now)
{
	note(arg, now);
	if (g->fired[0] < 4)
		loop_timer_set(g->loop, arg, (struct ts_raw){1});
}

static void rearming_to_the_past_lets_others_run(void **state)
{
	struct world *w = *state;

	loop_timer_set(w->loop, timer(w, 0, again), (struct ts_raw){1});
	run_for_ms(w, 10);
	assert_int_equal(w->fired[0], 4);
	for (int i = 1; i < 4; i++)
		assert_int_equal(w->round_of[i], w->round_of[i - 1] + 1);
}

static void kill_second(void *arg, struct ts_raw now)
{
	note(arg, now);
	loop_timer_del(g->loop, &g->timers[1]);
	loop_timer_set(g->loop, &g->timers[2], TS_RAW_NEVER);
}

static void a_timer_may_delete_others_that_are_due(void **state)
{
	struct world *w = *state;

	loop_timer_set(w->loop, timer(w, 0, kill_second), (struct ts_raw){1});
	loop_timer_set(w->loop, timer(w, 1, note), (struct ts_raw){2});
	loop_timer_set(w->loop, timer(w, 2, note), (struct ts_raw){3});
	loop_timer_set(w->loop, timer(w, 3, note), (struct ts_raw){4});
	run_for_ms(w, 5);
	assert_int_equal(w->fired[0], 1);
	assert_int_equal(w->fired[1], 0);
	assert_int_equal(w->fired[2], 0);
	assert_int_equal(w->fired[3], 1);
}

static void read_one(void *arg, int fd, short revents)
{
	struct world *w = arg;
	char c;

	assert_true(revents & POLLIN);
	assert_int_equal(read(fd, &c, 1), 1);
	w->reads++;
}

static void descriptors_are_watched_until_deleted(void **state)
{
	struct world *w = *state;
	int fd = w->pipes[0][0];

	assert_int_equal(loop_fd_add(w->loop, fd, POLLIN, read_one, w), 0);
	assert_int_equal(loop_fd_add(w->loop, fd, POLLIN, read_one, w), -EEXIST);
	assert_int_equal(loop_fd_add(w->loop, -1, POLLIN, read_one, w), -EINVAL);
	assert_int_equal(write(w->pipes[0][1], "abc", 3), 3);
	run_for_ms(w, 5);
	assert_int_equal(w->reads, 3);
	loop_fd_events(w->loop, fd, 0);
	assert_int_equal(write(w->pipes[0][1], "d", 1), 1);
	run_for_ms(w, 5);
	assert_int_equal(w->reads, 3);
	loop_fd_events(w->loop, fd, POLLIN);
	run_for_ms(w, 5);
	assert_int_equal(w->reads, 4);
	loop_fd_del(w->loop, fd);
	loop_fd_del(w->loop, fd);
	assert_int_equal(write(w->pipes[0][1], "e", 1), 1);
	run_for_ms(w, 5);
	assert_int_equal(w->reads, 4);
}

static void swap_all(void *arg, int fd, short revents)
{
	struct world *w = arg;

	(void)revents;
	(void)fd;
	w->fired[0]++;
	/* Deletes itself and the others that are ready, and takes a slot anew: none of these may
	 * be called with what poll() said about the former owners. */
	for (int i = 0; i < 3; i++)
		loop_fd_del(w->loop, w->pipes[i][0]);
	assert_int_equal(loop_fd_add(w->loop, w->pipes[2][0], POLLIN, read_one, w), 0);
}

static void a_callback_may_delete_any_descriptor(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(loop_fd_add(w->loop, w->pipes[i][0], POLLIN, swap_all, w), 0);
		assert_int_equal(write(w->pipes[i][1], "x", 1), 1);
	}
	run_for_ms(w, 5);
	assert_int_equal(w->fired[0], 1);
	assert_int_equal(w->reads, 1);
}

static void never(void *arg, int fd, short revents)
{
	(void)arg;
	(void)fd;
	(void)revents;
}

static void at_most_128_descriptors(void **state)
{
	struct world *w = *state;
	int fds[129];

	for (int i = 0; i < 129; i++) {
		fds[i] = dup(w->pipes[0][0]);
		assert_int_equal(
			loop_fd_add(w->loop, fds[i], POLLIN, never, w), i < 128 ? 0 : -ENOSPC);
	}
	loop_fd_del(w->loop, fds[7]);
	assert_int_equal(loop_fd_add(w->loop, fds[128], POLLIN, never, w), 0);
	for (int i = 0; i < 129; i++) {
		loop_fd_del(w->loop, fds[i]);
		close(fds[i]);
	}
	run_for_ms(w, 5);
}

static void a_closed_descriptor_does_not_spin(void **state)
{
	struct world *w = *state;
	int fd = dup(w->pipes[0][0]);

	log_open("loop_test", LOG_LEVEL_ERR - 2);
	assert_int_equal(loop_fd_add(w->loop, fd, POLLIN, never, w), 0);
	close(fd);
	run_for_ms(w, 30);
	assert_true(loop_rounds(w->loop) < 20);
}

static bool idle_thrice(void *arg)
{
	struct world *w = arg;

	return ++w->idles % 3 != 0;
}

static void idle_hooks_run_until_none_has_work(void **state)
{
	struct world *w = *state;

	assert_int_equal(loop_idle_add(w->loop, idle_thrice, w), 0);
	loop_timer_set(w->loop, timer(w, 0, note), in_ms(w, 2));
	run_for_ms(w, 10);
	assert_true(w->idles >= 6);
	assert_int_equal(w->idles % 3, 0);
}

static bool always_busy(void *arg)
{
	((struct world *)arg)->idles++;
	return true;
}

static void a_busy_idle_hook_starves_nobody(void **state)
{
	struct world *w = *state;

	assert_int_equal(loop_idle_add(w->loop, always_busy, w), 0);
	assert_int_equal(loop_fd_add(w->loop, w->pipes[0][0], POLLIN, read_one, w), 0);
	assert_int_equal(write(w->pipes[0][1], "ab", 2), 2);
	loop_timer_set(w->loop, timer(w, 0, note), in_ms(w, 2));
	run_for_ms(w, 5);
	assert_int_equal(w->reads, 2);
	assert_int_equal(w->fired[0], 1);
}

static void errors_are_told_unasked(void *arg, int fd, short revents)
{
	struct world *w = arg;

	if (revents & (POLLERR | POLLHUP))
		w->fired[0]++;
	loop_fd_del(w->loop, fd);
}

static void hangup_is_told(void **state)
{
	struct world *w = *state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(loop_fd_add(w->loop, pair[0], 0, errors_are_told_unasked, w), 0);
	close(pair[1]);
	run_for_ms(w, 5);
	assert_int_equal(w->fired[0], 1);
	close(pair[0]);
}

/* A bent raw clock that runs slower than CLOCK_MONOTONIC makes the timerfd ring too early. */
static void a_slow_raw_clock_costs_few_wakeups(void **state)
{
	struct world *w = *state;
	uint64_t rounds = 0;

	/* Each wait would take two rounds if nothing were learnt; a busy machine that rings late
	 * makes it forget, so it may take some tries until one goes undisturbed. */
	for (int try = 0; try < 20; try++) {
		uint64_t before = loop_rounds(w->loop);

		for (int i = 0; i < 8; i++)
			run_for_ms(w, 150);
		rounds = loop_rounds(w->loop) - before;
		assert_true(rounds >= 8);
		if (rounds <= 12)
			return;
	}
	fail_msg("%d rounds for 8 waits", (int)rounds);
}

static void *make_slow(void **state)
{
	(void)state;
	setenv("TIMEBUS_TEST_OSCILLATOR", "epoch=0,freq=-900000", 1);
	return NULL;
}

static int set_up_slow(void **state)
{
	make_slow(state);
	return set_up(state);
}

static int tear_down_slow(void **state)
{
	unsetenv("TIMEBUS_TEST_OSCILLATOR");
	return tear_down(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(timers_fire_in_order_and_never_early),
		CASE(a_passed_deadline_fires_in_the_next_round),
		CASE(rearming_to_the_past_lets_others_run),
		CASE(a_timer_may_delete_others_that_are_due),
		CASE(descriptors_are_watched_until_deleted),
		CASE(a_callback_may_delete_any_descriptor),
		CASE(at_most_128_descriptors),
		CASE(a_closed_descriptor_does_not_spin),
		CASE(idle_hooks_run_until_none_has_work),
		CASE(a_busy_idle_hook_starves_nobody),
		CASE(hangup_is_told),
		cmocka_unit_test_setup_teardown(
			a_slow_raw_clock_costs_few_wakeups, set_up_slow, tear_down_slow),
	};

	unsetenv("TIMEBUS_TEST_OSCILLATOR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
