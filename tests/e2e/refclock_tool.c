/* SPDX-License-Identifier: MIT */
/*
 * refclock_tool.c - the other side of reference clocks, for tests.
 *
 *   epoch                             prints RAWNS,REALNS of now, for PTPSHIM_EPOCH
 *   peek UNIT                         prints an NTP SHM segment, takes nothing
 *   shm UNIT OFFSET_NS N [LEAP]       writes N samples, ten a second
 *   sock PATH OFFSET_NS N [PULSE]     sends N SOCK datagrams, ten a second
 *   junk PATH                         sends datagrams that are none
 *   samples RUNDIR SECONDS [NAME]     prints what refclockd publishes, a line a message
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/bus/bus.h"
#include "common/bus/codec.h"
#include "common/core/sock_datagram.h"
#include "common/io/door.h"
#include "common/io/loop.h"
#include "common/io/ntpshm.h"

static int64_t now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int epoch(void)
{
	int64_t a = now_ns(CLOCK_MONOTONIC_RAW), real = now_ns(CLOCK_REALTIME);
	int64_t b = now_ns(CLOCK_MONOTONIC_RAW);

	printf("%" PRId64 ",%" PRId64 "\n", a + (b - a) / 2, real);
	return 0;
}

static int peek(int unit)
{
	int id = shmget(NTPSHM_KEY + unit, sizeof(struct ntpshm_segment), 0);
	const struct ntpshm_segment *s;

	if (id < 0) {
		perror("shmget");
		return 1;
	}
	s = shmat(id, NULL, SHM_RDONLY);
	printf("mode=%d count=%d valid=%d leap=%d precision=%d nsamples=%d clock=%" PRId64
	       ".%09u receive=%" PRId64 ".%09u offset_ns=%" PRId64 "\n",
		s->mode, s->count, s->valid, s->leap, s->precision, s->nsamples, s->clock_s,
		s->clock_ns, s->receive_s, s->receive_ns,
		(s->clock_s - s->receive_s) * NS_PER_S + (int64_t)s->clock_ns - s->receive_ns);
	return 0;
}

static int write_shm(int unit, int64_t offset_ns, int n, int leap)
{
	char error[NTPSHM_ERROR_SIZE];
	struct ntpshm shm;

	if (ntpshm_attach(unit, NTPSHM_PERM_AUTO, true, &shm, error) < 0) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		int64_t now = now_ns(CLOCK_REALTIME);
		struct ntpshm_sample s = {{now + offset_ns}, {now}, (enum ntpshm_leap)leap, -30, 1};

		ntpshm_put(&shm, &s);
		usleep(100000);
	}
	return 0;
}

static int connected(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	for (int i = 0; i < 50; i++) {
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			return fd;
		usleep(100000);
	}
	perror(path);
	exit(1);
}

static int send_sock(const char *path, int64_t offset_ns, int n, int pulse)
{
	int fd = connected(path);

	for (int i = 0; i < n; i++) {
		int64_t now = now_ns(CLOCK_REALTIME);
		struct sock_sample s = {{now}, {now + offset_ns}, pulse != 0, 0};
		struct sock_datagram d;

		sock_datagram_encode(&s, &d);
		if (send(fd, &d, sizeof(d), 0) < 0)
			perror("send");
		usleep(100000);
	}
	return 0;
}

static int send_junk(const char *path)
{
	static const char zeros[100];
	int fd = connected(path);

	for (size_t n = 0; n < sizeof(zeros); n += 3)
		if (send(fd, zeros, n, 0) < 0)
			perror("send");
	return 0;
}

static void on_message(void *arg, const struct msg *m)
{
	const char *name = arg;
	char text[4096];

	if (name && m->kind == MSG_sample && strcmp(m->u.sample.source, name) != 0)
		return;
	if (msg_dump_text(m, text, sizeof(text)) > 0)
		puts(text);
	fflush(stdout);
}

static struct loop *the_loop;

static void on_end(void *arg, struct ts_raw now)
{
	(void)arg;
	(void)now;
	loop_stop(the_loop);
}

static int samples(const char *run_dir, int seconds, char *name)
{
	struct loop_timer timer = {.fn = on_end};
	char error[160];
	struct door *door = door_new(error, sizeof(error));
	struct bus_config config = {.run_dir = run_dir,
		.pub_fd = -1,
		.ctl_fd = -1,
		.door = door,
		.message = on_message,
		.arg = name};
	struct bus *bus;

	the_loop = loop_new(door);
	config.loop = the_loop;
	if (bus_open(&config, &bus) < 0)
		return 1;
	bus_subscribe(bus, "refclockd", "");
	loop_timer_set(
		the_loop, &timer, ts_raw_add(door_raw(door), (struct ts_dur){seconds * NS_PER_S}));
	loop_run(the_loop);
	bus_close(&bus);
	loop_destroy(&the_loop);
	door_destroy(&door);
	return 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "epoch") == 0)
		return epoch();
	if (strcmp(word, "peek") == 0 && argc == 3)
		return peek(atoi(argv[2]));
	if (strcmp(word, "shm") == 0 && argc >= 5)
		return write_shm(
			atoi(argv[2]), atoll(argv[3]), atoi(argv[4]), argc > 5 ? atoi(argv[5]) : 0);
	if (strcmp(word, "sock") == 0 && argc >= 5)
		return send_sock(
			argv[2], atoll(argv[3]), atoi(argv[4]), argc > 5 ? atoi(argv[5]) : 0);
	if (strcmp(word, "junk") == 0 && argc == 3)
		return send_junk(argv[2]);
	if (strcmp(word, "samples") == 0 && argc >= 4)
		return samples(argv[2], atoi(argv[3]), argc > 4 ? argv[4] : NULL);
	fprintf(stderr, "usage: see %s\n", __FILE__);
	return 1;
}
