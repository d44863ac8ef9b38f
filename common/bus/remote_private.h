/* SPDX-License-Identifier: MIT */
/* remote_private.h - what both ends of the remote bus share. */
#ifndef TB_REMOTE_PRIVATE_H
#define TB_REMOTE_PRIVATE_H

#include <zmq.h>
#include "common/bus/bus_socket.h"
#include "common/bus/remote.h"

/* A dead connection is given up after 10 s: what was said is never older than that on arrival. */
#define REMOTE_HEARTBEAT_MS	    3000
#define REMOTE_HEARTBEAT_TIMEOUT_MS 10000
#define REMOTE_QUEUE		    16 /* messages: a slow listener loses old ones */

struct remote_option {
	int option, value;
};

/* Sets what both ends have in common, then the list (ends with option 0). 0 or negative errno. */
int remote_options(void *socket, const struct remote_option *more);

/* Ends the context of a listener, whose sockets are closed, without waiting: its I/O thread may be
 * looking up a name. */
void remote_context_end(void *context);

#endif
