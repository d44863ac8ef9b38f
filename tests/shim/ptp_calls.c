/* SPDX-License-Identifier: MIT */
/* ptp_calls.c - the calls on the device, and those that would set a clock. */
#include "tests/shim/ptp.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/timex.h>

typedef int (*gettime_fn)(clockid_t, struct timespec *);
typedef int (*adjtimex_fn)(struct timex *);
typedef int (*clock_adjtime_fn)(clockid_t, struct timex *);

/* Linux 6.7 */
#define MASK_CLEAR_ALL _IO(PTP_CLK_MAGIC, 19)
#define MASK_EN_SINGLE _IOW(PTP_CLK_MAGIC, 20, unsigned int)

bool double_is(const char *path)
{
	size_t n = path ? strlen(path) : 0;

	ptp_init();
	for (const char *p = ptp.paths; n && (p = strstr(p, path)) != NULL; p += n)
		if ((p == ptp.paths || p[-1] == ':') && (!p[n] || p[n] == ':'))
			return true;
	return false;
}

int double_there(void)
{
	char text[256];

	ptp_control(text, sizeof(text));
	return shim_has_word(text, "gone") ? -ENOENT : 0;
}

int double_open(int flags)
{
	int rc = double_there();

	return rc < 0 ? rc : shim_open_null(flags);
}

static int do_caps(struct ptp_clock_caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	caps->max_adj = 100000;
	caps->cross_timestamping = ptp.precise;
	return 0;
}

int double_ioctl(int fd, unsigned long request, void *arg)
{
	char control[256];
	int rc;

	ptp_control(control, sizeof(control));
	if (request == PTP_CLOCK_GETCAPS || request == PTP_CLOCK_GETCAPS2)
		return shim_has_word(control, "gone") ? -ENODEV : do_caps(arg);
	if (request == PTP_PIN_SETFUNC)
		return ((struct ptp_pin_desc *)arg)->index < 4 ? 0 : -EINVAL;
	if (request == PTP_EXTTS_REQUEST)
		return ptp_extts(fd, arg);
	if (request == MASK_CLEAR_ALL || request == MASK_EN_SINGLE)
		return ptp_extts_mask(fd, request == MASK_EN_SINGLE ? arg : NULL);
	rc = ptp_injected(control);
	if (rc < 0)
		return rc;
	switch (request) {
	case PTP_SYS_OFFSET_PRECISE:
	case PTP_SYS_OFFSET_PRECISE2:
		return ptp_precise(arg, control);
	case PTP_SYS_OFFSET_EXTENDED:
	case PTP_SYS_OFFSET_EXTENDED2:
		return ptp_extended(arg, control);
	case PTP_SYS_OFFSET:
	case PTP_SYS_OFFSET2:
		return ptp_plain(arg, control);
	default:
		return -ENOTTY;
	}
}

static bool is_our_interface(const struct ifreq *request)
{
	const struct ethtool_cmd *cmd = (const void *)request->ifr_data;

	return ptp.iface && strncmp(request->ifr_name, ptp.iface, IFNAMSIZ) == 0 &&
	       cmd->cmd == ETHTOOL_GET_TS_INFO;
}

static int fake_ts_info(const struct ifreq *request)
{
	struct ethtool_ts_info *info = (void *)request->ifr_data;

	info->phc_index = atoi(ptp.paths + strcspn(ptp.paths, "0123456789"));
	return 0;
}

bool double_takes(unsigned long request, void *arg, int *ret_rc)
{
	ptp_init();
	if (request != SIOCETHTOOL || !is_our_interface(arg))
		return false;
	*ret_rc = fake_ts_info(arg);
	return true;
}

static int fd_of(clockid_t id)
{
	unsigned int fd = ~(unsigned int)(id >> 3);

	return id < 0 && (id & 7) == 3 && shim_owns((int)fd) ? (int)fd : -1;
}

EXPORT int clock_gettime(clockid_t id, struct timespec *ret)
{
	char control[256];
	int64_t ns;
	int rc;

	if (fd_of(id) < 0) {
		static gettime_fn next;

		if (!next)
			next = (gettime_fn)shim_next("clock_gettime");
		return next(id, ret);
	}
	ptp_control(control, sizeof(control));
	rc = ptp.gettime ? ptp_injected(control) : -EOPNOTSUPP;
	if (rc < 0)
		return shim_answer(rc);
	ns = ptp_at(shim_now(CLOCK_MONOTONIC_RAW), control);
	ret->tv_sec = ns / NS;
	ret->tv_nsec = ns % NS;
	return 0;
}

/* ---- nobody sets a clock ---- */

static int refuse_steering(const char *what)
{
	static bool said;

	if (!said)
		fprintf(stderr, "ptpshim: %s refused: no clock is set under this double\n", what);
	said = true;
	return shim_answer(-EPERM);
}

EXPORT int clock_adjtime(clockid_t id, struct timex *tx)
{
	if (tx->modes)
		return refuse_steering("clock_adjtime");
	if (fd_of(id) < 0)
		return ((clock_adjtime_fn)shim_next("clock_adjtime"))(id, tx);
	memset(tx, 0, sizeof(*tx));
	return 0;
}

EXPORT int adjtimex(struct timex *tx)
{
	return tx->modes ? refuse_steering("adjtimex") : ((adjtimex_fn)shim_next("adjtimex"))(tx);
}

EXPORT int ntp_adjtime(struct timex *tx)
{
	return adjtimex(tx);
}

EXPORT int clock_settime(clockid_t id, const struct timespec *t)
{
	(void)id;
	(void)t;
	return refuse_steering("clock_settime");
}

EXPORT int settimeofday(const struct timeval *t, const struct timezone *tz)
{
	(void)t;
	(void)tz;
	return refuse_steering("settimeofday");
}

EXPORT int adjtime(const struct timeval *delta, struct timeval *old)
{
	(void)delta;
	(void)old;
	return refuse_steering("adjtime");
}
