/* SPDX-License-Identifier: MIT */
/*
 * session.h - a tool's ear on the bus: all daemons of the suite, and the model of what they say.
 */
#ifndef TB_CLI_SESSION_H
#define TB_CLI_SESSION_H

#include "common/bus/bus.h"
#include "monitord/core/model.h"
#include "monitord/core/text.h"

struct session;

struct session_config {
	const char *run_dir;
	const char *const *topics; /* prefixes, ends with NULL; NULL: all */
	/* Any of them may be NULL. message: after the model took it. */
	void (*message)(void *arg, const struct msg *m);
	void (*gap)(void *arg, const char *publisher, uint64_t lost);
	void (*refused)(void *arg, const char *publisher, const char *why, uint64_t number);
	void (*presence)(void *arg, const char *publisher, bool there); /* it came or went */
	void *arg;
};

/* 0, or negative errno with the reason said on stderr. */
int session_open(const struct session_config *config, struct session **ret_session);
void session_close(struct session **session);

/* Runs the loop until each daemon that is there has told its state, at most max_ms. False if not
 * one is there, or interrupted. */
bool session_collect(struct session *s, int max_ms);
#define SESSION_COLLECT_MS 3000 /* a stopped one is not waited for longer than control waits */

/* After session_collect(): it has a socket, but said nothing in all that time. */
bool session_is_mute(const struct session *s, int daemon);

/* Runs the loop until session_stop() or a signal. */
int session_run(struct session *s);
void session_stop(struct session *s);
bool session_was_interrupted(const struct session *s);

/* Notes in the model who is there now. False if nobody is. */
bool session_look_around(struct session *s);

/* Takes over from monitord, if it is there, what only a long listener knows. */
void session_ask_history(struct session *s);

struct model *session_model(struct session *s);
struct loop *session_loop(struct session *s);
struct door *session_door(struct session *s);

/* "no daemon of timebus runs in DIR" and what to do about it, on stderr. CLI_NOT_REACHED. */
int session_nobody(const struct session *s);

#endif
