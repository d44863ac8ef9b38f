/* SPDX-License-Identifier: MIT */
/* Control requests: the client blocks, so a daemon of another thread answers. */
#include "tests/unit/bus_fixture.h"
#include <pthread.h>
#include <zmq.h>

struct daemon {
	struct fixture own; /* same directory, door and loop of its own */
	struct ear ear;
	pthread_t thread;
	int ready[2], quit[2];
};

static void on_quit(void *arg, int fd, short revents)
{
	(void)fd;
	(void)revents;
	loop_stop(arg);
}

static void *daemon_thread(void *arg)
{
	struct daemon *d = arg;
	struct bus_config c;
	char error[160];

	d->own.door = door_new(error, sizeof(error));
	d->own.loop = loop_new(d->own.door);
	c = ear_config(&d->own, &d->ear, "selectd");
	if (bus_open(&c, &d->ear.bus) == 0 &&
		loop_fd_add(d->own.loop, d->quit[0], POLLIN, on_quit, d->own.loop) == 0 &&
		write(d->ready[1], "r", 1) == 1)
		(void)loop_run(d->own.loop);
	bus_close(&d->ear.bus);
	loop_destroy(&d->own.loop);
	door_destroy(&d->own.door);
	return NULL;
}

static struct daemon *daemon_start(const struct fixture *f)
{
	struct daemon *d = calloc(1, sizeof(*d));
	char byte;

	memcpy(d->own.dir, f->dir, sizeof(f->dir));
	assert_int_equal(pipe(d->ready), 0);
	assert_int_equal(pipe(d->quit), 0);
	assert_int_equal(pthread_create(&d->thread, NULL, daemon_thread, d), 0);
	assert_int_equal(read(d->ready[0], &byte, 1), 1);
	return d;
}

static void daemon_end(struct daemon *d)
{
	assert_int_equal(write(d->quit[1], "q", 1), 1);
	pthread_join(d->thread, NULL);
	for (int i = 0; i < 2; i++) {
		close(d->ready[i]);
		close(d->quit[i]);
	}
	free(d);
}

static int ask(const struct fixture *f, int argc, const char *const *argv, char *reply, size_t size)
{
	return bus_request(f->dir, "selectd", argc, argv, 3000, reply, size);
}

static void request_and_answer(void **state)
{
	struct fixture *f = *state;
	struct daemon *d = daemon_start(f);
	const char *many[17];
	char reply[128], small[8], longest[257], longer[258];

	assert_int_equal(ask(f, 1, (const char *const[]){"ping"}, reply, sizeof(reply)), 0);
	assert_string_equal(reply, "heard ping");
	assert_int_equal(
		ask(f, 3, (const char *const[]){"set", "a b", "~"}, reply, sizeof(reply)), 0);
	assert_string_equal(reply, "heard ~");
	assert_string_equal(d->ear.command, "3:set");
	assert_int_equal(ask(f, 1, (const char *const[]){"fail"}, reply, sizeof(reply)), -EPERM);
	assert_string_equal(reply, "heard fail");
	assert_int_equal(ask(f, 1, (const char *const[]){"ping"}, small, sizeof(small)), 0);
	assert_string_equal(small, "heard p");
	for (int i = 0; i < 17; i++)
		many[i] = "w";
	assert_int_equal(ask(f, 16, many, reply, sizeof(reply)), 0);
	assert_int_equal(ask(f, 17, many, reply, sizeof(reply)), -EINVAL);
	assert_string_equal(reply, "17 words instead of 1 to 16");
	assert_int_equal(ask(f, 1, (const char *const[]){"a\nb"}, reply, sizeof(reply)), -EINVAL);
	assert_string_equal(reply, "word 1 is not at most 256 printable characters");
	memset(longest, 'x', 256);
	longest[256] = 0;
	assert_int_equal(ask(f, 2, (const char *const[]){"set", longest}, reply, sizeof(reply)), 0);
	memset(longer, 'x', 257);
	longer[257] = 0;
	assert_int_equal(bus_request(f->dir, "selectd", 1, (const char *const[]){longer}, 300,
				 reply, sizeof(reply)),
		-EINVAL);
	assert_int_equal(ask(f, 1, (const char *const[]){"ping"}, reply, sizeof(reply)), 0);
	daemon_end(d);
}

static void nobody_there(void **state)
{
	struct fixture *f = *state;
	struct daemon *d;
	char reply[64], path[128];
	const char *const ping[] = {"ping"};

	assert_int_equal(ask(f, 1, ping, reply, sizeof(reply)), -ECONNREFUSED);
	d = daemon_start(f);
	assert_int_equal(ask(f, 1, ping, reply, sizeof(reply)), 0);
	daemon_end(d);
	assert_int_equal(ask(f, 1, ping, reply, sizeof(reply)), -ECONNREFUSED);
	/* what a killed daemon leaves behind */
	(void)snprintf(path, sizeof(path), "%s/selectd.ctl", f->dir);
	fclose(fopen(path, "w"));
	assert_int_equal(ask(f, 1, ping, reply, sizeof(reply)), -ECONNREFUSED);
}

/* A socket unit holds the socket, the daemon does not come. */
static void nobody_answers(void **state)
{
	struct fixture *f = *state;
	struct ear *hung = ear_new(f, "selectd"); /* its loop does not run */
	char reply[64];
	struct ts_raw start = door_raw(f->door);
	int64_t took_ns;

	assert_int_equal(bus_request(f->dir, "selectd", 1, (const char *const[]){"ping"}, 200,
				 reply, sizeof(reply)),
		-ETIMEDOUT);
	took_ns = ts_raw_sub(door_raw(f->door), start).ns;
	assert_true(took_ns > 190 * NS_PER_MS && took_ns < 2000 * NS_PER_MS);
	ear_free(&hung);
}

/* REQ clients put an empty frame in front; other languages use them. */
static void req_client(void **state)
{
	struct fixture *f = *state;
	struct daemon *d = daemon_start(f);
	void *context = zmq_ctx_new(), *req = zmq_socket(context, ZMQ_REQ);
	char endpoint[160], buffer[64];
	int timeout = 3000, n;

	zmq_setsockopt(req, ZMQ_RCVTIMEO, &timeout, sizeof(timeout));
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/selectd.ctl", f->dir);
	assert_int_equal(zmq_connect(req, endpoint), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(zmq_send(req, "ping", 4, ZMQ_SNDMORE), 4);
		assert_int_equal(zmq_send(req, "me", 2, 0), 2);
		assert_int_equal(zmq_recv(req, buffer, sizeof(buffer), 0), 2);
		assert_memory_equal(buffer, "ok", 2);
		assert_int_equal(zmq_recv(req, buffer, sizeof(buffer), 0), 1);
		assert_memory_equal(buffer, "0", 1);
		n = zmq_recv(req, buffer, sizeof(buffer), 0);
		assert_int_equal(n, 8);
		assert_memory_equal(buffer, "heard me", 8);
	}
	zmq_close(req);
	zmq_ctx_term(context);
	daemon_end(d);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(request_and_answer),
		T(nobody_there),
		T(nobody_answers),
		T(req_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
