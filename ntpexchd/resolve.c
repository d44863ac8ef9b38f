/* SPDX-License-Identifier: MIT */
#include "ntpexchd/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/core/bytes.h"

#define STACK_SIZE (256 * 1024)

/* Shared by the thread and the loop; the last of them frees it. */
struct job {
	char name[64];
	int family;
	uint16_t port;
	int write_fd;
	atomic_int holders;
	struct resolve_answer answer;
};

struct lookup {
	struct resolver *resolver;
	struct lookup *next;
	struct job *job;
	int read_fd; /* -1: waits for a thread */
	resolve_fn fn;
	void *arg; /* NULL: cancelled */
};

struct resolver {
	struct loop *loop;
	struct lookup *lookups; /* oldest first */
	int threads;
};

static void job_release(struct job *job)
{
	if (atomic_fetch_sub(&job->holders, 1) == 1)
		free(job);
}

/* ---- in the thread ---- */

static void add_address(struct job *job, const struct addrinfo *ai)
{
	struct resolve_answer *a = &job->answer;
	union udp_address *next = &a->address[a->count];

	if (a->count == RESOLVE_ADDRESSES || ai->ai_addrlen > sizeof *next ||
		(ai->ai_family != AF_INET && ai->ai_family != AF_INET6))
		return;
	memset(next, 0, sizeof *next);
	memcpy(next, ai->ai_addr, ai->ai_addrlen);
	udp_set_port(next, job->port);
	for (int i = 0; i < a->count; i++)
		if (udp_same_host(&a->address[i], next))
			return;
	a->count++;
}

static void look_up(struct job *job)
{
	struct addrinfo hints = {.ai_family = job->family, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found = NULL;
	int r = getaddrinfo(job->name, NULL, &hints, &found);

	if (r != 0) {
		snprintf(job->answer.error, sizeof job->answer.error, "%s",
			r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
		return;
	}
	for (struct addrinfo *ai = found; ai; ai = ai->ai_next)
		add_address(job, ai);
	freeaddrinfo(found);
	if (job->answer.count == 0)
		str_copy(job->answer.error, sizeof job->answer.error, "no usable address");
}

static void *run_job(void *arg)
{
	struct job *job = arg;

	look_up(job);
	/* The end of the pipe is the news; nothing is left to be done if nobody reads it. */
	close(job->write_fd);
	job_release(job);
	return NULL;
}

/* ---- in the loop ---- */

static struct job *job_new(const char *name, int family, uint16_t port)
{
	struct job *job = calloc(1, sizeof *job);

	if (!job)
		return NULL;
	if (!str_copy(job->name, sizeof job->name, name)) {
		free(job);
		return NULL;
	}
	job->family = family;
	job->port = port;
	atomic_init(&job->holders, 1);
	return job;
}

static int start_thread(struct job *job)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&job->holders, 1);
	/* Signals are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &attr, run_job, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (r != 0)
		atomic_fetch_sub(&job->holders, 1);
	return -r;
}

static void unlink_lookup(struct resolver *r, struct lookup *l)
{
	struct lookup **at = &r->lookups;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
}

static void finish(struct lookup *l)
{
	struct resolver *r = l->resolver;
	resolve_fn fn = l->fn;
	void *arg = l->arg;
	struct job *job = l->job;

	unlink_lookup(r, l);
	if (l->read_fd >= 0) {
		loop_fd_del(r->loop, l->read_fd);
		close(l->read_fd);
		r->threads--;
	}
	free(l);
	if (arg)
		fn(arg, &job->answer);
	job_release(job);
}

static void start_waiting(struct resolver *r);

static void on_pipe(void *arg, int fd, short revents)
{
	struct lookup *l = arg;
	struct resolver *r = l->resolver;

	(void)fd;
	(void)revents;
	finish(l);
	start_waiting(r);
}

static int start(struct lookup *l)
{
	struct resolver *r = l->resolver;
	int fds[2], result;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	l->job->write_fd = fds[1];
	result = loop_fd_add(r->loop, fds[0], POLLIN, on_pipe, l);
	if (result == 0)
		result = start_thread(l->job);
	if (result < 0) {
		loop_fd_del(r->loop, fds[0]);
		close(fds[0]);
		close(fds[1]);
		return result;
	}
	l->read_fd = fds[0];
	r->threads++;
	return 0;
}

static void start_waiting(struct resolver *r)
{
	struct lookup *l = r->lookups, *next;

	for (; l && r->threads < RESOLVE_THREADS; l = next) {
		int result;

		next = l->next;
		if (l->read_fd >= 0)
			continue;
		result = start(l);
		if (result == 0)
			continue;
		snprintf(
			l->job->answer.error, sizeof l->job->answer.error, "%s", strerror(-result));
		finish(l);
		return;
	}
}

struct resolver *resolver_new(struct loop *loop)
{
	struct resolver *r = calloc(1, sizeof *r);

	if (r)
		r->loop = loop;
	return r;
}

void resolver_destroy(struct resolver **r)
{
	if (!*r)
		return;
	while ((*r)->lookups) {
		(*r)->lookups->arg = NULL;
		finish((*r)->lookups);
	}
	free(*r);
	*r = NULL;
}

void resolver_cancel(struct resolver *r, void *arg)
{
	for (struct lookup *l = r->lookups; l; l = l->next)
		if (l->arg == arg)
			l->arg = NULL;
}

static bool under_way(const struct resolver *r, const void *arg)
{
	for (const struct lookup *l = r->lookups; l; l = l->next)
		if (l->arg == arg)
			return true;
	return false;
}

static bool synchronous(void)
{
	const char *value = getenv("TIMEBUS_SYNC_DNS");

	return value && strcmp(value, "1") == 0;
}

int resolver_start(
	struct resolver *r, const char *name, int family, uint16_t port, resolve_fn fn, void *arg)
{
	struct lookup **at = &r->lookups, *l;

	if (under_way(r, arg))
		return -EALREADY;
	l = calloc(1, sizeof *l);
	if (l)
		l->job = job_new(name, family, port);
	if (!l || !l->job) {
		free(l);
		return -ENOMEM;
	}
	l->resolver = r;
	l->read_fd = -1;
	l->fn = fn;
	l->arg = arg;
	while (*at)
		at = &(*at)->next;
	*at = l;
	if (synchronous()) {
		look_up(l->job);
		finish(l);
	} else {
		start_waiting(r);
	}
	return 0;
}
