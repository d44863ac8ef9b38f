/* SPDX-License-Identifier: MIT */
/*
 * vmclock_page.h - the page in which a hypervisor tells a guest the time (linux
 * uapi/linux/vmclock-abi.h; the offsets and flag numbers are the header's, which differ from the
 * text of the specification in the generation counter). Pure.
 *
 * Time is a line from a counter of the processor. All fields are little endian.
 */
#ifndef TB_VMCLOCK_PAGE_H
#define TB_VMCLOCK_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/bus/msg.h"
#include "common/core/tstime.h"

#define VMCLOCK_PAGE_SIZE	112
#define VMCLOCK_SIZE_MIN	104 /* without the generation counter */
#define VMCLOCK_SEQUENCE_OFFSET 12

enum vmclock_counter { VMCLOCK_ARM_VCNT = 0, VMCLOCK_X86_TSC = 1, VMCLOCK_NO_COUNTER = 0xff };

struct vmclock {
	uint32_t sequence;
	uint8_t counter, time_type, status, period_shift;
	uint64_t marker; /* changes with each disruption: the guest was moved */
	bool has_generation;
	uint64_t generation; /* changes when a snapshot is restored */
	uint64_t flags;
	int tai_offset_s;
	uint8_t leap_indicator;
	uint64_t counter_value, period_frac, period_error, period_max_error;
	uint64_t time_s, time_frac, time_error_ns, time_max_error_ns;
};

/* Takes a copy of the page apart. -EBADMSG: not such a page, or of an unknown version. */
int vmclock_parse(const unsigned char page[VMCLOCK_PAGE_SIZE], struct vmclock *ret);

struct vmclock_time {
	struct ts_utc utc;
	int64_t error_ns; /* estimated by the host; 0 not told */
	int64_t bound_ns; /* maximum error; 0 not told */
	enum leap leap;
};

/*
 * Time when the counter showed `counter`. -EOPNOTSUPP: the page has no time, or one that is
 * neither UTC nor TAI with a known offset; -EAGAIN: not synchronised at all; -ERANGE: the counter
 * is out of what the page can be extended to (a day).
 */
int vmclock_time_at(const struct vmclock *c, uint64_t counter, struct vmclock_time *ret);

#endif
