/* SPDX-License-Identifier: MIT */
/*
 * pps.c - a double of a PPS device at the system-call boundary, to be preloaded.
 *
 *   LD_PRELOAD=.../ppsshim.so PPSSHIM=/dev/pps0 refclockd 'refclock PPS /dev/pps0'
 *
 * Truth is REALNS + (t - RAWNS), t being CLOCK_MONOTONIC_RAW. At each multiple of 1/RATE s of it an
 * edge is asserted, and cleared WIDTH later; the stamps are of CLOCK_REALTIME, as the kernel's.
 *
 *   PPSSHIM=PATH                 the device
 *   PPSSHIM_EPOCH=RAWNS,REALNS   default: when the process began
 *   PPSSHIM_RATE=HZ              default 1
 *   PPSSHIM_WIDTH=NS             default 200000000
 *   PPSSHIM_EDGES=LIST           of assert, clear: what is captured; default assert
 *   PPSSHIM_CONTROL=FILE         a file read at each call with any of the words: gone, off (no
 *                                pulses), repeat (new sequence numbers on the old edge), badstamp
 *                                (not a time), eio
 * Setting the mode is refused as for one without CAP_SYS_TIME.
 */
#include <errno.h>
#include <linux/pps.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/shim/boundary.h"

static struct {
	bool ready;
	const char *path, *control;
	int64_t raw0, real0, width;
	long rate;
	int mode;
	int64_t last_edge[2], last_stamp[2];
	unsigned int sequence[2];
} pps;

static void init(void)
{
	const char *edges = shim_env("PPSSHIM_EDGES", "assert");

	if (pps.ready)
		return;
	pps.ready = true;
	pps.path = shim_env("PPSSHIM", "");
	pps.control = shim_env("PPSSHIM_CONTROL", NULL);
	shim_epoch("PPSSHIM_EPOCH", &pps.raw0, &pps.real0);
	pps.rate = atol(shim_env("PPSSHIM_RATE", "1"));
	pps.width = atoll(shim_env("PPSSHIM_WIDTH", "200000000"));
	pps.mode = (strstr(edges, "assert") ? PPS_CAPTUREASSERT : 0) |
		   (strstr(edges, "clear") ? PPS_CAPTURECLEAR : 0);
}

static bool has_word(const char *word)
{
	char text[128];

	shim_control(pps.control, text, sizeof(text));
	return shim_has_word(text, word);
}

static struct pps_ktime ktime(int64_t ns)
{
	return (struct pps_ktime){.sec = ns / NS, .nsec = (int)(ns % NS)};
}

/* The last edge: 0 asserted, 1 cleared. */
static void edge(int which, struct pps_ktime *ret, unsigned int *ret_sequence)
{
	int64_t raw = shim_now(CLOCK_MONOTONIC_RAW), real = shim_now(CLOCK_REALTIME);
	int64_t behind = which ? pps.width : 0;
	int64_t truth = pps.real0 + raw - pps.raw0 - behind;
	int64_t k = (truth % NS) * pps.rate / NS;
	int64_t marked = truth / NS * NS + (k * NS + pps.rate - 1) / pps.rate;

	if (marked != pps.last_edge[which] && !has_word("off")) {
		if (!has_word("repeat") || !pps.last_edge[which])
			pps.last_stamp[which] = real - (truth - marked);
		pps.last_edge[which] = marked;
		pps.sequence[which]++;
	}
	*ret = ktime(pps.last_stamp[which]);
	if (has_word("badstamp"))
		ret->nsec = -5;
	*ret_sequence = pps.sequence[which];
}

static int fetch(struct pps_fdata *data)
{
	unsigned int n;

	if (data->timeout.flags & PPS_TIME_INVALID || data->timeout.sec || data->timeout.nsec) {
		fprintf(stderr, "ppsshim: a fetch that would wait\n");
		_exit(99);
	}
	memset(&data->info, 0, sizeof(data->info));
	if (pps.mode & PPS_CAPTUREASSERT) {
		edge(0, &data->info.assert_tu, &n);
		data->info.assert_sequence = n;
	}
	if (pps.mode & PPS_CAPTURECLEAR) {
		edge(1, &data->info.clear_tu, &n);
		data->info.clear_sequence = n;
	}
	return 0;
}

int double_ioctl(int fd, unsigned long request, void *arg)
{
	struct pps_kparams *params = arg;

	(void)fd;
	if (has_word("gone"))
		return -ENODEV;
	if (has_word("eio"))
		return -EIO;
	switch (request) {
	case PPS_GETCAP:
		*(int *)arg = PPS_CAPTUREBOTH | PPS_TSFMT_TSPEC;
		return 0;
	case PPS_GETPARAMS:
		memset(params, 0, sizeof(*params));
		params->api_version = PPS_API_VERS_1;
		params->mode = pps.mode;
		return 0;
	case PPS_SETPARAMS:
		return -EPERM;
	case PPS_FETCH:
		return fetch(arg);
	default:
		return -ENOTTY;
	}
}

bool double_is(const char *path)
{
	init();
	return path && *path && strcmp(path, pps.path) == 0;
}

int double_there(void)
{
	return has_word("gone") ? -ENOENT : 0;
}

int double_open(int flags)
{
	int rc = double_there();

	return rc < 0 ? rc : shim_open_null(flags);
}
