/* SPDX-License-Identifier: MIT */
#include "common/io/phc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BUSY_TRIES 3

/* The kernel's struct with the clock id in the word that older headers call reserved. */
struct sys_offset_extended {
	unsigned int n_samples;
	unsigned int clock_id;
	unsigned int reserved[2];
	struct ptp_clock_time ts[PHC_BATCH_MAX][3];
};
_Static_assert(sizeof(struct sys_offset_extended) == sizeof(struct ptp_sys_offset_extended),
	"layout of the kernel");
_Static_assert(PHC_BATCH_MAX == PTP_MAX_SAMPLES, "limit of the kernel");

static int64_t read_clock(clockid_t id)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t phc_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t phc_realtime_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

static clockid_t system_clock(enum phc_scale scale)
{
	return scale == PHC_SCALE_RAW ? CLOCK_MONOTONIC_RAW : CLOCK_REALTIME;
}

/* Drivers have been seen to fill in anything. A time out of range becomes one that
 * phc_reading_best() leaves out. */
static int64_t stamp_ns(const struct ptp_clock_time *t)
{
	if (t->sec < 0 || t->sec >= INT64_MAX / NS_PER_S || t->nsec >= NS_PER_S)
		return -1;
	return (int64_t)t->sec * NS_PER_S + t->nsec;
}

static int tried_ioctl(int fd, unsigned long request, void *arg)
{
	int err = 0;

	for (int i = 0; i < BUSY_TRIES; i++) {
		if (ioctl(fd, request, arg) == 0)
			return 0;
		err = errno;
		if (err != EBUSY && err != EINTR)
			break;
	}
	return err == EINTR ? -EBUSY : -err;
}

static int read_precise(struct phc *phc, enum phc_scale scale, struct phc_batch *ret)
{
	struct ptp_sys_offset_precise x;
	int64_t system_ns;
	int rc;

	memset(&x, 0, sizeof(x));
	rc = tried_ioctl(phc->fd, PTP_SYS_OFFSET_PRECISE, &x);
	if (rc < 0)
		return rc;
	system_ns = stamp_ns(scale == PHC_SCALE_RAW ? &x.sys_monoraw : &x.sys_realtime);
	ret->scale = scale;
	ret->count = 1;
	ret->reading[0] = (struct phc_reading){system_ns, stamp_ns(&x.device), system_ns};
	return 0;
}

/* A kernel or a simulator that does not look at the clock id answers with CLOCK_REALTIME. */
static bool lies_between(const struct phc_batch *batch, int64_t from_ns, int64_t to_ns)
{
	for (int i = 0; i < batch->count; i++)
		if (batch->reading[i].before_ns < from_ns || batch->reading[i].after_ns > to_ns)
			return false;
	return true;
}

static int read_extended_of(struct phc *phc, clockid_t clock, int readings, struct phc_batch *ret)
{
	struct sys_offset_extended x;
	int rc;

	memset(&x, 0, sizeof(x));
	x.n_samples = (unsigned int)readings;
	x.clock_id = (unsigned int)clock;
	rc = tried_ioctl(phc->fd, PTP_SYS_OFFSET_EXTENDED, &x);
	if (rc < 0)
		return rc;
	ret->count = readings;
	for (int i = 0; i < readings; i++)
		ret->reading[i] = (struct phc_reading){
			stamp_ns(&x.ts[i][0]), stamp_ns(&x.ts[i][1]), stamp_ns(&x.ts[i][2])};
	return 0;
}

static int read_extended(struct phc *phc, enum phc_scale scale, int readings, struct phc_batch *ret)
{
	if (scale == PHC_SCALE_RAW && !phc->no_raw) {
		int64_t from_ns = read_clock(CLOCK_MONOTONIC_RAW);
		int rc = read_extended_of(phc, CLOCK_MONOTONIC_RAW, readings, ret);

		if (rc == 0 && lies_between(ret, from_ns, read_clock(CLOCK_MONOTONIC_RAW))) {
			ret->scale = PHC_SCALE_RAW;
			return 0;
		}
		if (rc < 0 && rc != -EINVAL)
			return rc;
		phc->no_raw = true;
	}
	ret->scale = PHC_SCALE_REAL;
	return read_extended_of(phc, CLOCK_REALTIME, readings, ret);
}

static int read_plain(struct phc *phc, int readings, struct phc_batch *ret)
{
	struct ptp_sys_offset x;
	int rc;

	memset(&x, 0, sizeof(x));
	x.n_samples = (unsigned int)readings;
	rc = tried_ioctl(phc->fd, PTP_SYS_OFFSET, &x);
	if (rc < 0)
		return rc;
	ret->scale = PHC_SCALE_REAL;
	ret->count = readings;
	for (int i = 0; i < readings; i++)
		ret->reading[i] = (struct phc_reading){stamp_ns(&x.ts[2 * i]),
			stamp_ns(&x.ts[2 * i + 1]), stamp_ns(&x.ts[2 * i + 2])};
	return 0;
}

