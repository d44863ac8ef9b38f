/* SPDX-License-Identifier: MIT */
/*
 * bus_admit.h - who may say what. Private to common/bus; does no I/O. Used on both sides: before a
 * message is sent and when it arrives.
 */
#ifndef TB_BUS_ADMIT_H
#define TB_BUS_ADMIT_H

#include "common/bus/msg.h"

#define BUS_NAMES_MAX 128 /* sources of one publisher */

/* Names of sources that belong to a publisher: the first that used one holds it until it says that
 * the source is removed. */
struct bus_names {
	unsigned int count;
	char names[BUS_NAMES_MAX][64];
};

/* NULL if that daemon may publish this message, else why not. */
const char *bus_admit(const char *publisher, const struct msg *m);

/* The name of a source that the message speaks for, or NULL. */
const char *bus_source_of(const struct msg *m);

bool bus_names_has(const struct bus_names *n, const char *name);
/* 0, or -ENOSPC. */
int bus_names_add(struct bus_names *n, const char *name);
void bus_names_remove(struct bus_names *n, const char *name);

#endif
