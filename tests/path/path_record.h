/* SPDX-License-Identifier: MIT */
/*
 * path_record.h - a recording of a running suite: what passes the bus, and between it the truth.
 * Entries in the order in which they were seen; read it with the build that wrote it.
 */
#ifndef PATH_RECORD_H
#define PATH_RECORD_H

#include "common/bus/msg.h"
#include "common/core/shadow_page.h"

#define PATH_BEND_SIZE 160

struct path_head {
	uint32_t entry_size;
	char bend[PATH_BEND_SIZE]; /* TIMEBUS_TEST_OSCILLATOR, or "" */
};

/* True time at an instant, and what the suite's page said then. */
struct path_look {
	int64_t raw_ns; /* as the suite sees it (bent) */
	int64_t true_ns;
	int64_t real_ns; /* CLOCK_REALTIME then; where that is the truth, the same */
	int64_t width_ns;
	bool has_line;
	struct shadow_line line;
};

enum path_what { PATH_MESSAGE, PATH_LOOK };

struct path_entry {
	enum path_what what;
	int64_t seen_raw_ns;
	union {
		struct msg message;
		struct path_look look;
	} u;
};

#endif
