/* SPDX-License-Identifier: MIT */
/*
 * options.h - the words of phc2sys (3.1 to 4.4), read for a program that bridges and never steers.
 *
 * Short options as in getopt string arc:d:f:s:E:P:I:S:F:R:N:O:L:M:i:u:wn:xz:l:t:mqvh, long ones
 * --NAME=VALUE for each option of linuxptp's configuration file. Words that steer are read and
 * ignored; -a and -r, which follow the ports of ptp4l, are refused. What the command line says goes
 * before what the file says.
 *
 * Beyond phc2sys: -M and ntpshm_segment take several units, and -E both servos, with commas
 * between (an error there, so no line changes its meaning); leapfile, a word of ts2phc, is where
 * leap seconds are announced from.
 */
#ifndef TB_PHC2SHM_OPTIONS_H
#define TB_PHC2SHM_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_TEXT_SIZE  256
#define OPTIONS_LABEL_SIZE 128
#define OPTIONS_OPTSTRING  "arc:d:f:s:E:P:I:S:F:R:N:O:L:M:i:u:wn:xz:l:t:mqvh"

#define OPTIONS_SEGMENTS_MAX 8

/* Where samples go; any of them together. */
enum options_servo { OPTIONS_NTPSHM = 1 << 0, OPTIONS_REFCLOCK_SOCK = 1 << 1 };

/* What the command line or the file has said, to decide who goes first. */
enum options_item {
	OPTIONS_ITEM_SERVO = 1 << 0,
	OPTIONS_ITEM_SEGMENT = 1 << 1,
	OPTIONS_ITEM_SOCK_ADDRESS = 1 << 2,
	OPTIONS_ITEM_LEVEL = 1 << 3,
	OPTIONS_ITEM_TAG = 1 << 4,
	OPTIONS_ITEM_VERBOSE = 1 << 5,
	OPTIONS_ITEM_SYSLOG = 1 << 6,
	OPTIONS_ITEM_FREE_RUNNING = 1 << 7,
	OPTIONS_ITEM_LEAPFILE = 1 << 8,
	OPTIONS_ITEM_UDS_ADDRESS = 1 << 9,
	OPTIONS_ITEM_DOMAIN = 1 << 10,
	OPTIONS_ITEM_TRANSPORT = 1 << 11
};

struct options {
	unsigned int servo;		       /* -E, clock_servo: of enum options_servo */
	char source[OPTIONS_LABEL_SIZE];       /* -s, -i: device, interface or clock name */
	char sink[OPTIONS_LABEL_SIZE];	       /* -c: CLOCK_REALTIME as it was written */
	bool has_offset;		       /* -O was given */
	int offset_s;			       /* -O: sink minus source */
	int segments;			       /* 1..OPTIONS_SEGMENTS_MAX */
	int segment[OPTIONS_SEGMENTS_MAX];     /* -M, ntpshm_segment: each once */
	char sock_address[OPTIONS_LABEL_SIZE]; /* refclock_sock_address */
	double rate_hz;			       /* -R */
	int readings;			       /* -N */
	unsigned int summary; /* -u: updates in a line of statistics; 0: a line each */
	int level;	      /* -l, logging_level: syslog number */
	bool has_tag;
	char tag[OPTIONS_LABEL_SIZE];	      /* -t, message_tag */
	bool verbose;			      /* -m, verbose: also to stdout and stderr */
	bool syslog;			      /* not -q, use_syslog */
	bool free_running;		      /* free_running: log, give nothing to anybody */
	bool wait;			      /* -w: ptp4l says when and, without -O, by how much */
	char uds_address[OPTIONS_LABEL_SIZE]; /* -z: ptp4l's management socket */
	int domain;			      /* -n: of PTP */
	int transport;			   /* transportSpecific, upper half of PTP's first byte */
	char leapfile[OPTIONS_LABEL_SIZE]; /* "" none */
	char config[OPTIONS_LABEL_SIZE];   /* -f; "" none */
	char ignored[OPTIONS_TEXT_SIZE];   /* words that have no effect, for the notice */
	unsigned int given;		   /* enum options_item, by the command line */
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_HELP,	 /* -h */
	OPTIONS_VERSION, /* -v */
	OPTIONS_WRONG	 /* error says what, and what is allowed */
};

/* Reads a command line. May permute argv, as getopt does. *ret is written in any case. */
enum options_result options_parse(
	struct options *ret, int argc, char **argv, char error[OPTIONS_TEXT_SIZE]);

/*
 * Reads linuxptp's configuration file into what the command line left open. Sections of ports and
 * options of ptp4l are passed over. 0, or negative errno with file, line and reason in error.
 */
int options_read_file(struct options *o, const char *path, char error[OPTIONS_TEXT_SIZE]);

/* One option of the file, or a long one. -ENOENT: linuxptp has none of that name; -EINVAL: bad
 * value. by_command_line: goes before the file. */
int options_set(struct options *o, const char *name, const char *value, bool by_command_line,
	char error[OPTIONS_TEXT_SIZE]);

/* Names of all options of linuxptp's file, ends with NULL. */
extern const char *const options_names[];

void options_usage(const char *program, void *stream);

#endif
