/* SPDX-License-Identifier: MIT */
/* signals.h - signals of a program that ends or reloads by them, as a descriptor of its loop. */
#ifndef TB_SIGNALS_H
#define TB_SIGNALS_H

/* Blocks SIGINT, SIGTERM and SIGHUP, which come through the signalfd from here on, and ignores
 * SIGPIPE. Before any thread exists, so that every thread inherits the mask. The descriptor, or
 * negative errno. */
int signals_take(void);

#endif
