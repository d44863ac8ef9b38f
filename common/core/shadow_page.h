/* SPDX-License-Identifier: MIT */
/*
 * shadow_page.h - time and its error bound for applications, in shared memory. Pure.
 *
 * disciplined keeps one page, <run_dir>/shadow, whatever clock it steers. An application maps it
 * read-only, reads CLOCK_MONOTONIC_RAW and gets UTC, a bound on its error and a status, without a
 * system call of ours and with nothing linked but libc: this header and shadow_page.c stand alone
 * beside tstime. All numbers are in native byte order; the page is of one machine and one boot.
 *
 *   offset  size  page
 *        0     8  magic           SHADOW_PAGE_MAGIC; written last when a page is made
 *        8     4  size            of the whole page, SHADOW_PAGE_SIZE
 *       12     2  version         1; a reader refuses others
 *       14     2  slot_size       192
 *       16     4  generation      0 nothing yet; else slot[generation & 1] is the one in force
 *       20     4  (zero)
 *       24     8  oscillator      0: raw times are the kernel's CLOCK_MONOTONIC_RAW. Else a test
 *                                 bends the raw clock, and only its own programs can read the page
 *       32    16  boot_id         of the kernel (random/boot_id)
 *       48    16  (zero)
 *       64   192  slot[0]
 *      256   192  slot[1]
 *
 *   offset  size  slot: a line with one bend and at most one leap
 *        0     8  raw_ns          raw instant at which the line starts
 *        8     8  utc_ns          POSIX time there
 *       16     8  rate_ppb        double: faster than the raw clock by this, until the bend
 *       24     8  bend_raw_ns     end of a slew; INT64_MAX: none
 *       32     8  base_ppb        double: the rate from the bend on
 *       40     8  leap_raw_ns     from here on leap_step_ns is added; INT64_MAX: none
 *       48     8  leap_step_ns    -1e9 second inserted, 1e9 removed, 0 none
 *       56     8  bound_ns        |error| is at most this at raw_ns, what is still slewed included
 *       64     8  drift_ppb       double: and grows by this
 *       72     8  void_raw_ns     from here on the status is "unsynchronised"
 *       80     8  offset_ns       true time minus the line at raw_ns, as estimated
 *       88     4  mode            0 nothing is steered, 1 CLOCK_REALTIME, 2 this page alone
 *       92     4  status          0 unsynchronised, 1 synchronised, 2 holdover
 *       96     4  leap            0 none, 1 insert, 2 remove, 3 not synchronised
 *      100     4  tai_s           TAI minus UTC; 0 not known
 *      104     4  stratum
 *      108     4  refid
 *      112     8  root_delay_ns
 *      120     8  root_dispersion_ns   at raw_ns
 *      128     8  reference_utc_ns     when the estimate behind it was made
 *      136     8  disruption      changes when history became void (suspend, migration)
 *      144     8  steps           steps made since the page was made
 *      152     8  skew_ppb        double: standard deviation of base_ppb, as estimated
 *      160     8  offset_sd_ns    double: standard deviation of the line, as estimated
 *      168    24  (zero)
 *
 * The writer fills the slot not in force, then advances generation with release order (skipping 0
 * at the wrap). A writer that is killed at any moment leaves the former line whole. A reader loads
 * generation with acquire order, copies the slot, and takes the copy if generation is unchanged.
 * The line goes on without its writer; a slew ends by itself at the bend.
 *
 * In mode 1 the page tells about CLOCK_REALTIME: the bound holds for a reading of that clock too.
 */
#ifndef TB_SHADOW_PAGE_H
#define TB_SHADOW_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define SHADOW_PAGE_MAGIC   UINT64_C(0x31535542454d4954) /* "TIMEBUS1" on a little-endian machine */
#define SHADOW_PAGE_VERSION 1
#define SHADOW_PAGE_SIZE    448
#define SHADOW_NEVER	    INT64_MAX
#define SHADOW_RATE_MAX_PPB 1.5e8 /* a slew at 100000 ppm over a clock 500 ppm off, with margin */

enum shadow_mode { SHADOW_MODE_NONE, SHADOW_MODE_REALTIME, SHADOW_MODE_SHADOW };

enum shadow_status { SHADOW_UNSYNCHRONISED, SHADOW_SYNCHRONISED, SHADOW_HOLDOVER };

struct shadow_line {
	int64_t raw_ns;
	int64_t utc_ns;
	double rate_ppb;
	int64_t bend_raw_ns;
	double base_ppb;
	int64_t leap_raw_ns;
	int64_t leap_step_ns;
	int64_t bound_ns;
	double drift_ppb;
	int64_t void_raw_ns;
	int64_t offset_ns;
	uint32_t mode;
	uint32_t status;
	uint32_t leap;
	int32_t tai_s;
	uint32_t stratum;
	uint32_t refid;
	int64_t root_delay_ns;
	int64_t root_dispersion_ns;
	int64_t reference_utc_ns;
	uint64_t disruption;
	uint64_t steps;
	double skew_ppb;
	double offset_sd_ns;
	uint64_t zero[3];
};

struct shadow_page {
	uint64_t magic;
	uint32_t size;
	uint16_t version;
	uint16_t slot_size;
	uint32_t generation;
	uint32_t zero1;
	uint64_t oscillator;
	uint8_t boot_id[16];
	uint64_t zero2[2];
	struct shadow_line slot[2];
};

/* What an application wants. utc is the middle; the truth lies in [earliest, latest]. */
struct shadow_time {
	struct ts_utc utc, earliest, latest;
	enum shadow_status status;
};

/* The line without bound or status: for the clock itself. Any line is safe to ask. */
struct ts_utc shadow_line_utc(const struct shadow_line *line, struct ts_raw raw);

/* The raw instant at which the line first shows utc, the leap left out of account. */
struct ts_raw shadow_line_when(const struct shadow_line *line, struct ts_utc utc);

/* Rate in force at an instant, ppb. */
double shadow_line_rate_ppb(const struct shadow_line *line, struct ts_raw raw);

/* The bound carried to an instant, ns; saturates. An instant before the line's start gets the
 * bound of the start and growth for the distance. */
int64_t shadow_line_bound_ns(const struct shadow_line *line, struct ts_raw raw);

void shadow_line_time(const struct shadow_line *line, struct ts_raw raw, struct shadow_time *ret);

/* Another process may have scribbled: 0, or -ERANGE if a field cannot be. */
int shadow_line_check(const struct shadow_line *line);

/* Makes a new page. Readers of a former content see "nothing yet" first. */
void shadow_page_init(struct shadow_page *page, uint64_t oscillator, const uint8_t boot_id[16]);

/* Puts a line in force. */
void shadow_page_publish(struct shadow_page *page, const struct shadow_line *line);

/*
 * Copies the line in force; mapped is the size of the mapping. 0; -ENODATA nothing published yet;
 * -EPROTO no page, or of another version; -EAGAIN the writer was faster a thousand times;
 * -ERANGE as shadow_line_check(). *ret is untouched on failure.
 */
int shadow_page_read(const struct shadow_page *page, size_t mapped, struct shadow_line *ret);

#endif
