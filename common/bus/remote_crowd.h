/* SPDX-License-Identifier: MIT */
/*
 * remote_crowd.h - how many may be connected to a relay at a time. Private to common/bus.
 *
 * libzmq takes every TCP connection, whoever makes it, and at the last descriptor of the process
 * its I/O thread spins on one that it cannot take. So connections are counted by what its monitor
 * tells; at the limit the listening socket gets a filter that lets no packet through (closing it
 * would end the connections, which libzmq makes its children), until one has gone. Who is connected
 * stays so. A stranger is gone after the time that handshakes have.
 */
#ifndef TB_REMOTE_CROWD_H
#define TB_REMOTE_CROWD_H

#include "common/bus/remote_private.h"

struct remote_crowd {
	unsigned int most, count;
	int listening; /* libzmq's descriptor, -1 not known */
	bool shut;
	struct bus_socket monitor;
	void *watched;
	/* There is no more room (true), there is again (false). */
	void (*full)(void *arg, bool full);
	void *arg;
};

/* Watches a socket that is not bound yet; most, full and arg are set, the rest is zero. 0 or
 * negative errno. */
int remote_crowd_open(struct remote_crowd *c, void *context, void *socket, struct loop *loop);
/* Before the socket is closed; harmless where it was not opened. */
void remote_crowd_close(struct remote_crowd *c);

/* Call from the loop's idle hook; true if there was anything. */
bool remote_crowd_drain(struct remote_crowd *c);

#endif
