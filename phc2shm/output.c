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
	*o = (struct output){.options = options, .fd = -1};
	if (options->free_running || !(options->servo & OPTIONS_NTPSHM))
		return 0;
	for (int i = 0; i < options->segments; i++) {
		int rc = ntpshm_attach(
			options->segment[i], NTPSHM_PERM_AUTO, true, &o->segment[i].shm, error);

		if (rc < 0) {
			output_close(o);
			return rc;
		}
		o->count = i + 1;
		ntpshm_clear(&o->segment[i].shm);
	}
	return 0;
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
	struct output_place *p, const struct ntpshm_sample *sample, char error[OPTIONS_TEXT_SIZE])
{
	if (++p->puts >= LOOK_UP_AFTER) {
		p->puts = 0;
		if (ntpshm_is_stale(&p->shm)) {
			struct ntpshm fresh;
			int rc = ntpshm_attach(p->shm.unit, NTPSHM_PERM_AUTO, true, &fresh, error);

			if (rc < 0)
				return rc;
			ntpshm_detach(&p->shm);
			p->shm = fresh;
		}
	}
	return ntpshm_put(&p->shm, sample);
}

/* True if this is the first failure in a row. */
static bool newly_failing(struct output_place *p, int rc)
{
	bool was_failing = p->failing;

	p->failing = rc < 0;
	return p->failing && !was_failing;
}

bool output_put(struct output *o, const struct ntpshm_sample *sample, char error[OPTIONS_TEXT_SIZE])
{
	char why[OPTIONS_TEXT_SIZE];
	bool good = true;
	int rc;

	for (int i = 0; i < o->count; i++) {
		why[0] = '\0';
		rc = put_shm(&o->segment[i], sample, why);
		if (!newly_failing(&o->segment[i], rc))
			continue;
		(void)snprintf(
			error, OPTIONS_TEXT_SIZE, "ntpshm: %.200s", why[0] ? why : strerror(-rc));
		good = false;
	}
	if (o->options->free_running || !(o->options->servo & OPTIONS_REFCLOCK_SOCK))
		return good;
	rc = put_sock(o, sample);
	if (!newly_failing(&o->socket, rc))
		return good;
	(void)snprintf(error, OPTIONS_TEXT_SIZE, "refclock_sock: %.120s: %s",
		o->options->sock_address, strerror(-rc));
	return false;
}

void output_clear(struct output *o)
{
	for (int i = 0; i < o->count; i++)
		ntpshm_clear(&o->segment[i].shm);
}

void output_close(struct output *o)
{
	output_clear(o);
	for (int i = 0; i < o->count; i++)
		ntpshm_detach(&o->segment[i].shm);
	o->count = 0;
	if (o->fd >= 0)
		(void)close(o->fd);
	o->fd = -1;
}
