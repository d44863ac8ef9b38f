/* SPDX-License-Identifier: MIT */
#include "phc2shm/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/core/bytes.h"
#include "common/core/sock_datagram.h"

/* Somebody may remove the segment (ipcrm) and a reader make another. */
#define LOOK_UP_AFTER 16

int output_open(struct output *o, const struct options *options, char error[OPTIONS_TEXT_SIZE])
{
	int rc = 0;

	*o = (struct output){.options = options, .fd = -1};
	if (options->free_running || options->servo != OPTIONS_NTPSHM)
		return 0;
	rc = ntpshm_attach(options->segment, NTPSHM_PERM_AUTO, true, &o->shm, error);
	if (rc == 0)
		ntpshm_clear(&o->shm);
	return rc;
}

static int connect_socket(struct output *o)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int rc;

	if (o->fd >= 0)
		return 0;
	if (!str_copy(a.sun_path, sizeof(a.sun_path), o->options->sock_address))
		return -ENAMETOOLONG;
	o->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (o->fd < 0)
		return -errno;
	if (connect(o->fd, (const struct sockaddr *)&a, sizeof(a)) == 0)
		return 0;
	rc = -errno;
	(void)close(o->fd);
	o->fd = -1;
	return rc;
}

static int put_sock(struct output *o, const struct ntpshm_sample *sample)
{
	struct sock_sample s = {.system = sample->receive,
		.reference = sample->reference,
		.leap = (int)sample->leap};
	struct sock_datagram d;
	int rc = sock_datagram_encode(&s, &d);

	if (rc == 0)
		rc = connect_socket(o);
	if (rc < 0)
		return rc;
	if (send(o->fd, &d, sizeof(d), MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(d))
		return 0;
	rc = -errno;
	/* A full queue empties itself; anything else needs a new connection. */
	if (rc != -EAGAIN && rc != -ENOBUFS) {
		(void)close(o->fd);
		o->fd = -1;
	}
	return rc;
}

static int put_shm(
	struct output *o, const struct ntpshm_sample *sample, char error[OPTIONS_TEXT_SIZE])
{
	if (++o->puts >= LOOK_UP_AFTER) {
		o->puts = 0;
		if (ntpshm_is_stale(&o->shm)) {
			struct ntpshm fresh;
			int rc = ntpshm_attach(
				o->options->segment, NTPSHM_PERM_AUTO, true, &fresh, error);

			if (rc < 0)
				return rc;
			ntpshm_detach(&o->shm);
			o->shm = fresh;
		}
	}
	return ntpshm_put(&o->shm, sample);
}

bool output_put(struct output *o, const struct ntpshm_sample *sample, char error[OPTIONS_TEXT_SIZE])
{
	char why[OPTIONS_TEXT_SIZE] = "";
	bool was_failing = o->failing;
	int rc;

	if (o->options->free_running)
		return true;
	if (o->options->servo == OPTIONS_NTPSHM)
		rc = put_shm(o, sample, why);
	else
		rc = put_sock(o, sample);
	o->failing = rc < 0;
	if (rc == 0 || was_failing)
		return true;
	if (o->options->servo == OPTIONS_NTPSHM)
		(void)snprintf(
			error, OPTIONS_TEXT_SIZE, "ntpshm: %.200s", why[0] ? why : strerror(-rc));
	else
		(void)snprintf(error, OPTIONS_TEXT_SIZE, "refclock_sock: %.120s: %s",
			o->options->sock_address, strerror(-rc));
	return false;
}

void output_clear(struct output *o)
{
	ntpshm_clear(&o->shm);
}

void output_close(struct output *o)
{
	output_clear(o);
	ntpshm_detach(&o->shm);
	if (o->fd >= 0)
		(void)close(o->fd);
	o->fd = -1;
}
