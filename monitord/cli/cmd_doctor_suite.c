/* SPDX-License-Identifier: MIT */
/* cmd_doctor_suite.c - the suite as it is installed: accounts, units, configurations, the bus. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/io/timex_read.h"
#include "monitord/cli/cmd_doctor.h"
#include "monitord/cli/session.h"

#define PROGRAM_MS    5000
#define NTP_TO_UNIX_S 2208988800
#define CONFIG_PATH   "/etc/timebus/%s.conf"

_Static_assert((int)DOCTOR_DAEMONS == (int)MODEL_DAEMONS &&
		       (int)DOCTOR_DISCIPLINED == (int)MODEL_DISCIPLINED,
	"both name the daemons in the order of the pipeline");

/* ---- accounts ---- */

static void add_group(struct doctor_account *a, int64_t gid)
{
	if (a->group_count < DOCTOR_GROUPS)
		a->groups[a->group_count++] = gid;
}

/* NAME:x:UID:GID:... */
static bool on_passwd(void *arg, char *line)
{
	struct doctor_facts *f = arg;
	char name[DOCTOR_WORD];
	int64_t uid, gid;

	if (sscanf(line, "%31[^:]:%*[^:]:%" SCNd64 ":%" SCNd64, name, &uid, &gid) != 3)
		return true;
	for (int i = 0; i < DOCTOR_DAEMONS; i++) {
		struct doctor_account *a = &f->accounts[i];

		if (strcmp(a->name, name))
			continue;
		a->uid = uid;
		add_group(a, gid);
	}
	return true;
}

/* NAME:x:GID:MEMBER,MEMBER */
static bool on_group(void *arg, char *line)
{
	struct doctor_facts *f = arg;
	char name[DOCTOR_WORD], *member = strrchr(line, ':'), *rest;
	int64_t gid;

	if (!member || sscanf(line, "%31[^:]:%*[^:]:%" SCNd64, name, &gid) != 2)
		return true;
	if (!strcmp(name, "timebus"))
		f->group_timebus = gid;
	for (member = strtok_r(member + 1, ",", &rest); member;
		member = strtok_r(NULL, ",", &rest)) {
		for (int i = 0; i < DOCTOR_DAEMONS; i++) {
			if (!strcmp(f->accounts[i].name, member))
				add_group(&f->accounts[i], gid);
		}
	}
	return true;
}

static void gather_accounts(struct doctor_facts *f)
{
	for (int i = 0; i < DOCTOR_DAEMONS; i++) {
		f->accounts[i].uid = DOCTOR_NO_ACCOUNT;
		(void)snprintf(f->accounts[i].name, sizeof(f->accounts[i].name), "timebus-%s",
			model_daemon_names[i]);
	}
	f->group_timebus = DOCTOR_NO_ACCOUNT;
	probe_lines("/etc/passwd", on_passwd, f);
	probe_lines("/etc/group", on_group, f);
}

/* ---- the leap second table ---- */

static bool on_leap(void *arg, char *line)
{
	struct doctor_facts *f = arg;
	int64_t ntp_s;

	if (sscanf(line, "#@ %" SCNd64, &ntp_s) != 1 || ntp_s < NTP_TO_UNIX_S ||
		ntp_s > NTP_TO_UNIX_S + INT32_MAX * INT64_C(4))
		return true;
	f->leap_expires_s = ntp_s - NTP_TO_UNIX_S;
	return false;
}

void gather_suite(struct doctor_facts *f)
{
	static const char leap[] = "/usr/share/zoneinfo/leap-seconds.list";

	gather_accounts(f);
	probe_copy(f->leap_path, sizeof(f->leap_path), leap);
	f->leap_file = probe_exists(leap);
	probe_lines(leap, on_leap, f);
}

void gather_timex(struct doctor_facts *f)
{
	struct timex_reading reading;
	char line[DOCTOR_NAME];

	if (probe_is_fake()) {
		f->timex.known = probe_word("/test/timex", line, sizeof(line)) &&
				 sscanf(line, "%" SCNx32 " %lf %" SCNd64, &f->timex.status,
					 &f->timex.ppb, &f->timex.maxerror_us) == 3;
	} else if (timex_read(&reading) == 0) {
		f->timex = (struct doctor_timex){
			true, reading.status, reading.ppb, reading.maxerror_us};
	}
}

/* ---- units ---- */

