/* SPDX-License-Identifier: MIT */
/* cmd_doctor_devices.c - the machine, its PTP clocks and its pulses. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/io/door.h"
#include "common/io/phc.h"
#include "monitord/cli/cmd_doctor.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/"
#define MOVING_S    3

/* ---- the machine ---- */

static bool on_cpuinfo(void *arg, char *line)
{
	bool *guest = arg;

	if (strncmp(line, "flags", 5))
		return true;
	*guest = strstr(line, " hypervisor") != NULL;
	return false;
}

static bool on_module(void *arg, char *line)
{
	struct doctor_facts *f = arg;

	line[strcspn(line, " ")] = '\0';
	f->ptp_kvm_loaded |= !strcmp(line, "ptp_kvm");
	f->pps_ldisc_loaded |= !strcmp(line, "pps_ldisc");
	return true;
}

static bool on_builtin(void *arg, char *line)
{
	struct doctor_facts *f = arg;

	f->ptp_kvm_loaded |= strstr(line, "/ptp_kvm.ko") != NULL;
	f->pps_ldisc_loaded |= strstr(line, "/pps-ldisc.ko") != NULL;
	return true;
}

static bool on_available(void *arg, char *line)
{
	struct doctor_facts *f = arg;

	line[strcspn(line, ":")] = '\0';
	f->ptp_kvm_available |= strstr(line, "/ptp_kvm.ko") != NULL;
	f->pps_ldisc_available |= strstr(line, "/pps-ldisc.ko") != NULL;
	return !f->ptp_kvm_available || !f->pps_ldisc_available;
}

static void gather_modules(struct doctor_facts *f)
{
	char release[DOCTOR_NAME], path[DOCTOR_LINE];

	probe_lines("/proc/modules", on_module, f);
	if (!probe_word("/proc/sys/kernel/osrelease", release, sizeof(release)))
		return;
	(void)snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", release);
	probe_lines(path, on_builtin, f);
	(void)snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release);
	probe_lines(path, on_available, f);
}

static void on_ena(void *arg, const char *name)
{
	struct doctor_facts *f = arg;

	if (!strchr(name, ':')) /* bind, unbind, ... */
		return;
	if (f->ena_devices++ == 0)
		probe_copy(f->ena_slot, sizeof(f->ena_slot), name);
}

static void gather_ena(struct doctor_facts *f)
{
	int64_t enabled;

	probe_directory("/sys/bus/pci/drivers/ena", on_ena, f);
	f->ena_phc_enable = -1;
	if (probe_number("/sys/module/ena/parameters/phc_enable", &enabled))
		f->ena_phc_enable = enabled != 0;
}

static void gather_time(struct doctor_facts *f)
{
	char error[320];
	struct door *door;

	f->suspended_s = DOCTOR_NOT_KNOWN;
	if (probe_is_fake()) {
		(void)probe_number("/test/now", &f->now_s);
		return;
	}
	f->now_s = phc_realtime_ns() / NS_PER_S;
	door = door_new(error, sizeof(error));
	if (!door)
		return;
	f->suspended_s = door_suspended(door).ns / NS_PER_S;
	door_destroy(&door);
}

void gather_machine(struct doctor_facts *f)
{
	static const char *const rules[] = {"/etc/udev/rules.d", "/run/udev/rules.d",
		"/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"};
	char path[DOCTOR_PATH];

	gather_time(f);
	f->root = probe_is_fake() || geteuid() == 0;
	probe_lines("/proc/cpuinfo", on_cpuinfo, &f->guest);
	(void)probe_word("/sys/class/dmi/id/sys_vendor", f->vendor, sizeof(f->vendor));
	(void)probe_word("/sys/class/dmi/id/product_name", f->product, sizeof(f->product));
	(void)probe_word("/sys/hypervisor/type", f->hypervisor, sizeof(f->hypervisor));
	f->guest |= !strcmp(f->vendor, "QEMU") || f->hypervisor[0];
	(void)probe_word(CLOCKSOURCE "current_clocksource", f->clocksource, sizeof(f->clocksource));
	(void)probe_word(
		CLOCKSOURCE "available_clocksource", f->clocksources, sizeof(f->clocksources));
	gather_modules(f);
	gather_ena(f);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/60-timebus.rules", rules[i]);
		f->udev_rules |= probe_exists(path);
	}
}

/* ---- PTP clocks ---- */

struct reading {
	int index, error;
};

static bool on_reading(void *arg, char *line)
{
	struct reading *r = arg;
	int index, error;

	if (sscanf(line, "%d %d", &index, &error) == 2 && index == r->index)
		r->error = error;
	return true;
}

