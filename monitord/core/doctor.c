/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "monitord/core/doctor_private.h"

const char *const doctor_daemon_names[DOCTOR_DAEMONS] = {
	"refclockd", "ntpexchd", "selectd", "disciplined", "monitord"};

void doctor_find(struct doctor_report *r, enum doctor_severity severity, const char *area,
	const char *format, ...)
{
	struct doctor_finding *f;
	va_list args;

	r->by_severity[severity]++;
	if (r->count == DOCTOR_FINDINGS) {
		r->lost++;
		return;
	}
	f = &r->findings[r->count++];
	*f = (struct doctor_finding){.severity = severity};
	(void)snprintf(f->area, sizeof(f->area), "%s", area);
	va_start(args, format);
	(void)vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
}

void doctor_mend(struct doctor_report *r, const char *format, ...)
{
	struct doctor_finding *f;
	va_list args;

	if (r->count == 0 || r->lost > 0)
		return;
	f = &r->findings[r->count - 1];
	va_start(args, format);
	(void)vsnprintf(f->mend, sizeof(f->mend), format, args);
	va_end(args);
}

const struct doctor_process *doctor_process(const struct doctor_facts *f, const char *name)
{
	for (unsigned int i = 0; i < f->process_count; i++) {
		if (!strcmp(f->processes[i].name, name))
			return &f->processes[i];
	}
	return NULL;
}

const struct doctor_unit *doctor_unit(const struct doctor_facts *f, const char *name)
{
	for (unsigned int i = 0; i < f->unit_count; i++) {
		if (!strcmp(f->units[i].name, name))
			return &f->units[i];
	}
	return NULL;
}

bool doctor_unit_wanted(const struct doctor_facts *f, const char *name)
{
	const struct doctor_unit *u = doctor_unit(f, name);

	return u && (!strcmp(u->active, "active") || !strcmp(u->active, "activating") ||
			    !strcmp(u->enabled, "enabled"));
}

bool doctor_wished(const struct doctor_facts *f, const char *driver, const char *parameter)
{
	for (unsigned int i = 0; i < f->wish_count; i++) {
		if (!strcasecmp(f->wishes[i].driver, driver) &&
			(!parameter || !strcmp(f->wishes[i].parameter, parameter)))
			return true;
	}
	return false;
}

bool doctor_has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; (p = strstr(p, word)) != NULL; p += n) {
		if ((p == words || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	}
	return false;
}

bool doctor_installed(const struct doctor_facts *f)
{
	for (int i = 0; i < DOCTOR_DAEMONS; i++) {
		if (f->accounts[i].uid != DOCTOR_NO_ACCOUNT ||
			doctor_process(f, doctor_daemon_names[i]))
			return true;
	}
	for (unsigned int i = 0; i < f->unit_count; i++) {
		if (!strncmp(f->units[i].name, "timebus", 7) && !strcmp(f->units[i].load, "loaded"))
			return true;
	}
	for (unsigned int i = 0; i < f->config_count; i++) {
		if (f->configs[i].file.exists)
			return true;
	}
	return false;
}

bool doctor_identity(const struct doctor_facts *f, enum doctor_daemon d, char *ret_name,
	size_t name_size, int64_t *ret_uid)
{
	const struct doctor_process *p = doctor_process(f, doctor_daemon_names[d]);
	const struct doctor_account *a = &f->accounts[d];

	if (p && p->uid != DOCTOR_NOT_KNOWN && p->uid != a->uid) {
		(void)snprintf(ret_name, name_size, "uid %lld", (long long)p->uid);
		*ret_uid = p->uid;
		return true;
	}
	if (a->uid == DOCTOR_NO_ACCOUNT)
		return false;
	(void)snprintf(ret_name, name_size, "%s", a->name);
	*ret_uid = a->uid;
	return true;
}

static bool in_group(const int64_t *groups, unsigned int count, int64_t gid)
{
	for (unsigned int i = 0; i < count; i++) {
		if (groups[i] == gid)
			return true;
	}
	return false;
}

bool doctor_may_open(const struct doctor_facts *f, enum doctor_daemon d, uint32_t mode, int64_t uid,
	int64_t gid, bool write)
{
	const struct doctor_process *p = doctor_process(f, doctor_daemon_names[d]);
	const struct doctor_account *a = &f->accounts[d];
	uint32_t want = write ? 6 : 4, have = mode & 7;
	char name[DOCTOR_WORD];
	int64_t own;

	if (!doctor_identity(f, d, name, sizeof(name), &own) || own == 0)
		return true;
	if (own == uid)
		have = mode >> 6 & 7;
	else if (p && p->group_count ? in_group(p->groups, p->group_count, gid)
				     : in_group(a->groups, a->group_count, gid))
		have = mode >> 3 & 7;
	return (have & want) == want;
}

/* Worst first, otherwise in the order of the judgement. */
static void sort(struct doctor_report *r)
{
	for (unsigned int i = 1; i < r->count; i++) {
		struct doctor_finding moved = r->findings[i];
		unsigned int k = i;

		for (; k > 0 && r->findings[k - 1].severity < moved.severity; k--)
			r->findings[k] = r->findings[k - 1];
		r->findings[k] = moved;
	}
}

void doctor_judge(const struct doctor_facts *facts, struct doctor_report *ret_report)
{
	struct doctor_report *r = ret_report;

	memset(r, 0, sizeof(*r));
	doctor_judge_steering(facts, r);
	doctor_judge_clocks(facts, r);
	doctor_judge_pulses(facts, r);
	doctor_judge_gpsd(facts, r);
	doctor_judge_shm(facts, r);
	doctor_judge_ports(facts, r);
	doctor_judge_hosts(facts, r);
	doctor_judge_suite(facts, r);
	doctor_judge_machine(facts, r);
	sort(r);
}

int doctor_exit_status(const struct doctor_report *r)
{
	if (r->by_severity[DOCTOR_PROBLEM])
		return 2;
	return r->by_severity[DOCTOR_WARNING] ? 1 : 0;
}
