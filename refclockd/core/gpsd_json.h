/* SPDX-License-Identifier: MIT */
/*
 * gpsd_json.h - the few objects of gpsd's JSON stream that tell the time (gpsd_json(5)). Pure.
 *
 * One line is one object. Of its members only those in gpsd_number below are taken, all of them
 * whole numbers, and two strings; everything else is skipped, whatever it holds. libgps is not
 * used: its connect and its reads wait, and its structs change with its version.
 */
#ifndef TB_GPSD_JSON_H
#define TB_GPSD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/core/tstime.h"

#define GPSD_DEVICE_SIZE  64
#define GPSD_MESSAGE_SIZE 80

enum gpsd_class {
	GPSD_OTHER,
	GPSD_VERSION, /* the greeting */
	GPSD_TPV,     /* fix */
	GPSD_SKY,     /* satellites */
	GPSD_TOFF,    /* arrival of the serial message that tells the second */
	GPSD_PPS,     /* pulse */
	GPSD_ERROR
};

enum gpsd_number {
	GPSD_MODE, /* of TPV: 0 unknown, 1 no fix, 2 2D, 3 3D */
	GPSD_REAL_SEC,
	GPSD_REAL_NSEC, /* time of the receiver ... */
	GPSD_CLOCK_SEC,
	GPSD_CLOCK_NSEC, /* ... when CLOCK_REALTIME was this */
	GPSD_PRECISION,	 /* log2 s */
	GPSD_QERR,	 /* ps that the receiver's own steps put the pulse off by */
	GPSD_NSAT,
	GPSD_USAT, /* satellites seen, and used */
	GPSD_PROTO_MAJOR,
	GPSD_NUMBERS
};

struct gpsd_object {
	enum gpsd_class class;
	bool has[GPSD_NUMBERS];
	int64_t number[GPSD_NUMBERS];
	char device[GPSD_DEVICE_SIZE];	 /* "" if none; cut if too long */
	char message[GPSD_MESSAGE_SIZE]; /* of ERROR */
};

/*
 * One line, without its end. cut: the line went on, and text is its beginning; members before the
 * cut are taken, but only SKY (which is long) and OTHER can be such. 0, or -EBADMSG.
 */
int gpsd_json_parse(const char *text, size_t size, bool cut, struct gpsd_object *ret);

/* The pair of a TOFF or PPS object. -EBADMSG: it is not complete, or no time after 1970. */
int gpsd_json_pair(const struct gpsd_object *o, struct ts_utc *ret_real, struct ts_utc *ret_clock);

/* Uncertainty of that pair: precision, 1 us if there is none, and quantisation. */
int64_t gpsd_json_error_ns(const struct gpsd_object *o);

#endif
