/* SPDX-License-Identifier: MIT */
/* phc_find.c - which PTP clocks exist, and which one a name means. */
#include "common/io/phc.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/core/bytes.h"

#define LIST_MAX 64

static const char *sysfs(void)
{
	const char *root = getenv("TIMEBUS_TEST_SYSFS");

	return root && *root ? root : "/sys";
}

/* N of "ptpN", -1 if it is something else. */
static int parse_index(const char *word)
{
	int n = 0;

	if (strncmp(word, "ptp", 3) != 0 || !word[3] || strlen(word) > 8)
		return -1;
	for (const char *p = word + 3; *p; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		n = 10 * n + (*p - '0');
	}
	return n;
}

int phc_index_of(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 ? parse_index(path + 5) : -1;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int phc_list(int *ret_index, int max)
{
	char path[256];
	struct dirent *e;
	int n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/class/ptp", sysfs());
	dir = opendir(path);
	while (dir && n < max && (e = readdir(dir)) != NULL) {
		int index = parse_index(e->d_name);

		if (index >= 0)
			ret_index[n++] = index;
	}
	if (dir)
		(void)closedir(dir);
	qsort(ret_index, (size_t)n, sizeof(*ret_index), by_number);
	return n;
}

void phc_device_file(const struct phc *phc, const char *name, char *path, size_t size)
{
	(void)snprintf(
		path, size, "%s/class/ptp/ptp%d/device/%s", sysfs(), phc_index_of(phc->path), name);
	if (phc_index_of(phc->path) < 0 || access(path, F_OK) < 0)
		path[0] = '\0';
}

int phc_clock_name(int index, char name[PHC_NAME_SIZE])
{
	char path[256], line[PHC_NAME_SIZE];
	FILE *f;

	if (index < 0)
		return -ENOENT;
	(void)snprintf(path, sizeof(path), "%s/class/ptp/ptp%d/clock_name", sysfs(), index);
	f = fopen(path, "re");
	if (!f)
		return -ENOENT;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	(void)fclose(f);
	line[strcspn(line, "\n")] = '\0';
	for (char *p = line; *p; p++)
		if (!ascii_is_printable(*p))
			*p = '?';
	(void)str_copy(name, PHC_NAME_SIZE, line);
	return 0;
}

/* The system-call simulator wants a plain type. */
static int any_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 && errno == EINVAL)
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 && errno == EAFNOSUPPORT)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd;
}

/* Index of the PTP clock of an interface; -ENODEV: no such interface, -ENOENT: it has no clock. */
static int index_of_interface(const char *name)
{
	struct ethtool_ts_info info;
	struct ifreq request;
	int fd, rc;

	if (strlen(name) >= sizeof(request.ifr_name))
		return -ENODEV;
	fd = any_socket();
	if (fd < 0)
		return -errno;
	memset(&request, 0, sizeof(request));
	memset(&info, 0, sizeof(info));
	(void)str_copy(request.ifr_name, sizeof(request.ifr_name), name);
	info.cmd = ETHTOOL_GET_TS_INFO;
	info.phc_index = -1;
	request.ifr_data = (void *)&info;
	rc = ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
	(void)close(fd);
	if (rc == -EOPNOTSUPP || (rc == 0 && info.phc_index < 0))
		return -ENOENT;
	return rc < 0 ? rc : info.phc_index;
}

static int index_of_name(const char *name)
{
	int index[LIST_MAX], n = phc_list(index, LIST_MAX);
	char have[PHC_NAME_SIZE];

	for (int i = 0; i < n; i++)
		if (phc_clock_name(index[i], have) == 0 && str_same_word(have, name))
			return index[i];
	return -ENODEV;
}

int phc_resolve(const char *what, char path[PHC_PATH_SIZE], char error[PHC_ERROR_SIZE])
{
	const char *name = str_same_word(what, "kvm") ? "KVM virtual PTP" : what;
	int index;

	if (what[0] == '/') {
		if (str_copy(path, PHC_PATH_SIZE, what))
			return 0;
		(void)snprintf(error, PHC_ERROR_SIZE, "path too long (at most %d bytes)",
			PHC_PATH_SIZE - 1);
		return -ENAMETOOLONG;
	}
	index = index_of_name(name);
	if (index < 0)
		index = index_of_interface(what);
	if (index == -ENOENT) {
		(void)snprintf(error, PHC_ERROR_SIZE, "interface %.32s has no PTP clock", what);
		return -ENODEV;
	}
	if (index < 0) {
		(void)snprintf(error, PHC_ERROR_SIZE,
			"no PTP clock and no interface has the name \"%.40s\"", what);
		return -ENODEV;
	}
	(void)snprintf(path, PHC_PATH_SIZE, "/dev/ptp%d", index);
	return 0;
}
