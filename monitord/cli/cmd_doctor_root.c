/* SPDX-License-Identifier: MIT */
/* cmd_doctor_root.c - bounded reading of files and programs, below a root that a test may give. */
#include "monitord/cli/cmd_doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/phc.h"

#define LINES_BYTES_MAX 8388608
#define LINE_MAX_SIZE	8192

static const char *root(void)
{
	const char *r = getenv("TIMEBUS_TEST_ROOT");

	return r ? r : "";
}

bool probe_is_fake(void)
{
	return *root() != '\0';
}

void probe_path(char ret_path[PROBE_PATH], const char *path)
{
	(void)snprintf(ret_path, PROBE_PATH, "%s%s", root(), path);
}

void probe_copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

bool probe_exists(const char *path)
{
	char full[PROBE_PATH];

	probe_path(full, path);
	return access(full, F_OK) == 0;
}

/* ---- owners that a test invents ---- */

struct owner {
	const char *path;
	struct doctor_file *file;
};

static bool on_owner(void *arg, char *line)
{
	struct owner *o = arg;
	char path[DOCTOR_PATH];
	int64_t uid, gid, changed;
	uint32_t mode;

	if (sscanf(line, "%107s %" SCNo32 " %" SCNd64 " %" SCNd64 " %" SCNd64, path, &mode, &uid,
		    &gid, &changed) != 5 ||
		strcmp(path, o->path))
		return true;
	*o->file = (struct doctor_file){
		.exists = true, .mode = mode, .uid = uid, .gid = gid, .changed_s = changed};
	return false;
}

void probe_stat(const char *path, struct doctor_file *ret_file)
{
	struct owner owner = {path, ret_file};
	char full[PROBE_PATH];
	struct stat st;

	*ret_file = (struct doctor_file){0};
	if (probe_is_fake()) {
		probe_lines("/test/owners", on_owner, &owner);
		if (ret_file->exists)
			return;
	}
	probe_path(full, path);
	if (stat(full, &st) < 0)
		return;
	*ret_file = (struct doctor_file){
		.exists = true,
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.changed_s = st.st_mtime,
	};
}

/* ---- reading ---- */

/* Nothing but regular files: a pipe that somebody planted would hold us up. */
static int open_regular(const char *path)
{
	char full[PROBE_PATH];
	struct stat st;
	int fd;

	probe_path(full, path);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

long probe_read(const char *path, char *buffer, size_t size)
{
	int fd = open_regular(path);
	size_t length = 0;
	ssize_t n = 0;

	buffer[0] = '\0';
	if (fd < 0)
		return fd;
	while (length < size - 1 && (n = read(fd, buffer + length, size - 1 - length)) > 0)
		length += (size_t)n;
	if (n < 0 && length == 0)
		length = 0;
	buffer[length] = '\0';
	close(fd);
	return (long)length;
}

bool probe_word(const char *path, char *buffer, size_t size)
{
	long n = probe_read(path, buffer, size);

	while (n > 0 && isspace((unsigned char)buffer[n - 1]))
		buffer[--n] = '\0';
	return n > 0;
}

bool probe_number(const char *path, int64_t *ret_number)
{
	char word[64], *end;
	long long value;

	if (!probe_word(path, word, sizeof(word)))
		return false;
	errno = 0;
	value = strtoll(word, &end, 10);
	if (errno || *end)
		return false;
	*ret_number = value;
	return true;
}

void probe_lines(const char *path, bool (*line)(void *arg, char *line), void *arg)
{
	int fd = open_regular(path);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	char text[LINE_MAX_SIZE];
	size_t bytes = 0;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (bytes < LINES_BYTES_MAX && fgets(text, sizeof(text), file)) {
		bytes += strlen(text);
		text[strcspn(text, "\n")] = '\0';
		if (!line(arg, text))
			break;
	}
	(void)fclose(file);
}

static int by_version(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void probe_directory(const char *path, void (*entry)(void *arg, const char *name), void *arg)
{
	struct dirent **entries;
	char full[PROBE_PATH];
	int n;

	probe_path(full, path);
	n = scandir(full, &entries, is_visible, by_version);
	for (int i = 0; i < n; i++) {
		if (i < PROBE_DIRENTRY_MAX)
			entry(arg, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* ---- programs ---- */

bool probe_program(const char *name, char ret_path[PROBE_PATH])
{
	static const char *const places[] = {
		"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};
	char self[PROBE_PATH / 2], path[PROBE_PATH];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", places[i], name);
		probe_path(ret_path, path);
		if (access(ret_path, X_OK) == 0)
			return true;
	}
	if (probe_is_fake() || n <= 0)
		return false;
	/* not installed: beside this program */
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	(void)snprintf(ret_path, PROBE_PATH, "%s/%s", self, name);
	return access(ret_path, X_OK) == 0;
}

static void become(const char *const argv[], int output)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setpgid(0, 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(127);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Reads until the end or the deadline. False if the time was not enough. */
static bool drain(int fd, int timeout_ms, char *output, size_t size)
{
	int64_t end_ns = phc_monotonic_ns() + (int64_t)timeout_ms * NS_PER_MS;
	size_t length = 0;
	char rest[4096];

	output[0] = '\0';
	for (;;) {
		int64_t left_ms = (end_ns - phc_monotonic_ns()) / NS_PER_MS;
		struct pollfd p = {.fd = fd, .events = POLLIN};
		bool full = length + 1 >= size;
		ssize_t n;

		if (left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0)
			return false;
		n = read(
			fd, full ? rest : output + length, full ? sizeof(rest) : size - 1 - length);
		if (n <= 0)
			return true;
		if (!full)
			output[length += (size_t)n] = '\0';
	}
}

int probe_run(const char *const argv[], int timeout_ms, char *output, size_t size, int *ret_status)
{
	int fds[2], status = 0;
	bool ended;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become(argv, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -errno;
	}
	ended = drain(fds[0], timeout_ms, output, size);
	close(fds[0]);
	/* its own group: what it started ends as well */
	if (!ended && kill(-pid, SIGKILL) < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!ended)
		return -ETIMEDOUT;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return *ret_status == 127 ? -ENOENT : 0;
}
