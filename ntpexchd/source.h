/* SPDX-License-Identifier: MIT */
/*
 * source.h - one association (core/ntp_client.h) with its socket on the loop.
 *
 * The socket is connected, so that the kernel drops datagrams of anybody else, on a port that the
 * kernel chose. It is kept while answers come: another port may mean another path through load
 * balancers and NAT, with another delay (RFC 9109 section 3 asks for a port per association for
 * this reason; forgery is the cookie's business). After eight polls without answer a new one is
 * taken, in case the mapping of the old one is what broke.
 */
#ifndef NTPEXCHD_SOURCE_H
#define NTPEXCHD_SOURCE_H

#include "common/io/stage.h"
#include "ntpexchd/config.h"
#include "ntpexchd/core/ntp_client.h"
#include "ntpexchd/nic.h"
#include "ntpexchd/udp.h"

/* What all sources share; config may be replaced by a reload. */
struct source_env {
	struct stage_host *host;
	const struct config *config;
	struct nics *nics;
	uint64_t seed;
	uint64_t created; /* counts sources, for their seeds */
};

struct source {
	struct source_env *env;
	struct ntp_client core;
	bool has_address;
	union udp_address address;
	int fd; /* -1: none now */
	bool transmit_stamps;
	bool wants_other; /* another address would be welcome; the owner clears it */
};

/* name: on the bus. NULL when out of memory. */
struct source *source_new(
	struct source_env *env, const struct config_source *config, const char *name);
/* Tells that the source is gone, then frees it. */
void source_remove(struct source **s);
/* Frees it without a word: the daemon ends. */
void source_destroy(struct source **s);

void source_set_address(struct source *s, const union udp_address *address);
/* Another socket with the next request. */
void source_close(struct source *s);

/* Does what the association asks for. To be called after each event that it was given. */
void source_drain(struct source *s);

#endif
