/* SPDX-License-Identifier: MIT */
/* cmd_doctor_sockets.c - sockets and shared memory segments, as the kernel lists them. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include "common/core/ntpshm_layout.h"
#include "monitord/cli/cmd_doctor.h"

#define NTP_PORT   123
#define GPSD_PORT  2947
#define TCP_LISTEN 0x0a

struct sockets {
	struct doctor_facts *f;
	struct probe_inodes *inodes;
};

/* The process is found later (cmd_doctor_processes.c). */
static void want(struct probe_inodes *inodes, uint64_t inode, char *name, int *pid)
{
	if (inode == 0 || inodes->count == sizeof(inodes->at) / sizeof(inodes->at[0]))
		return;
	inodes->at[inodes->count].inode = inode;
	inodes->at[inodes->count].name = name;
	inodes->at[inodes->count].pid = pid;
	inodes->count++;
}

/* ---- internet sockets ---- */

struct inet_line {
	uint32_t word[4]; /* as they lie in memory */
	bool v6;
	uint32_t port, state;
	uint64_t inode;
};

static bool parse_inet(const char *line, struct inet_line *ret)
{
	char address[33];

	if (sscanf(line,
		    " %*[0-9]: %32[0-9A-Fa-f]:%" SCNx32 " %*[0-9A-Fa-f]:%*x %" SCNx32
		    " %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64,
		    address, &ret->port, &ret->state, &ret->inode) != 4)
		return false;
	ret->v6 = strlen(address) == 32;
	if (!ret->v6 && strlen(address) != 8)
		return false;
	for (int i = 3; i >= 0; i--) {
		ret->word[i] = 0;
		if (i > 0 && !ret->v6)
			continue;
		ret->word[i] = (uint32_t)strtoul(address + 8 * i, NULL, 16);
		address[8 * i] = '\0';
	}
	return true;
}

static void format_address(const struct inet_line *l, char *text, size_t size)
{
	char address[INET6_ADDRSTRLEN] = "?";

	(void)inet_ntop(l->v6 ? AF_INET6 : AF_INET, l->word, address, sizeof(address));
	(void)snprintf(text, size, l->v6 ? "[%s]:%u" : "%s:%u", address, l->port);
}

static bool on_udp(void *arg, char *line)
{
	struct sockets *s = arg;
	struct doctor_port *p = &s->f->ports[s->f->port_count];
	struct inet_line l;

	if (!parse_inet(line, &l) || l.port != NTP_PORT)
		return true;
	format_address(&l, p->address, sizeof(p->address));
	want(s->inodes, l.inode, p->by, &p->pid);
	return ++s->f->port_count < DOCTOR_PORTS;
}

static bool on_tcp(void *arg, char *line)
{
	struct doctor_facts *f = arg;
	struct inet_line l;

	if (parse_inet(line, &l) && l.port == GPSD_PORT && l.state == TCP_LISTEN)
		f->gpsd_port = true;
	return !f->gpsd_port;
}

/* ---- datagram sockets of reference clocks ---- */

static void add_sock(struct doctor_facts *f, const char *directory, const char *name)
{
	struct doctor_sock *s = &f->socks[f->sock_count];
	size_t n = strlen(name);

	if (f->sock_count == DOCTOR_SOCKS || n < 13 || strncmp(name, "chrony.", 7) ||
		strcmp(name + n - 5, ".sock") || strlen(directory) + n + 2 > sizeof(s->path))
		return;
	(void)snprintf(s->path, sizeof(s->path), "%.8s/%.80s", directory, name);
	probe_stat(s->path, &s->file);
	f->sock_count++;
}

static void on_run_entry(void *arg, const char *name)
{
	add_sock(arg, "/run", name);
}

static void on_tmp_entry(void *arg, const char *name)
{
	add_sock(arg, "/tmp", name);
}

