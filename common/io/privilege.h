/* SPDX-License-Identifier: MIT */
/* privilege.h - only disciplined may hold the right to set clocks. */
#ifndef TB_PRIVILEGE_H
#define TB_PRIVILEGE_H

#include <stdbool.h>

/*
 * Gives up CAP_SYS_TIME for good: effective, permitted, inheritable, ambient and, where that is
 * allowed, the bounding set. Of the calling thread and those it makes later: call it before there
 * are others. 0 (also when it was not held), or negative errno if it is still held.
 */
int privilege_drop_time(void);

/* True if CAP_SYS_TIME is in the effective set of the calling thread. */
bool privilege_has_time(void);

#endif
