/* SPDX-License-Identifier: MIT */
/* cmd_doctor_processes.c - one walk over the processes: who they are and what they hold. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "monitord/cli/cmd_doctor.h"

#define CAP_SYS_TIME_BIT 25
#define FDS_MAX		 4096
#define PIDS_MAX	 32768

struct walk {
	struct doctor_facts *f;
	const struct probe_inodes *inodes;
	const int *id;
	bool segments; /* somebody has one mapped */
	int64_t booted_s;
	/* of the process looked at */
	int pid;
	char comm[DOCTOR_WORD];
};

static bool matters(const char *comm)
{
	/* the kernel keeps 15 letters */
	static const char *const names[] = {"refclockd", "ntpexchd", "selectd", "disciplined",
		"monitord", "phc2shm", "chronyd", "ntpd", "ntpdate", "sntp", "systemd-timesyn",
		"ntp-daemon", "ptpd", "sfptpd", "phc2sys", "ptp4l", "ts2phc", "satpulsed", "gpsd",
		"vmtoolsd", "VBoxService", "qemu-ga"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], comm))
			return true;
	}
	return false;
}

static void pid_path(char path[DOCTOR_NAME], int pid, const char *file)
{
	(void)snprintf(path, DOCTOR_NAME, "/proc/%d/%s", pid, file);
}

/* ---- what a process is ---- */

static void read_arguments(struct doctor_process *p)
{
	char path[DOCTOR_NAME], line[2 * DOCTOR_LINE];
	long n;
	size_t first;

	pid_path(path, p->pid, "cmdline");
	n = probe_read(path, line, sizeof(line));
	if (n <= 0)
		return;
	first = strlen(line) + 1;
	if ((long)first >= n)
		return;
	for (long i = (long)first; i < n - 1; i++) {
		if (!line[i])
			line[i] = ' ';
	}
	probe_copy(p->arguments, sizeof(p->arguments), line + first);
}

static void add_group(struct doctor_process *p, int64_t gid)
{
	if (p->group_count < DOCTOR_GROUPS)
		p->groups[p->group_count++] = gid;
}

static bool on_status(void *arg, char *line)
{
	struct doctor_process *p = arg;
	int64_t gid;
	uint64_t caps;
	int n;

	if (!strncmp(line, "Uid:", 4)) {
		(void)sscanf(line + 4, "%*d %" SCNd64, &p->uid);
	} else if (sscanf(line, "Gid: %*d %" SCNd64, &gid) == 1) {
		add_group(p, gid);
	} else if (!strncmp(line, "Groups:", 7)) {
		for (line += 7; sscanf(line, "%" SCNd64 "%n", &gid, &n) == 1; line += n)
			add_group(p, gid);
	} else if (sscanf(line, "CapEff: %" SCNx64, &caps) == 1) {
		p->caps_known = true;
		p->may_set_time = caps >> CAP_SYS_TIME_BIT & 1;
		return false;
	}
	return true;
}

