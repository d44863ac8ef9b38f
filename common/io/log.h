/* SPDX-License-Identifier: MIT */
/*
 * log.h - log lines for people. Numbers that come every second belong on the bus, not here.
 *
 *   debug info notice   as usual; notice: a change of state
 *   warn   the program goes on, somebody should look
 *   err    a function is lost, the program goes on
 *   fatal  the environment does not allow to go on: exits with 3
 *
 * The x forms do not append strerror(errno). Lines go to stderr, with the <N> prefix that systemd
 * understands when stderr is the journal (JOURNAL_STREAM), else with a time stamp and the level.
 * Never a second line break: control characters in arguments come out as '?'.
 */
#ifndef TB_LOG_H
#define TB_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERR = 3, LOG_LEVEL_WARN, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* name: of the program. Lines above level are dropped. */
void log_open(const char *name, enum log_level level);
void log_set_level(enum log_level level);
bool log_wants(enum log_level level);

void log_at(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_err(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_errx(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void log_fatalx(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
