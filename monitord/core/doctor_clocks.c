/* SPDX-License-Identifier: MIT */
/* doctor_clocks.c - PTP clocks, those of hypervisors first of all, and the VMClock page. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "monitord/core/doctor_private.h"

#define CONF "/etc/timebus/refclockd.conf"

static bool is_kvm_clock(const char *name)
{
	return !strcmp(name, "KVM virtual PTP");
}

static bool is_ena_clock(const char *name)
{
	return !strncasecmp(name, "ena", 3);
}

static bool is_hypervisor_clock(const char *name)
{
	return is_kvm_clock(name) || is_ena_clock(name) || !strcmp(name, "hyperv") ||
	       !strncmp(name, "vmclock", 7);
}

/* EC2 runs on KVM as well, but offers its clock another way. */
static bool is_kvm_guest(const struct doctor_facts *f)
{
	if (!f->guest || !strncmp(f->vendor, "Amazon", 6) || !strncmp(f->vendor, "Microsoft", 9) ||
		!strncmp(f->vendor, "VMware", 6) || !strncmp(f->hypervisor, "xen", 3))
		return false;
	return !strcmp(f->vendor, "QEMU") || strstr(f->product, "KVM") ||
	       doctor_has_word(f->clocksources, "kvm-clock");
}

static const struct doctor_phc *find(
	const struct doctor_facts *f, bool (*matches)(const char *name))
{
	for (unsigned int i = 0; i < f->phc_count; i++) {
		if (matches(f->phcs[i].name))
			return &f->phcs[i];
	}
	return NULL;
}

static void judge_kvm(const struct doctor_facts *f, struct doctor_report *r)
{
	bool wished = doctor_wished(f, "PHC", "kvm") || doctor_wished(f, "PHC", "KVM virtual PTP");

	if (find(f, is_kvm_clock) || (!is_kvm_guest(f) && !wished))
		return;
	if (!is_kvm_guest(f)) {
		doctor_find(r, DOCTOR_WARNING, "ptp_kvm",
			"refclockd.conf names the clock of a KVM host, but this machine is no "
			"guest of KVM");
		doctor_mend(r, "sed -i '/refclock PHC.*[Kk][Vv][Mm]/s/^/#/' " CONF);
	} else if (f->ptp_kvm_loaded) {
		doctor_find(r, DOCTOR_WARNING, "ptp_kvm",
			"the module ptp_kvm is loaded, but the host offers no clock: the host's "
			"own "
			"clocksource must be tsc");
		doctor_mend(r,
			"cat /sys/devices/system/clocksource/clocksource0/current_clocksource "
			"# on the host");
	} else if (f->ptp_kvm_available) {
		doctor_find(r, wished ? DOCTOR_PROBLEM : DOCTOR_WARNING, "ptp_kvm",
			"this is a guest of KVM, but the module that reads its host's clock is not "
			"loaded");
		doctor_mend(
			r, "modprobe ptp_kvm && echo ptp_kvm > /etc/modules-load.d/ptp_kvm.conf");
	} else {
		doctor_find(r, wished ? DOCTOR_PROBLEM : DOCTOR_NOTE, "ptp_kvm",
			"this is a guest of KVM, but its kernel comes without the module ptp_kvm, "
			"so that "
			"the host's clock cannot be read");
	}
}

static void judge_ena(const struct doctor_facts *f, struct doctor_report *r)
{
	if (f->ena_devices == 0 || find(f, is_ena_clock))
		return;
	if (f->ena_phc_enable == 0) {
		doctor_find(r, DOCTOR_WARNING, "ena",
			"the network card's driver ena has a clock, but it is switched off");
		doctor_mend(r, "echo 'options ena phc_enable=1' > /etc/modprobe.d/ena.conf && "
			       "reboot");
	} else if (f->ena_phc_enable > 0) {
		doctor_find(r, DOCTOR_WARNING, "ena",
			"the clock of the driver ena is switched on, but there is none: this type "
			"of "
			"instance, or this region, has no clock");
	} else {
		doctor_find(r, DOCTOR_NOTE, "ena",
			"the driver ena shows no clock; it may have one that is switched off");
		doctor_mend(r,
			"devlink dev param set pci/%s name enable_phc value true cmode driverinit "
			"&& "
			"devlink dev reload pci/%s",
			f->ena_slot, f->ena_slot);
	}
}