/* The 22nd field; the second may hold anything between its brackets. */
static void read_start(const struct walk *w, struct doctor_process *p)
{
	char path[DOCTOR_NAME], line[1024], *at;
	uint64_t ticks;

	p->started_s = DOCTOR_NOT_KNOWN;
	pid_path(path, p->pid, "stat");
	if (probe_read(path, line, sizeof(line)) <= 0 || w->booted_s == DOCTOR_NOT_KNOWN)
		return;
	at = strrchr(line, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at && sscanf(at, "%" SCNu64, &ticks) == 1)
		p->started_s = w->booted_s + (int64_t)(ticks / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void note_process(struct walk *w)
{
	struct doctor_process *p = &w->f->processes[w->f->process_count];
	char path[DOCTOR_NAME];

	if (w->f->process_count == DOCTOR_PROCESSES)
		return;
	p->pid = w->pid;
	p->uid = DOCTOR_NOT_KNOWN;
	probe_copy(p->name, sizeof(p->name), w->comm);
	read_arguments(p);
	pid_path(path, p->pid, "status");
	probe_lines(path, on_status, p);
	read_start(w, p);
	w->f->process_count++;
}

/* ---- what it holds ---- */

static void note_inode(struct walk *w, uint64_t inode)
{
	for (unsigned int i = 0; i < w->inodes->count; i++) {
		/* a socket that systemd passed on is held by both: the daemon is who matters */
		if (w->inodes->at[i].inode != inode ||
			(*w->inodes->at[i].pid && !strcmp(w->comm, "systemd")))
			continue;
		*w->inodes->at[i].pid = w->pid;
		probe_copy(w->inodes->at[i].name, DOCTOR_WORD, w->comm);
	}
}

static void look_at_fds(struct walk *w)
{
	char path[DOCTOR_NAME], full[PROBE_PATH], link[DOCTOR_NAME];
	struct dirent *entry;
	int left = FDS_MAX;
	DIR *dir;

	if (w->inodes->count == 0)
		return;
	pid_path(path, w->pid, "fd");
	probe_path(full, path);
	dir = opendir(full);
	while (dir && left-- > 0 && (entry = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		uint64_t inode;

		if (n <= 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%" SCNu64 "]", &inode) == 1)
			note_inode(w, inode);
	}
	if (dir)
		closedir(dir);
}

/* "BEGIN-END rw-s OFFSET DEVICE ID   /SYSV4e545030 (deleted)" */
static bool on_map(void *arg, char *line)
{
	struct walk *w = arg;
	char rights[5];
	uint64_t id;

	if (!strstr(line, "/SYSV4e5450") ||
		sscanf(line, "%*x-%*x %4s %*x %*x:%*x %" SCNu64, rights, &id) != 2)
		return true;
	for (unsigned int i = 0; i < w->f->shm_count; i++) {
		struct doctor_shm *s = &w->f->shms[i];
		struct doctor_holder *h = &s->holders[s->holder_count];

		if ((uint64_t)w->id[i] != id || s->holder_count == DOCTOR_HOLDERS ||
			(s->holder_count && h[-1].pid == w->pid))
			continue;
		h->pid = w->pid;
		h->writes = rights[1] == 'w';
		probe_copy(h->name, sizeof(h->name), w->comm);
		s->holder_count++;
	}
	return true;
}

/* ---- the walk ---- */

static void look_at(struct walk *w)
{
	char path[DOCTOR_NAME];

	pid_path(path, w->pid, "comm");
	if (!probe_word(path, w->comm, sizeof(w->comm)))
		return;
	if (matters(w->comm))
		note_process(w);
	look_at_fds(w);
	if (w->segments) {
		pid_path(path, w->pid, "maps");
		probe_lines(path, on_map, w);
	}
}

static bool on_proc_stat(void *arg, char *line)
{
	return sscanf(line, "btime %" SCNd64, (int64_t *)arg) != 1;
}

static int by_pid(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* In the order of their numbers: a report must not change from one run to the next. */
static size_t list_pids(int **ret_pids)
{
	int *pids = calloc(PIDS_MAX, sizeof(*pids));
	char full[PROBE_PATH], *end;
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	*ret_pids = pids;
	probe_path(full, "/proc");
	dir = pids ? opendir(full) : NULL;
	while (dir && n < PIDS_MAX && (entry = readdir(dir)) != NULL) {
		long pid = strtol(entry->d_name, &end, 10);

		if (pid > 0 && pid <= INT32_MAX && !*end)
			pids[n++] = (int)pid;
	}
	if (dir)
		closedir(dir);
	if (n)
		qsort(pids, n, sizeof(*pids), by_pid);
	return n;
}

void gather_processes(
	struct doctor_facts *f, const struct probe_inodes *inodes, const int id[DOCTOR_SHM])
{
	struct walk w = {.f = f, .inodes = inodes, .id = id, .booted_s = DOCTOR_NOT_KNOWN};
	int *pids;
	size_t n = list_pids(&pids);

	for (unsigned int i = 0; i < f->shm_count; i++)
		w.segments |= f->shms[i].attached > 0;
	probe_lines("/proc/stat", on_proc_stat, &w.booted_s);
	for (size_t i = 0; i < n; i++) {
		w.pid = pids[i];
		look_at(&w);
	}
	free(pids);
}
