/* SPDX-License-Identifier: MIT */
#include "common/io/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/io/door.h"

#define LINE_MAX_BYTES	 1024
#define EXIT_ENVIRONMENT 3

enum { LEVEL_FATAL = 2 };

static struct {
	char name[32];
	enum log_level level;
	bool journal;
} log_state = {"timebus", LOG_LEVEL_INFO, false};

/* systemd.exec(5): JOURNAL_STREAM is DEVICE:INODE of the stream it made; a redirected stderr does
 * not match. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(const char *name, enum log_level level)
{
	(void)snprintf(log_state.name, sizeof(log_state.name), "%s", name);
	log_state.level = level;
	log_state.journal = stderr_is_journal();
}

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

bool log_wants(enum log_level level)
{
	return level <= log_state.level;
}

static size_t put_prefix(char *line, size_t size, int level)
{
	static const char *const words[] = {"fatal", "error", "warning", "notice", "info", "debug"};
	char stamp[32] = "";
	struct ts_utc now;
	struct tm tm;
	time_t s;
	int n;

	if (log_state.journal)
		return (size_t)snprintf(line, size, "<%d>", level);
	now = door_wall_early();
	s = (time_t)(now.ns / NS_PER_S);
	if (gmtime_r(&s, &tm))
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	n = snprintf(line, size, "%s.%03dZ %s[%s] ", stamp, (int)(now.ns % NS_PER_S / NS_PER_MS),
		log_state.name, words[level < LEVEL_FATAL ? 0 : level - LEVEL_FATAL]);
	return n < 0 ? 0 : (size_t)n;
}

static void append(char *line, size_t size, size_t *at, const char *format, va_list args)
{
	int n = vsnprintf(line + *at, size - *at, format, args);

	if (n > 0)
		*at += (size_t)n < size - *at ? (size_t)n : size - *at - 1;
}

static void append_error(char *line, size_t size, size_t *at, int error)
{
	int n = snprintf(line + *at, size - *at, ": %s", strerror(error));

	if (n > 0)
		*at += (size_t)n < size - *at ? (size_t)n : size - *at - 1;
}

/* error: 0, or an errno whose text ends the line. */
static void put_line(int level, int error, const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];
	size_t start = put_prefix(line, sizeof(line) - 1, level), end = start;
	ssize_t written;

	append(line, sizeof(line) - 1, &end, format, args);
	if (error)
		append_error(line, sizeof(line) - 1, &end, error);
	while (end > start && line[end - 1] == '\n')
		end--;
	for (size_t i = start; i < end; i++) {
		if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7f)
			line[i] = '?';
	}
	line[end++] = '\n';
	/* One write, so that lines of several daemons on one terminal do not mix. A log that
	 * cannot be written is nothing to stop for. */
	written = write(STDERR_FILENO, line, end);
	(void)written;
}

/* The callers' errno survives every one of these. */
#define LOG_BODY(level, error)                                                                     \
	do {                                                                                       \
		int kept = errno;                                                                  \
		va_list args;                                                                      \
                                                                                                   \
		if (!log_wants(level))                                                             \
			break;                                                                     \
		va_start(args, format);                                                            \
		put_line((int)(level), (error), format, args);                                     \
		va_end(args);                                                                      \
		errno = kept;                                                                      \
	} while (0)

void log_at(enum log_level level, const char *format, ...)
{
	LOG_BODY(level, 0);
}

void log_debug(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_DEBUG, 0);
}

void log_info(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_INFO, 0);
}

void log_notice(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_NOTICE, 0);
}

void log_warn(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_WARN, kept);
}

void log_warnx(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_WARN, 0);
}

void log_err(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_ERR, kept);
}

void log_errx(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_ERR, 0);
}

void log_fatal(const char *format, ...)
{
	LOG_BODY((enum log_level)LEVEL_FATAL, kept);
	exit(EXIT_ENVIRONMENT);
}

void log_fatalx(const char *format, ...)
{
	LOG_BODY((enum log_level)LEVEL_FATAL, 0);
	exit(EXIT_ENVIRONMENT);
}
