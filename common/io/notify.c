/* SPDX-License-Identifier: MIT */
#include "common/io/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "common/core/tstime.h"
#include "common/io/log.h"

void passed_collect(struct passed_fds *passed)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	memset(passed, 0, sizeof(*passed));
	if (n < 0)
		log_warnx("sockets of the service manager: %s", strerror(-n));
	for (int i = 0; i < n; i++) {
		if (passed->count < PASSED_MAX) {
			passed->fds[passed->count].fd = SD_LISTEN_FDS_START + i;
			(void)snprintf(passed->fds[passed->count].name, sizeof(passed->fds[0].name),
				"%s", names[i]);
			passed->count++;
		} else {
			log_warnx("more than %d sockets passed: '%s' is closed", PASSED_MAX,
				names[i]);
			close(SD_LISTEN_FDS_START + i);
		}
		free(names[i]);
	}
	free(names);
}

int passed_take(struct passed_fds *passed, const char *name, unsigned int index)
{
	for (unsigned int i = 0; i < passed->count; i++) {
		int fd = passed->fds[i].fd;

		if (strcmp(passed->fds[i].name, name) != 0 || index-- > 0)
			continue;
		passed->fds[i].fd = -1;
		return fd >= 0 ? fd : -ENOENT;
	}
	return -ENOENT;
}

void passed_close_rest(struct passed_fds *passed)
{
	for (unsigned int i = 0; i < passed->count; i++) {
		if (passed->fds[i].fd < 0)
			continue;
		log_warnx("socket '%s' was passed, but nothing here uses that name",
			passed->fds[i].name);
		close(passed->fds[i].fd);
		passed->fds[i].fd = -1;
	}
}

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_reloading(int64_t monotonic_ns)
{
	(void)sd_notifyf(
		0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(monotonic_ns / NS_PER_US));
}

void notify_status(const char *text)
{
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void notify_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

int64_t notify_watchdog_ns(void)
{
	uint64_t usec = 0;

	if (sd_watchdog_enabled(0, &usec) <= 0 || usec > INT64_MAX / 1000)
		return 0;
	return (int64_t)usec * NS_PER_US;
}
