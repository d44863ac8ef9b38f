/* SPDX-License-Identifier: MIT */
#include "common/io/phc_extts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/core/bytes.h"

/* Linux 6.7: each descriptor its own queue, with the channels it wants. */
#define MASK_CLEAR_ALL _IO(PTP_CLK_MAGIC, 19)
#define MASK_EN_SINGLE _IOW(PTP_CLK_MAGIC, 20, unsigned int)
/* What the kernel gives in one read, and the length of its queue. */
#define RECORDS	  30
#define QUEUE_MAX 128

_Static_assert(sizeof(struct ptp_extts_event) == EXTTS_RECORD_SIZE, "layout of the kernel");

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

/* Some records; their number, -EAGAIN without one, or another negative errno. */
static int next_records(int fd, unsigned char data[RECORDS * EXTTS_RECORD_SIZE])
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, 0) <= 0)
		return -EAGAIN;
	if (!(p.revents & POLLIN))
		return p.revents & (POLLERR | POLLHUP | POLLNVAL) ? -ENODEV : -EAGAIN;
	n = read(fd, data, RECORDS * EXTTS_RECORD_SIZE);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? -EAGAIN
		       : errno == ENXIO			 ? -ENODEV
							 : -errno;
	if (n == 0)
		return -ENODEV;
	return n % EXTTS_RECORD_SIZE ? -EBADMSG : (int)(n / EXTTS_RECORD_SIZE);
}

static void wake(const struct phc_extts_user *user)
{
	uint64_t one = 1;

	(void)!write(user->wake_fd, &one, sizeof(one));
}

static void hand_out(const struct phc_extts_reader *reader, const unsigned char *record)
{
	struct extts_stamp stamp = extts_decode(record);

	for (struct phc_extts_user *u = reader->users; u; u = u->next) {
		if ((uint32_t)u->input.channel != stamp.channel)
			continue;
		extts_put(&u->queue, stamp.ns);
		wake(u);
	}
}

static void close_reader(struct phc_extts_reader *reader)
{
	if (reader->fd < 0)
		return;
	loop_fd_del(reader->hub->loop, reader->fd);
	(void)close(reader->fd);
	reader->fd = -1;
}

static void on_readable(void *arg, int fd, short revents)
{
	unsigned char data[RECORDS * EXTTS_RECORD_SIZE];
	struct phc_extts_reader *reader = arg;
	int n = next_records(fd, data);

	(void)revents;
	for (int i = 0; i < n; i++)
		hand_out(reader, data + i * EXTTS_RECORD_SIZE);
	if (n >= 0 || n == -EAGAIN)
		return;
	reader->error = n;
	close_reader(reader);
	for (const struct phc_extts_user *u = reader->users; u; u = u->next)
		wake(u);
}

static void drop_old(int fd)
{
	unsigned char data[RECORDS * EXTTS_RECORD_SIZE];
	int n = 0;

	for (int got = 0; n >= 0 && got < QUEUE_MAX; got += n)
		n = next_records(fd, data);
}

static int open_reader(
	struct phc_extts_hub *hub, struct phc_extts_reader *reader, const char *path, char *error)
{
	int rc, fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		rc = errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
		(void)snprintf(error, PHC_ERROR_SIZE, "cannot open %s for its inputs: %s", path,
			strerror(-rc));
		return rc;
	}
	*reader = (struct phc_extts_reader){.hub = hub, .fd = fd};
	(void)str_copy(reader->path, sizeof(reader->path), path);
	return 0;
}

/* Of a device that is read already, or a free one; NULL: there are too many. */
static struct phc_extts_reader *reader_of(struct phc_extts_hub *hub, const char *path)
{
	struct phc_extts_reader *unused = NULL;

	for (int i = 0; i < PHC_EXTTS_READERS; i++) {
		struct phc_extts_reader *r = &hub->reader[i];

		if (r->users && !r->error && strcmp(r->path, path) == 0)
			return r;
		if (!r->users && !unused)
			unused = r;
	}
	return unused;
}

