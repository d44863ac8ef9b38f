/* SPDX-License-Identifier: MIT */
/*
 * ptp4l_link.h - datagrams to and from ptp4l's management socket.
 */
#ifndef TB_PHC2SHM_PTP4L_LINK_H
#define TB_PHC2SHM_PTP4L_LINK_H

#include "phc2shm/core/ptp4l.h"

struct ptp4l_link {
	const char *path;
	int fd; /* -1: not connected; ptp4l may come later, or again */
	struct ptp4l ptp4l;
};

/* Takes what has arrived and asks when it is time. Never waits. */
void ptp4l_link_turn(struct ptp4l_link *l, int64_t now_ns);

void ptp4l_link_close(struct ptp4l_link *l);

#endif
