/* SPDX-License-Identifier: MIT */
/* doctor_private.h - the parts of the judgement, and what they share. */
#ifndef TB_MONITORD_DOCTOR_PRIVATE_H
#define TB_MONITORD_DOCTOR_PRIVATE_H

#include <stddef.h>
#include "monitord/core/doctor.h"

extern const char *const doctor_daemon_names[DOCTOR_DAEMONS];

void doctor_judge_clocks(const struct doctor_facts *f, struct doctor_report *r);
void doctor_judge_pulses(const struct doctor_facts *f, struct doctor_report *r);
void doctor_judge_gpsd(const struct doctor_facts *f, struct doctor_report *r);
void doctor_judge_shm(const struct doctor_facts *f, struct doctor_report *r);
void doctor_judge_steering(const struct doctor_facts *f, struct doctor_report *r);
void doctor_judge_ports(const struct doctor_facts *f, struct doctor_report *r);
void doctor_judge_hosts(const struct doctor_facts *f, struct doctor_report *r);
void doctor_judge_suite(const struct doctor_facts *f, struct doctor_report *r);
void doctor_judge_machine(const struct doctor_facts *f, struct doctor_report *r);

/* Adds a finding; the mend may be set behind it by doctor_mend(). */
void doctor_find(struct doctor_report *r, enum doctor_severity severity, const char *area,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Of the newest finding. */
void doctor_mend(struct doctor_report *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first process of that name, or NULL. */
const struct doctor_process *doctor_process(const struct doctor_facts *f, const char *name);
/* NULL if systemctl did not tell. */
const struct doctor_unit *doctor_unit(const struct doctor_facts *f, const char *name);
bool doctor_unit_wanted(const struct doctor_facts *f, const char *name); /* enabled or active */
/* Does refclockd.conf name a source of that driver? parameter NULL: any. */
bool doctor_wished(const struct doctor_facts *f, const char *driver, const char *parameter);
/* A word between blanks. */
bool doctor_has_word(const char *words, const char *word);
/* Is anything of the suite installed? */
bool doctor_installed(const struct doctor_facts *f);

/* As whom a daemon of the suite runs, or would: by the process, else by the account. False if
 * neither is there. */
bool doctor_identity(const struct doctor_facts *f, enum doctor_daemon d, char *ret_name,
	size_t name_size, int64_t *ret_uid);
/* May it read (and write) it? True if it is not known who it is. */
bool doctor_may_open(const struct doctor_facts *f, enum doctor_daemon d, uint32_t mode, int64_t uid,
	int64_t gid, bool write);

#endif