static bool in_timebus(const struct doctor_facts *f)
{
	const struct doctor_account *a = &f->accounts[DOCTOR_REFCLOCKD];

	for (unsigned int i = 0; i < a->group_count; i++) {
		if (a->groups[i] == f->group_timebus)
			return true;
	}
	return false;
}

/* How refclockd comes to read a device. */
static void mend_access(const struct doctor_facts *f, struct doctor_report *r,
	const char *subsystem, const char *path, const char *mode)
{
	if (f->group_timebus == DOCTOR_NO_ACCOUNT)
		doctor_mend(r,
			"systemd-sysusers && udevadm trigger --action=change "
			"--subsystem-match=%s",
			subsystem);
	else if (!in_timebus(f))
		doctor_mend(r, "usermod -aG timebus timebus-refclockd && systemctl restart "
			       "timebus-refclockd");
	else if (f->udev_rules)
		doctor_mend(r,
			"udevadm control --reload && udevadm trigger --action=change "
			"--subsystem-match=%s",
			subsystem);
	else
		doctor_mend(r, "chgrp timebus %s && chmod %s %s", path, mode, path);
}

/* True if refclockd may open it; else a finding was made. */
static bool judge_access(const struct doctor_facts *f, struct doctor_report *r,
	enum doctor_severity severity, const char *area, const char *subsystem, const char *path,
	const struct doctor_file *file)
{
	char who[DOCTOR_WORD];
	int64_t uid;

	if (doctor_may_open(f, DOCTOR_REFCLOCKD, file->mode, file->uid, file->gid, false) ||
		!doctor_identity(f, DOCTOR_REFCLOCKD, who, sizeof(who), &uid))
		return true;
	doctor_find(r, severity, area,
		"refclockd (%s) may not read %s: it belongs to %lld:%lld with "
		"mode %04o",
		who, path, (long long)file->uid, (long long)file->gid, file->mode);
	mend_access(f, r, subsystem, path, strcmp(subsystem, "misc") ? "0660" : "0440");
	return false;
}

static void judge_reading(struct doctor_report *r, const struct doctor_phc *p, bool hypervisor)
{
	if (p->error > 0 && p->error != EACCES && p->error != EPERM) {
		doctor_find(r, hypervisor ? DOCTOR_PROBLEM : DOCTOR_WARNING, "phc",
			"/dev/ptp%d (%s) cannot be read: %s", p->index, p->name,
			p->error == EBUSY    ? "its driver is busy or its card does not answer"
			: p->error == ENODEV ? "the device is gone"
					     : "its driver reports an error");
		doctor_mend(r, "dmesg | grep -i -e ptp -e phc");
	} else if (hypervisor) {
		doctor_find(r, DOCTOR_OK, "phc", "/dev/ptp%d (%s) is the hypervisor's clock",
			p->index, p->name);
	} else {
		doctor_find(r, DOCTOR_OK, "phc",
			"/dev/ptp%d (%s) is the clock of a device; autophc only watches it",
			p->index, p->name);
	}
}

static void judge_phc(
	const struct doctor_facts *f, struct doctor_report *r, const struct doctor_phc *p)
{
	bool hypervisor = is_hypervisor_clock(p->name), wanted;
	char path[DOCTOR_WORD];

	(void)snprintf(path, sizeof(path), "/dev/ptp%d", p->index);
	wanted = hypervisor || doctor_wished(f, "PHC", path) || doctor_wished(f, "PHC", p->name);
	if (!p->device.exists) {
		doctor_find(r, wanted ? DOCTOR_PROBLEM : DOCTOR_NOTE, "phc",
			"the kernel has the clock ptp%d (%s), but %s is not there", p->index,
			p->name, path);
		doctor_mend(r, "udevadm trigger --action=add --subsystem-match=ptp");
	} else if (judge_access(f, r, wanted ? DOCTOR_PROBLEM : DOCTOR_NOTE, "phc", "ptp", path,
			   &p->device)) {
		judge_reading(r, p, hypervisor);
	}
}

