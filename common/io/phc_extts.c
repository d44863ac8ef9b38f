/* SPDX-License-Identifier: MIT */
#include "common/io/phc_extts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Linux 6.7: each descriptor its own queue, with the channels it wants. */
#define MASK_CLEAR_ALL _IO(PTP_CLK_MAGIC, 19)
#define MASK_EN_SINGLE _IOW(PTP_CLK_MAGIC, 20, unsigned int)
/* Length of the kernel's queue. */
#define QUEUE_MAX 128

static int request(int fd, const struct phc_extts *input, bool on)
{
	struct ptp_extts_request r;

	memset(&r, 0, sizeof(r));
	r.index = (unsigned int)input->channel;
	if (on)
		r.flags =
			PTP_ENABLE_FEATURE | (input->falling ? PTP_FALLING_EDGE : PTP_RISING_EDGE);
	return ioctl(fd, PTP_EXTTS_REQUEST, &r) < 0 ? -errno : 0;
}

static int set_pin(int fd, const struct phc_extts *input)
{
	struct ptp_pin_desc pin;

	if (input->pin == PHC_PIN_NONE)
		return 0;
	memset(&pin, 0, sizeof(pin));
	pin.index = (unsigned int)input->pin;
	pin.func = PTP_PF_EXTTS;
	pin.chan = (unsigned int)input->channel;
	return ioctl(fd, PTP_PIN_SETFUNC, &pin) < 0 ? -errno : 0;
}

/* One record. -EAGAIN: there is none. */
static int next_event(int fd, struct ptp_extts_event *ret)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, 0) <= 0)
		return -EAGAIN;
	if (!(p.revents & POLLIN))
		return p.revents & (POLLERR | POLLHUP | POLLNVAL) ? -ENODEV : -EAGAIN;
	n = read(fd, ret, sizeof(*ret));
	if (n < 0)
		return errno == EINTR ? -EAGAIN : errno == ENXIO ? -ENODEV : -errno;
	return n == (ssize_t)sizeof(*ret) ? 0 : n == 0 ? -ENODEV : -EBADMSG;
}

static int start(int fd, const char *path, const struct phc_extts *input, char *error)
{
	unsigned int channel = (unsigned int)input->channel;
	struct ptp_extts_event old;
	int rc = set_pin(fd, input);

	if (rc < 0) {
		(void)snprintf(error, PHC_ERROR_SIZE, "%s: pin %d cannot be made an input: %s",
			path, input->pin, strerror(-rc));
		return rc;
	}
	rc = request(fd, input, true);
	if (rc < 0) {
		(void)snprintf(error, PHC_ERROR_SIZE,
			"%s: pulses of channel %d are not stamped: %s", path, input->channel,
			strerror(-rc));
		return rc;
	}
	if (ioctl(fd, MASK_CLEAR_ALL) == 0)
		(void)ioctl(fd, MASK_EN_SINGLE, &channel);
	for (int i = 0; i < QUEUE_MAX && next_event(fd, &old) == 0; i++)
		;
	return 0;
}

int phc_extts_start(struct phc *phc, const struct phc_extts *input, char error[PHC_ERROR_SIZE])
{
	int rc, fd = open(phc->path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		rc = errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
		(void)snprintf(error, PHC_ERROR_SIZE, "cannot open %s for its inputs: %s",
			phc->path, strerror(-rc));
		return rc;
	}
	rc = start(fd, phc->path, input, error);
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	(void)close(phc->fd);
	phc->fd = fd;
	return 0;
}

void phc_extts_stop(struct phc *phc, const struct phc_extts *input)
{
	(void)request(phc->fd, input, false);
}

int phc_extts_read(struct phc *phc, int channel, int64_t *ret_ns)
{
	struct ptp_extts_event e;

	for (int i = 0; i < QUEUE_MAX; i++) {
		int rc = next_event(phc->fd, &e);

		if (rc < 0)
			return rc;
		if (e.index != (unsigned int)channel)
			continue;
		if (e.t.sec < 0 || e.t.sec >= INT64_MAX / NS_PER_S || e.t.nsec >= NS_PER_S)
			return -EBADMSG;
		*ret_ns = (int64_t)e.t.sec * NS_PER_S + e.t.nsec;
		return 0;
	}
	return -EAGAIN;
}