int phc_read_gettime(struct phc *phc, enum phc_scale scale, int readings, struct phc_batch *ret)
{
	/* linux: a descriptor of a character device as a dynamic clock id */
	clockid_t id = (clockid_t)((~(unsigned int)phc->fd << 3) | 3);
	int64_t before_ns = read_clock(system_clock(scale));

	if (readings < 1 || readings > PHC_BATCH_MAX)
		return -EINVAL;
	ret->method = PHC_METHOD_GETTIME;
	ret->scale = scale;
	ret->count = readings;
	for (int i = 0; i < readings; i++) {
		struct timespec t;
		int64_t after_ns;

		if (clock_gettime(id, &t) < 0)
			return errno == EINVAL ? -EOPNOTSUPP : -errno;
		after_ns = read_clock(system_clock(scale));
		ret->reading[i] = (struct phc_reading){
			before_ns, (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec, after_ns};
		before_ns = after_ns;
	}
	return 0;
}

static int read_by(struct phc *phc, enum phc_method method, enum phc_scale scale, int readings,
	struct phc_batch *ret)
{
	ret->method = method;
	switch (method) {
	case PHC_METHOD_PRECISE:
		return phc->nocrossts ? -EOPNOTSUPP : read_precise(phc, scale, ret);
	case PHC_METHOD_EXTENDED:
		return read_extended(phc, scale, readings, ret);
	case PHC_METHOD_PLAIN:
		return read_plain(phc, readings, ret);
	case PHC_METHOD_GETTIME:
		return phc_read_gettime(phc, scale, readings, ret);
	case PHC_METHOD_NONE:
		break;
	}
	return -EINVAL;
}

/* True for errors that say something about the device and not about the method. */
static bool is_final(int rc)
{
	return rc == -EBUSY || rc == -ENODEV || rc == -ENXIO || rc == -EBADF;
}

static int probe(struct phc *phc, enum phc_scale scale, int readings, struct phc_batch *ret)
{
	int rc = -EOPNOTSUPP;

	for (int m = PHC_METHOD_PRECISE; m <= PHC_METHOD_GETTIME; m++) {
		int now = read_by(phc, (enum phc_method)m, scale, readings, ret);

		if (now == 0) {
			phc->method = (enum phc_method)m;
			return 0;
		}
		if (is_final(now))
			return now;
		/* the last that is not "cannot" tells most */
		if (now != -EOPNOTSUPP && now != -EINVAL && now != -ENOTTY)
			rc = now;
	}
	return rc;
}

int phc_read(struct phc *phc, enum phc_scale scale, int readings, struct phc_batch *ret)
{
	struct phc_batch batch;
	int rc = -EOPNOTSUPP;

	if (readings < 1 || readings > PHC_BATCH_MAX)
		return -EINVAL;
	if (phc->method != PHC_METHOD_NONE)
		rc = read_by(phc, phc->method, scale, readings, &batch);
	/* A method can stop working: PRECISE of a guest ends when its clock source changes. */
	if (rc < 0 && !is_final(rc))
		rc = probe(phc, scale, readings, &batch);
	if (rc == -ENXIO || rc == -EBADF)
		rc = -ENODEV;
	if (rc < 0)
		return rc;
	/* most of the room is empty */
	ret->method = batch.method;
	ret->scale = batch.scale;
	ret->count = batch.count;
	memcpy(ret->reading, batch.reading, (size_t)batch.count * sizeof(batch.reading[0]));
	return rc;
}

int phc_open(const char *what, bool nocrossts, struct phc *ret, char error[PHC_ERROR_SIZE])
{
	struct phc phc = {.nocrossts = nocrossts};
	struct ptp_clock_caps caps;
	int rc = phc_resolve(what, phc.path, error);

	if (rc < 0)
		return rc;
	phc.fd = open(phc.path, O_RDONLY | O_CLOEXEC);
	if (phc.fd < 0) {
		rc = errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
		(void)snprintf(
			error, PHC_ERROR_SIZE, "cannot open %s: %s", phc.path, strerror(-rc));
		return rc;
	}
	memset(&caps, 0, sizeof(caps));
	if (ioctl(phc.fd, PTP_CLOCK_GETCAPS, &caps) < 0) {
		rc = errno == ENODEV ? -ENODEV : -ENOTTY;
		(void)close(phc.fd);
		(void)snprintf(error, PHC_ERROR_SIZE, "%s is %s", phc.path,
			rc == -ENODEV ? "gone" : "not a PTP clock");
		return rc;
	}
	(void)phc_clock_name(phc_index_of(phc.path), phc.name);
	*ret = phc;
	return 0;
}

void phc_close(struct phc *phc)
{
	if (phc->fd >= 0)
		(void)close(phc->fd);
	phc->fd = -1;
	phc->method = PHC_METHOD_NONE;
	phc->no_raw = false;
}