static void take_property(struct doctor_unit *u, const char *line)
{
	const char *value = strchr(line, '=');

	if (!value++)
		return;
	if (!strncmp(line, "LoadState=", 10))
		probe_copy(u->load, sizeof(u->load), value);
	else if (!strncmp(line, "ActiveState=", 12))
		probe_copy(u->active, sizeof(u->active), value);
	else if (!strncmp(line, "UnitFileState=", 14))
		probe_copy(u->enabled, sizeof(u->enabled), value);
	else if (!strncmp(line, "Result=", 7))
		probe_copy(u->result, sizeof(u->result), value);
}

static void gather_units(struct doctor_facts *f)
{
	static const char *const words[] = {"show",
		"--property=Id,LoadState,ActiveState,UnitFileState,Result", "timebus.target",
		"timebus-refclockd.service", "timebus-ntpexchd.service", "timebus-selectd.service",
		"timebus-disciplined.service", "timebus-monitord.service",
		"timebus-phc2shm.service", "timebus-ntpexchd-ntp.socket", "chrony.service",
		"chronyd.service", "ntpsec.service", "ntp.service", "ntpd.service",
		"openntpd.service", "ntpd-rs.service", "systemd-timesyncd.service", "gpsd.service",
		"gpsd.socket", NULL};
	const char *argv[sizeof(words) / sizeof(words[0]) + 1];
	char path[PROBE_PATH], output[16384], *rest, *line;
	struct doctor_unit u = {0};
	int status, r;

	f->systemd = probe_exists("/run/systemd/system");
	if (!f->systemd || !probe_program("systemctl", path))
		return;
	argv[0] = path;
	memcpy(&argv[1], words, sizeof(words));
	r = probe_run(argv, PROGRAM_MS, output, sizeof(output), &status);
	f->units_hung = r == -ETIMEDOUT;
	if (r < 0 || status != 0)
		return;
	/* properties come in the order that systemd likes, and units are parted by an empty line */
	for (line = output; line; line = rest) {
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		if (!strncmp(line, "Id=", 3))
			probe_copy(u.name, sizeof(u.name), line + 3);
		take_property(&u, line);
		if (*line && rest)
			continue;
		if (u.name[0] && f->unit_count < DOCTOR_UNITS)
			f->units[f->unit_count++] = u;
		u = (struct doctor_unit){0};
	}
}

/* ---- configurations ---- */

/* The test's root is no part of what is told. */
static void take_first_line(char *to, size_t size, char *output)
{
	char root[PROBE_PATH], *at;
	size_t n;

	probe_path(root, "");
	n = strlen(root);
	output[strcspn(output, "\n")] = '\0';
	while (n && (at = strstr(output, root)) != NULL)
		memmove(at, at + n, strlen(at + n) + 1);
	probe_copy(to, size, output);
}

static void check(struct doctor_config *c, const char *program)
{
	char path[PROBE_PATH], output[4096];
	const char *argv[] = {program, "--check", "-f", path, NULL};
	int r;

	probe_path(path, c->path);
	r = probe_run(argv, PROGRAM_MS, output, sizeof(output), &c->status);
	c->hung = r == -ETIMEDOUT;
	c->checked = r == 0;
	if (c->checked && c->status != 0)
		take_first_line(c->said, sizeof(c->said), output);
}

/* "refclock DRIVER PARAMETER ..." or "refclock DRIVER "PARAMETER" ..." */
static void take_wish(struct doctor_facts *f, const char *line)
{
	struct doctor_wish *w = &f->wishes[f->wish_count];
	int at = 0;

	if (f->wish_count == DOCTOR_WISHES ||
		sscanf(line, "refclock %31[A-Za-z] %n", w->driver, &at) != 1 || at == 0)
		return;
	line += at;
	if (sscanf(line, "\"%107[^\"]\"", w->parameter) != 1 &&
		sscanf(line, "%107s", w->parameter) != 1)
		return;
	/* options of the driver; a clock's name has none of them */
	if (*line != '"')
		w->parameter[strcspn(w->parameter, ":")] = '\0';
	f->wish_count++;
}

static void take_refclockd_line(struct doctor_facts *f, const char *line)
{
	take_wish(f, line);
	gather_host_line(f, line);
}

static void gather_lines(struct doctor_facts *f, const struct doctor_config *c, const char *program,
	void (*take)(struct doctor_facts *f, const char *line))
{
	char path[PROBE_PATH], output[16384], *rest;
	const char *argv[] = {program, "--dump-config", "-f", path, NULL};
	int status;

	probe_path(path, c->path);
	if (probe_run(argv, PROGRAM_MS, output, sizeof(output), &status) < 0)
		return;
	for (char *line = output; line; line = rest) {
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		take(f, line);
	}
}

