/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - host names to addresses without blocking: getaddrinfo() in a thread per lookup, which
 * ends with it, and a pipe back to the loop. At most RESOLVE_THREADS at a time; others queue.
 *
 * With TIMEBUS_SYNC_DNS=1 in the environment names are looked up in the calling thread: for the
 * system-call simulator, which knows one thread only.
 */
#ifndef NTPEXCHD_RESOLVE_H
#define NTPEXCHD_RESOLVE_H

#include "common/io/loop.h"
#include "ntpexchd/udp.h"

#define RESOLVE_THREADS	  4
#define RESOLVE_ADDRESSES 16

struct resolver;

struct resolve_answer {
	char error[128]; /* "" if count > 0 */
	int count;
	union udp_address
		address[RESOLVE_ADDRESSES]; /* in the resolver library's order, no twins */
};

typedef void (*resolve_fn)(void *arg, const struct resolve_answer *answer);

struct resolver *resolver_new(struct loop *loop);
/* Answers that are still under way are dropped; never waits for them. */
void resolver_destroy(struct resolver **r);

/* Looks name up; family AF_UNSPEC, AF_INET or AF_INET6. fn is called later from the loop (or at
 * once, see above). One lookup per arg at a time: 0, -EALREADY, or another negative errno. */
int resolver_start(
	struct resolver *r, const char *name, int family, uint16_t port, resolve_fn fn, void *arg);
/* fn of this arg will not be called any more. */
void resolver_cancel(struct resolver *r, void *arg);

#endif
