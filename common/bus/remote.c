/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include "common/bus/remote_private.h"

static int set_all(void *socket, const struct remote_option *o)
{
	for (; o->option; o++)
		if (zmq_setsockopt(socket, o->option, &o->value, sizeof(o->value)) < 0)
			return -errno;
	return 0;
}

int remote_options(void *socket, const struct remote_option *more)
{
	static const struct remote_option common[] = {
		{ZMQ_LINGER, 0},
		{ZMQ_IPV6, 1},
		{ZMQ_SNDHWM, REMOTE_QUEUE},
		{ZMQ_RCVHWM, REMOTE_QUEUE},
		{ZMQ_HEARTBEAT_IVL, REMOTE_HEARTBEAT_MS},
		{ZMQ_HEARTBEAT_TIMEOUT, REMOTE_HEARTBEAT_TIMEOUT_MS},
		{0, 0},
	};
	int r = set_all(socket, common);

	return r < 0 ? r : set_all(socket, more);
}

static void *end_context(void *context)
{
	(void)zmq_ctx_term(context);
	return NULL;
}

void remote_context_end(void *context)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;

	if (!context)
		return;
	(void)zmq_ctx_shutdown(context);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are for the loop. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	/* Without a thread the context is left to the end of the process. */
	(void)pthread_create(&thread, &attr, end_context, context);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
}