/* Once, by the plainest way. */
static int try_phc(int index)
{
	struct reading fake = {index, 0};
	char path[DOCTOR_WORD], error[PHC_ERROR_SIZE];
	struct phc_batch batch;
	struct phc phc;
	int r;

	if (probe_is_fake()) {
		probe_lines("/test/phc", on_reading, &fake);
		return fake.error;
	}
	(void)snprintf(path, sizeof(path), "/dev/ptp%d", index);
	r = phc_open(path, true, &phc, error);
	if (r < 0)
		return -r;
	r = phc_read_gettime(&phc, PHC_SCALE_REAL, 1, &batch);
	phc_close(&phc);
	return -r;
}

static void on_phc(void *arg, const char *name)
{
	struct doctor_facts *f = arg;
	struct doctor_phc *p = &f->phcs[f->phc_count];
	char path[DOCTOR_LINE + 32], *end;
	long index;

	if (strncmp(name, "ptp", 3) || f->phc_count == DOCTOR_CLOCKS)
		return;
	index = strtol(name + 3, &end, 10);
	if (end == name + 3 || *end || index < 0 || index > 9999)
		return;
	p->index = (int)index;
	(void)snprintf(path, sizeof(path), "/sys/class/ptp/ptp%ld/clock_name", index);
	(void)probe_word(path, p->name, sizeof(p->name));
	(void)snprintf(path, sizeof(path), "/dev/ptp%ld", index);
	probe_stat(path, &p->device);
	p->error = p->device.exists ? try_phc(p->index) : -1;
	f->phc_count++;
}

/* ---- pulses ---- */

/* "SECONDS.NANOSECONDS#SEQUENCE" */
static void read_assert(struct doctor_facts *f, struct doctor_pps *p, uint64_t *ret_sequence)
{
	char path[DOCTOR_LINE], line[DOCTOR_NAME];
	int64_t second, ns, age_s;

	*ret_sequence = 0;
	(void)snprintf(path, sizeof(path), "/sys/class/pps/%s/assert", p->name);
	if (!probe_word(path, line, sizeof(line)) ||
		sscanf(line, "%" SCNd64 ".%" SCNd64 "#%" SCNu64, &second, &ns, ret_sequence) != 3)
		return;
	if (!probe_is_fake())
		f->now_s = phc_realtime_ns() / NS_PER_S;
	age_s = f->now_s - second;
	p->ever = *ret_sequence > 0;
	p->moving |= p->ever && age_s >= -1 && age_s <= MOVING_S;
}

static void on_pps(void *arg, const char *name)
{
	struct doctor_facts *f = arg;
	struct doctor_pps *p = &f->ppses[f->pps_count];
	char path[DOCTOR_LINE];

	if (strncmp(name, "pps", 3) || strlen(name) >= sizeof(p->name) ||
		f->pps_count == DOCTOR_CLOCKS)
		return;
	probe_copy(p->name, sizeof(p->name), name);
	(void)snprintf(path, sizeof(path), "/sys/class/pps/%s/name", p->name);
	(void)probe_word(path, p->source, sizeof(p->source));
	(void)snprintf(path, sizeof(path), "/dev/%s", p->name);
	probe_stat(path, &p->device);
	f->pps_count++;
}

/* Stamps are of a clock that may be wrong or have been stepped: what looks old may still count. */
static void look_again(struct doctor_facts *f, const uint64_t before[DOCTOR_CLOCKS])
{
	const struct timespec wait = {.tv_sec = 1, .tv_nsec = 200000000};
	bool needed = false;

	for (unsigned int i = 0; i < f->pps_count; i++)
		needed |= f->ppses[i].ever && !f->ppses[i].moving;
	if (!needed || probe_is_fake())
		return;
	(void)nanosleep(&wait, NULL);
	for (unsigned int i = 0; i < f->pps_count; i++) {
		uint64_t now;

		read_assert(f, &f->ppses[i], &now);
		f->ppses[i].moving |= now != before[i];
	}
}

void gather_devices(struct doctor_facts *f)
{
	uint64_t sequence[DOCTOR_CLOCKS] = {0};

	probe_directory("/sys/class/ptp", on_phc, f);
	probe_directory("/sys/class/pps", on_pps, f);
	for (unsigned int i = 0; i < f->pps_count; i++)
		read_assert(f, &f->ppses[i], &sequence[i]);
	look_again(f, sequence);
	probe_stat("/dev/vmclock0", &f->vmclock);
}