static const struct phc_extts_user *other_of(
	const struct phc_extts_reader *reader, const struct phc_extts *input)
{
	for (const struct phc_extts_user *u = reader->users; u; u = u->next)
		if (u->input.channel == input->channel)
			return u;
	return NULL;
}

static int start(const struct phc_extts_reader *reader, const struct phc_extts *input, char *error)
{
	unsigned int channel = (unsigned int)input->channel;
	int rc = set_pin(reader->fd, input);

	if (rc < 0) {
		(void)snprintf(error, PHC_ERROR_SIZE, "%s: pin %d cannot be made an input: %s",
			reader->path, input->pin, strerror(-rc));
		return rc;
	}
	rc = request(reader->fd, input, true);
	if (rc < 0) {
		(void)snprintf(error, PHC_ERROR_SIZE,
			"%s: pulses of channel %d are not stamped: %s", reader->path,
			input->channel, strerror(-rc));
		return rc;
	}
	if (reader->users || ioctl(reader->fd, MASK_CLEAR_ALL) == 0)
		(void)ioctl(reader->fd, MASK_EN_SINGLE, &channel);
	return 0;
}

/* The input of a reader that is open. */
static int join(const struct phc_extts_reader *reader, const struct phc_extts *input, char *error)
{
	const struct phc_extts_user *other = other_of(reader, input);

	if (!other)
		return start(reader, input, error);
	if (other->input.falling == input->falling && other->input.pin == input->pin)
		return 0;
	(void)snprintf(error, PHC_ERROR_SIZE, "%s: channel %d is in use with another pin or edge",
		reader->path, input->channel);
	return -EADDRINUSE;
}

/* The first of a device. */
static int found(struct phc_extts_hub *hub, struct phc_extts_reader *reader, const char *path,
	const struct phc_extts *input, char *error)
{
	int rc = open_reader(hub, reader, path, error);

	if (rc < 0)
		return rc;
	rc = start(reader, input, error);
	drop_old(reader->fd);
	if (rc == 0)
		rc = loop_fd_add(hub->loop, reader->fd, POLLIN, on_readable, reader);
	if (rc < 0)
		(void)close(reader->fd);
	return rc;
}

int phc_extts_attach(struct phc_extts_hub *hub, const char *path, const struct phc_extts *input,
	struct phc_extts_user *ret, char error[PHC_ERROR_SIZE])
{
	struct phc_extts_reader *reader = reader_of(hub, path);
	int rc, wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)snprintf(error, PHC_ERROR_SIZE, "%s: too many devices or descriptors", path);
	if (wake_fd < 0)
		return -errno;
	if (!reader)
		rc = -EMFILE;
	else if (reader->users)
		rc = join(reader, input, error);
	else
		rc = found(hub, reader, path, input, error);
	if (rc < 0) {
		(void)close(wake_fd);
		return rc;
	}
	memset(ret, 0, sizeof(*ret));
	ret->reader = reader;
	ret->next = reader->users;
	ret->input = *input;
	ret->wake_fd = wake_fd;
	reader->users = ret;
	return 0;
}

void phc_extts_detach(struct phc_extts_user *user)
{
	struct phc_extts_reader *reader = user->reader;
	struct phc_extts_user **at = &reader->users;

	while (*at != user)
		at = &(*at)->next;
	*at = user->next;
	(void)close(user->wake_fd);
	if (reader->fd >= 0 && !other_of(reader, &user->input))
		(void)request(reader->fd, &user->input, false);
	if (!reader->users)
		close_reader(reader);
}

int phc_extts_read(struct phc_extts_user *user, int64_t *ret_ns)
{
	int rc = extts_take(&user->queue, ret_ns);
	uint64_t woken;

	if (rc != -EAGAIN)
		return rc;
	(void)!read(user->wake_fd, &woken, sizeof(woken));
	return user->reader->error ? user->reader->error : -EAGAIN;
}
