/* SPDX-License-Identifier: MIT */
/*
 * stage.h - one stage of the pipeline, and what it may ask of whoever hosts it.
 *
 * A stage is the whole of a daemon but for its main(): a description (struct stage) and the
 * functions behind it. Two hosts exist: the daemon skeleton (daemon.h: one stage a process, joined
 * by the bus) and the one-process node (tests/solo: all stages in one thread, joined by direct
 * calls). A stage therefore keeps all its state in one struct, has no globals, never blocks, and
 * reaches the world only through the host and its own descriptors on the host's loop.
 *
 * After every callback the host asks for the deadline and re-arms one timer.
 */
#ifndef TB_STAGE_H
#define TB_STAGE_H

#include <stddef.h>
#include "common/bus/msg.h"
#include "common/core/directive.h"
#include "common/core/tstime.h"
#include "common/io/door.h"
#include "common/io/log.h"
#include "common/io/loop.h"

struct stage_host;

/* ---- what a stage may ask ---- */

struct loop *host_loop(struct stage_host *host);
struct door *host_door(struct stage_host *host);

/* Publishes under the topic that follows from the message. The envelope is the host's. The last
 * value of each state topic and the last 64 samples a source are kept for late joiners. */
void host_publish(struct stage_host *host, const struct msg *m);

/* Publishes an event and logs it with the event's severity. source may be NULL. */
void host_event(struct stage_host *host, enum event_code code, const char *source,
	int64_t value_ns, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Takes a descriptor that the service manager passed under that FileDescriptorName; index counts
 * those of the same name. The stage owns it then. -ENOENT when there is none (left). */
int host_take_fd(struct stage_host *host, const char *name, unsigned int index);

/* Does that publisher's socket answer now? Where there are no sockets: yes. */
bool host_connected(const struct stage_host *host, const char *publisher);

/* Directories, without a trailing slash: runtime (/run/timebus) and state (/var/lib/timebus). */
const char *host_run_dir(const struct stage_host *host);
const char *host_state_dir(const struct stage_host *host);

/* A seed for generators: from the kernel, or fixed by a test (TIMEBUS_TEST_SEED). */
uint64_t host_seed(struct stage_host *host);

/* ---- what a stage is ---- */

struct stage_subscription {
	const char *publisher; /* daemon name */
	const char *topic;     /* prefix: "sample." */
};

/*
 * A word of the control socket beside the built-in ones (ping, version, config, reload, stats).
 * argv[0] is the word. The answer goes into reply (text, several lines allowed). Returns 0, or
 * negative errno with a reason in reply.
 */
struct stage_control {
	const char *word;
	const char *usage;
	const char *help;
	int (*run)(void *state, int argc, const char *const *argv, char *reply, size_t reply_size);
};

#define STAGE_PUBLISHES(kind) (1u << MSG_##kind)

struct stage {
	const char *name;    /* of the daemon: "selectd" */
	const char *summary; /* one line for --help and the man page */
	bool sets_clock;     /* keeps CAP_SYS_TIME, which every other stage loses at start */

	const struct directive *directives;
	size_t config_size;

	const struct stage_subscription *subscriptions; /* ends with publisher == NULL */
	unsigned int publishes; /* STAGE_PUBLISHES bits; event and hello go without saying */
	const struct stage_control *controls; /* ends with word == NULL; may be NULL */

	size_t state_size; /* zeroed by the host */

	/* config lives as long as the stage, or until reload() returned. 0 or negative errno: the
	 * environment does not allow it to run at all. A missing device or peer is not such. */
	int (*start)(void *state, const void *config, struct stage_host *host);
	void (*stop)(void *state);
	/* A new configuration that parsed without errors. NULL: cannot, the operator is told so. */
	int (*reload)(void *state, const void *config);

	/* A message of a subscription; already checked, in order for each publisher. */
	void (*message)(void *state, const struct msg *m);
	/* A publisher came back with a new boot id, or messages of it were lost. May be NULL. */
	void (*gap)(void *state, const char *publisher, uint64_t lost);

	struct ts_raw (*deadline)(const void *state);
	void (*expire)(void *state, struct ts_raw now);

	/* One line for the service manager and hello: "4 sources, 3 reachable". */
	void (*status)(const void *state, char *text, size_t text_size);
};

#endif