static void gather_configs(struct doctor_facts *f)
{
	for (int i = 0; i < DOCTOR_DAEMONS; i++) {
		struct doctor_config *c = &f->configs[f->config_count++];
		char program[PROBE_PATH];

		probe_copy(c->daemon, sizeof(c->daemon), model_daemon_names[i]);
		(void)snprintf(c->path, sizeof(c->path), CONFIG_PATH, model_daemon_names[i]);
		probe_stat(c->path, &c->file);
		if (!c->file.exists || !probe_program(c->daemon, program))
			continue;
		check(c, program);
		if (i == MODEL_REFCLOCKD)
			gather_lines(f, c, program, take_refclockd_line);
		else if (i == MODEL_MONITORD)
			gather_lines(f, c, program, gather_publish_line);
	}
}

void gather_programs(struct doctor_facts *f)
{
	gather_units(f);
	gather_configs(f);
}

/* ---- the bus ---- */

static void add_heard(
	struct doctor_facts *f, const char *source, enum host_state state, int64_t age_s)
{
	struct doctor_heard *h = &f->heard[f->heard_count];

	if (state == host_state_none || f->heard_count == DOCTOR_HOSTS)
		return;
	probe_copy(h->source, sizeof(h->source), source);
	h->state = state;
	h->age_s = age_s;
	f->heard_count++;
}

static void add_heard_word(
	struct doctor_facts *f, const char *source, const char *word, int64_t age_s)
{
	for (int s = host_state_none; s <= host_state_failed; s++)
		if (!strcmp(word, msg_word_host_state((enum host_state)s)))
			add_heard(f, source, (enum host_state)s, age_s);
}

static bool on_bus(void *arg, char *line)
{
	struct doctor_facts *f = arg;
	char word[DOCTOR_WORD], other[DOCTOR_WORD];
	int64_t age_s;

	if (sscanf(line, "answers %31s", word) == 1 && model_daemon_index(word) >= 0)
		f->answers[model_daemon_index(word)] = true;
	else if (sscanf(line, "clock %31s %lf %" SCNd64, word, &f->clock.rate_ppb,
			 &f->clock.foreign) == 3)
		f->clock.known = true, f->clock.realtime = !strcmp(word, "realtime");
	else if (sscanf(line, "host %31s %31s %" SCNd64, word, other, &age_s) == 3)
		add_heard_word(f, word, other, age_s);
	return true;
}

static void take_heard(struct doctor_facts *f, const struct model *m, struct ts_raw now)
{
	for (unsigned int i = 0; i < m->source_count; i++) {
		const struct msg_source *s = &m->sources[i].source;

		if (m->sources[i].has_source && !s->removed)
			add_heard(f, s->source, s->host,
				s->host_raw_ns > 0 ? (now.ns - s->host_raw_ns) / NS_PER_S
						   : DOCTOR_NOT_KNOWN);
	}
}

static void listen_to_bus(struct doctor_facts *f, const struct cli *cli)
{
	static const char *const topics[] = {"hello", "clock", "source.", NULL};
	const struct session_config config = {.run_dir = cli->run_dir, .topics = topics};
	const struct model *m;
	struct session *s;

	if (session_open(&config, &s) < 0)
		return;
	(void)session_collect(s, SESSION_COLLECT_MS);
	m = session_model(s);
	for (int i = 0; i < MODEL_DAEMONS; i++)
		f->answers[i] = model_running(m, i);
	if (m->has_clock && f->answers[MODEL_DISCIPLINED]) {
		f->clock.known = true;
		f->clock.realtime = m->clock.mode == clock_mode_realtime;
		f->clock.rate_ppb = m->clock.rate_ppb;
		f->clock.foreign = m->clock.foreign;
	}
	if (f->answers[MODEL_REFCLOCKD])
		take_heard(f, m, door_raw(session_door(s)));
	session_close(&s);
}

void gather_bus(struct doctor_facts *f, const struct cli *cli)
{
	bool any = false;
	char path[PROBE_PATH];

	probe_copy(f->run_dir, sizeof(f->run_dir), cli->run_dir);
	for (int i = 0; i < MODEL_DAEMONS; i++) {
		(void)snprintf(
			path, sizeof(path), "%.200s/%s.pub", cli->run_dir, model_daemon_names[i]);
		f->bus_file[i] = probe_exists(path);
		any |= f->bus_file[i];
	}
	if (probe_is_fake())
		probe_lines("/test/bus", on_bus, f);
	else if (any)
		listen_to_bus(f, cli);
}