/* The path is what comes after the inode. */
static bool on_unix(void *arg, char *line)
{
	struct sockets *s = arg;
	uint64_t inode;
	int at = 0;

	if (sscanf(line, "%*[0-9a-fA-F]: %*x %*x %*x %*x %*x %" SCNu64 " %n", &inode, &at) != 1 ||
		at == 0)
		return true;
	line += at;
	if (!strncmp(line, "/var/run/", 9))
		line += 4;
	for (unsigned int i = 0; i < s->f->sock_count; i++) {
		struct doctor_sock *sock = &s->f->socks[i];

		if (strcmp(line, sock->path) || sock->bound)
			continue;
		sock->bound = true;
		want(s->inodes, inode, sock->by, &sock->pid);
	}
	return true;
}

void gather_sockets(struct doctor_facts *f, struct probe_inodes *ret_inodes)
{
	struct sockets s = {f, ret_inodes};

	probe_lines("/proc/net/udp", on_udp, &s);
	if (f->port_count < DOCTOR_PORTS)
		probe_lines("/proc/net/udp6", on_udp, &s);
	probe_lines("/proc/net/tcp", on_tcp, f);
	if (!f->gpsd_port)
		probe_lines("/proc/net/tcp6", on_tcp, f);
	f->gpsd_control = probe_exists("/run/gpsd.sock");
	probe_directory("/run", on_run_entry, f);
	probe_directory("/tmp", on_tmp_entry, f);
	probe_lines("/proc/net/unix", on_unix, &s);
}

/* ---- shared memory ---- */

/*
 * Attaching read-only changes nothing but the times and the last pid of the segment, which were
 * taken before. Another process may be scribbling: it is one look, and decode believes nothing.
 */
static bool copy_segment(const struct doctor_shm *s, int id, struct ntpshm_segment *ret_copy)
{
	char path[DOCTOR_WORD];
	union {
		struct ntpshm_segment segment;
		char bytes[sizeof(struct ntpshm_segment) + 1];
	} file;
	void *at;

	if (s->bytes < (int64_t)sizeof(*ret_copy))
		return false;
	if (probe_is_fake()) {
		(void)snprintf(path, sizeof(path), "/test/shm%d", s->unit);
		if (probe_read(path, file.bytes, sizeof(file.bytes)) != sizeof(*ret_copy))
			return false;
		*ret_copy = file.segment;
		return true;
	}
	at = shmat(id, NULL, SHM_RDONLY);
	if (at == (void *)-1)
		return false;
	memcpy(ret_copy, at, sizeof(*ret_copy));
	(void)shmdt(at);
	return true;
}

static void look_inside(struct doctor_shm *s, int id)
{
	struct ntpshm_segment copy;
	struct ntpshm_sample sample;

	if (!copy_segment(s, id, &copy))
		return;
	s->content_known = true;
	s->valid = copy.valid != 0;
	if (ntpshm_decode(&copy, &sample) == 0)
		s->stamp_s = copy.receive_s;
}

struct segments {
	struct doctor_facts *f;
	int *id;
};

static bool on_segment(void *arg, char *line)
{
	struct segments *all = arg;
	struct doctor_facts *f = all->f;
	struct doctor_shm *s = &f->shms[f->shm_count];
	int64_t key;
	int id;

	*s = (struct doctor_shm){0};
	if (sscanf(line,
		    "%" SCNd64 " %d %" SCNo32 " %" SCNd64 " %d %d %" SCNd64 " %" SCNd64 " %" SCNd64,
		    &key, &id, &s->mode, &s->bytes, &s->creator_pid, &s->last_pid, &s->attached,
		    &s->uid, &s->gid) != 9)
		return true;
	key = (uint32_t)key;
	if (key < NTPSHM_KEY || key >= NTPSHM_KEY + DOCTOR_SHM)
		return true;
	s->mode &= 0777;
	s->unit = (int)(key - NTPSHM_KEY);
	all->id[f->shm_count] = id;
	look_inside(s, id);
	return ++f->shm_count < DOCTOR_SHM;
}

void gather_segments(struct doctor_facts *f, int ret_id[DOCTOR_SHM])
{
	struct segments all = {f, ret_id};

	probe_lines("/proc/sysvipc/shm", on_segment, &all);
}
