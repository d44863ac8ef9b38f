/* SPDX-License-Identifier: MIT */
/*
 * output.h - where samples go: NTP SHM segments, a chrony SOCK socket, or both.
 */
#ifndef TB_PHC2SHM_OUTPUT_H
#define TB_PHC2SHM_OUTPUT_H

#include <stdbool.h>
#include "common/io/ntpshm.h"
#include "phc2shm/options.h"

/* A place that samples go to. */
struct output_place {
	struct ntpshm shm; /* unit of the segment; not attached for a socket */
	unsigned int puts; /* since the segment was last looked up */
	bool failing;
};

struct output {
	const struct options *options;
	int count; /* of segments, 0 if there is none to write to */
	struct output_place segment[OPTIONS_SEGMENTS_MAX];
	struct output_place socket;
	int fd; /* of the socket; -1: not connected */
};

/* Negative errno with a reason in error: a segment cannot be had. A socket that is not there is a
 * state: whoever makes it may come later. */
int output_open(struct output *o, const struct options *options, char error[OPTIONS_TEXT_SIZE]);

/* Hands out a sample, to all places. False with a text in error when that fails at one of them for
 * the first time in a row. */
bool output_put(
	struct output *o, const struct ntpshm_sample *sample, char error[OPTIONS_TEXT_SIZE]);

/* Withdraws the last sample, where it can be withdrawn. */
void output_clear(struct output *o);
void output_close(struct output *o);

#endif
