/* SPDX-License-Identifier: MIT */
/*
 * cmd_doctor.h - the parts of `timebus doctor` that gather facts.
 *
 * Everything is read with a bound on size and number, nothing is waited for longer than a second
 * or two, nothing is changed, and nothing is sent to the network but a connection that is closed at
 * once, to the host that a refclock names and to the address that monitord publishes on.
 *
 * A test may build a machine out of files: TIMEBUS_TEST_ROOT=DIR is put before all paths, and what
 * files cannot show comes from DIR/test/: now (Unix seconds), owners (PATH MODE UID GID MTIME a
 * line), timex (STATUS PPB MAXERROR_US), bus ("answers DAEMON", "clock MODE PPB FOREIGN",
 * "host SOURCE STATE AGE"), phc (INDEX ERRNO a line), connect (ENDPOINT ERRNO a line), shmN (a
 * segment). Programs are then DIR/usr/bin/ and DIR/usr/sbin/.
 */
#ifndef TB_CLI_CMD_DOCTOR_H
#define TB_CLI_CMD_DOCTOR_H

#include "monitord/cli/cli.h"
#include "monitord/core/doctor.h"

#define PROBE_PATH	   512
#define PROBE_DIRENTRY_MAX 256

/* ---- files under the root (cmd_doctor_root.c) ---- */

bool probe_is_fake(void);
void probe_path(char ret_path[PROBE_PATH], const char *path);
bool probe_exists(const char *path);
void probe_stat(const char *path, struct doctor_file *ret_file);
/* The beginning of a regular file, NUL-terminated. Its length, or negative errno (then ""). */
long probe_read(const char *path, char *buffer, size_t size);
/* The same without white space at the end. True if something was there. */
bool probe_word(const char *path, char *buffer, size_t size);
bool probe_number(const char *path, int64_t *ret_number);
/* Calls line() for each line (without its end) until it returns false. */
void probe_lines(const char *path, bool (*line)(void *arg, char *line), void *arg);
/* Calls entry() for each name in a directory but those with a dot in front, sorted by number. */
void probe_directory(const char *path, void (*entry)(void *arg, const char *name), void *arg);
/* Copies, cut to the size. */
void probe_copy(char *to, size_t size, const char *from);

/* Runs a program and takes the beginning of its output and errors together. 0 or -ETIMEDOUT (it is
 * killed), -ENOENT or other errno. ret_status: its exit status, 128 + signal. */
int probe_run(const char *const argv[], int timeout_ms, char *output, size_t size, int *ret_status);
/* A program of the system, or of the suite. False if it is not there. */
bool probe_program(const char *name, char ret_path[PROBE_PATH]);

/* ---- facts ---- */

void gather_machine(struct doctor_facts *f);
void gather_devices(struct doctor_facts *f);
void gather_suite(struct doctor_facts *f);
/* Programs are run here: before there are threads. */
void gather_programs(struct doctor_facts *f);
void gather_bus(struct doctor_facts *f, const struct cli *cli);
/* Lines of --dump-config of refclockd and monitord. */
void gather_host_line(struct doctor_facts *f, const char *line);
void gather_publish_line(struct doctor_facts *f, const char *line);
/* After the programs: key files, and who can be reached. */
void gather_hosts(struct doctor_facts *f);
/* At once after the bus: both tell the rate, and a slew may end in between. */
void gather_timex(struct doctor_facts *f);

/* Segments and sockets first; their holders are found among the processes. */
struct probe_inodes {
	struct {
		uint64_t inode;
		char *name; /* DOCTOR_WORD bytes */
		int *pid;
	} at[DOCTOR_PORTS + DOCTOR_SOCKS];
	unsigned int count;
};
void gather_sockets(struct doctor_facts *f, struct probe_inodes *ret_inodes);
void gather_segments(struct doctor_facts *f, int ret_id[DOCTOR_SHM]);
void gather_processes(
	struct doctor_facts *f, const struct probe_inodes *inodes, const int id[DOCTOR_SHM]);

#endif