/* Clocks that refclockd.conf names by a number, which the next boot may give to another one. */
static void judge_numbers(const struct doctor_facts *f, struct doctor_report *r)
{
	for (unsigned int i = 0; i < f->wish_count; i++) {
		const char *parameter = f->wishes[i].parameter;
		const struct doctor_phc *found = NULL;
		int index = -1;

		if (strcasecmp(f->wishes[i].driver, "PHC") || strncmp(parameter, "/dev/ptp", 8))
			continue;
		if (parameter[8] >= '0' && parameter[8] <= '9')
			index = (int)strtol(parameter + 8, NULL, 10);
		for (unsigned int k = 0; index >= 0 && k < f->phc_count; k++) {
			if (f->phcs[k].index == index)
				found = &f->phcs[k];
		}
		if (index >= 0 && !found) {
			doctor_find(r, DOCTOR_PROBLEM, "phc",
				"refclockd.conf names %s, but there is no such clock", parameter);
			doctor_mend(r, "grep . /sys/class/ptp/*/clock_name");
		} else if (found && f->phc_count > 1 && found->name[0]) {
			doctor_find(r, DOCTOR_WARNING, "phc",
				"refclockd.conf names %s, but of %u clocks that number may be "
				"another one after the next boot",
				parameter, f->phc_count);
			doctor_mend(
				r, "sed -i 's|PHC %s|PHC \"%s\"|' " CONF, parameter, found->name);
		}
	}
}

static void judge_vmclock(const struct doctor_facts *f, struct doctor_report *r)
{
	bool wished = doctor_wished(f, "VMCLOCK", NULL);

	if (!f->vmclock.exists) {
		if (wished) {
			doctor_find(r, DOCTOR_PROBLEM, "vmclock",
				"refclockd.conf names a VMClock, but there is no /dev/vmclock0: it "
				"needs "
				"Linux 6.13 and a host that offers it");
			doctor_mend(r, "modprobe ptp_vmclock");
		}
		return;
	}
	if (judge_access(f, r, wished ? DOCTOR_PROBLEM : DOCTOR_NOTE, "vmclock", "misc",
		    "/dev/vmclock0", &f->vmclock))
		doctor_find(r, DOCTOR_OK, "vmclock", "/dev/vmclock0 can be read");
}

static void judge_pps(
	const struct doctor_facts *f, struct doctor_report *r, const struct doctor_pps *p)
{
	char path[DOCTOR_WORD + 8] = "/dev/";
	bool wished;

	strcat(path, p->name);
	wished = doctor_wished(f, "PPS", path);
	if (!p->device.exists) {
		doctor_find(r, wished ? DOCTOR_PROBLEM : DOCTOR_NOTE, "pps",
			"the kernel has %s, but %s is not there", p->name, path);
		doctor_mend(r, "udevadm trigger --action=add --subsystem-match=pps");
	} else if (!judge_access(f, r, wished ? DOCTOR_PROBLEM : DOCTOR_NOTE, "pps", "pps", path,
			   &p->device)) {
		return;
	} else if (!p->moving) {
		doctor_find(r, wished ? DOCTOR_WARNING : DOCTOR_NOTE, "pps",
			p->ever ? "%s (%s) gets no pulses now: cable, or a receiver without a fix"
				: "%s (%s) has never got a pulse: cable, wrong pin or edge, or a "
				  "receiver "
				  "without a fix",
			path, p->source);
		doctor_mend(r, "ppstest %s", path);
	} else {
		doctor_find(r, DOCTOR_OK, "pps", "%s (%s) gets its pulses", path, p->source);
	}
}

static void judge_missing_pps(const struct doctor_facts *f, struct doctor_report *r)
{
	for (unsigned int i = 0; i < f->wish_count; i++) {
		const char *path = f->wishes[i].parameter;
		bool found = false;

		if (strcasecmp(f->wishes[i].driver, "PPS") || strncmp(path, "/dev/pps", 8))
			continue;
		for (unsigned int k = 0; k < f->pps_count; k++)
			found |= !strcmp(path + 5, f->ppses[k].name);
		if (found)
			continue;
		doctor_find(r, DOCTOR_PROBLEM, "pps",
			"refclockd.conf names %s, but the kernel has no such device", path);
		if (!f->pps_ldisc_loaded && f->pps_ldisc_available)
			doctor_mend(r, "modprobe pps_ldisc && ldattach PPS /dev/ttyS0");
		else
			doctor_mend(r, "grep . /sys/class/pps/*/name");
	}
}

void doctor_judge_clocks(const struct doctor_facts *f, struct doctor_report *r)
{
	judge_kvm(f, r);
	judge_ena(f, r);
	for (unsigned int i = 0; i < f->phc_count; i++)
		judge_phc(f, r, &f->phcs[i]);
	judge_numbers(f, r);
	judge_vmclock(f, r);
}

void doctor_judge_pulses(const struct doctor_facts *f, struct doctor_report *r)
{
	for (unsigned int i = 0; i < f->pps_count; i++)
		judge_pps(f, r, &f->ppses[i]);
	judge_missing_pps(f, r);
}
