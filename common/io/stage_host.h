/* SPDX-License-Identifier: MIT */
/*
 * stage_host.h - what a host provides behind the host_*() functions of stage.h. For hosts only:
 * the daemon skeleton (daemon.c) and the one-process node (tests/solo). A host fills this struct
 * before start(), keeps it unchanged until after stop(), and does the rest of stage.h's promises:
 * it delivers messages, gaps and expired deadlines, and asks for the deadline after each callback.
 */
#ifndef TB_STAGE_HOST_H
#define TB_STAGE_HOST_H

#include "common/io/stage.h"

struct stage_host_ops {
	/* A message of a kind that the stage declared, or an event; the envelope is empty. */
	void (*publish)(void *arg, const struct msg *m);
	/* As host_take_fd(). NULL: this host has none. */
	int (*take_fd)(void *arg, const char *name, unsigned int index);
	/* As host_connected(). NULL: stages are joined without sockets. */
	bool (*connected)(void *arg, const char *publisher);
};

struct stage_host {
	const struct stage *stage;
	struct loop *loop;
	struct door *door;
	const char *run_dir, *state_dir;
	const struct stage_host_ops *ops;
	void *arg; /* of the ops */
};

#endif
