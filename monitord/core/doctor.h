/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - what is wrong with the timekeeping of a machine, in words, with the command that mends
 * it. Pure: facts that somebody gathered go in, findings come out.
 *
 * A fact that could not be gathered is "not known" (each member says how) and gives no finding:
 * nothing is guessed. Texts in the facts come from files that others write; they are shown, never
 * believed.
 */
#ifndef TB_MONITORD_DOCTOR_H
#define TB_MONITORD_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>
#include "common/bus/msg.h"
#include "monitord/core/text.h"

#define DOCTOR_WORD	  32
#define DOCTOR_NAME	  64
#define DOCTOR_PATH	  108
#define DOCTOR_LINE	  160
#define DOCTOR_FINDINGS	  96
#define DOCTOR_CLOCKS	  16
#define DOCTOR_PROCESSES  64
#define DOCTOR_SHM	  8
#define DOCTOR_SOCKS	  8
#define DOCTOR_HOLDERS	  4
#define DOCTOR_PORTS	  8
#define DOCTOR_UNITS	  32
#define DOCTOR_CONFIGS	  8
#define DOCTOR_WISHES	  16
#define DOCTOR_HOSTS	  4
#define DOCTOR_GROUPS	  16
#define DOCTOR_TEXT_SIZE  524288
#define DOCTOR_NOT_KNOWN  INT64_MIN
#define DOCTOR_NO_ACCOUNT (-1)
/* errors of a connection, beside 0 and errno */
#define DOCTOR_NOT_TRIED (-1)
#define DOCTOR_NO_NAME	 (-2) /* the name cannot be looked up */

/* ---- facts ---- */

/* A file or device; owner and mode as stat() tells them. */
struct doctor_file {
	bool exists;
	uint32_t mode; /* permission bits only */
	int64_t uid, gid;
	int64_t changed_s; /* mtime, Unix seconds */
};

struct doctor_phc {
	int index;
	char name[DOCTOR_NAME]; /* the kernel's, "" not known */
	struct doctor_file device;
	int error; /* of opening and reading it once: 0, errno, -1 not tried */
};

struct doctor_pps {
	char name[DOCTOR_WORD];	  /* pps0 */
	char source[DOCTOR_NAME]; /* sysfs name, "" not known */
	struct doctor_file device;
	bool ever;   /* an assert was seen since the driver was loaded */
	bool moving; /* one in the last seconds */
};

struct doctor_process {
	int pid;
	char name[DOCTOR_WORD];	       /* comm */
	char arguments[DOCTOR_LINE];   /* without the program, blank between */
	int64_t uid;		       /* effective; DOCTOR_NOT_KNOWN */
	int64_t groups[DOCTOR_GROUPS]; /* effective and supplementary */
	unsigned int group_count;
	bool caps_known;
	bool may_set_time; /* CAP_SYS_TIME in its effective set */
	int64_t started_s; /* Unix seconds, DOCTOR_NOT_KNOWN */
};

struct doctor_holder {
	int pid;
	char name[DOCTOR_WORD];
	bool writes; /* of a segment: mapped writable */
};

struct doctor_shm {
	int unit;
	uint32_t mode;
	int64_t uid, gid;
	int64_t bytes;
	int creator_pid, last_pid;
	int64_t attached;
	bool content_known, valid;
	int64_t stamp_s; /* receive stamp of what lies there, 0 never written */
	struct doctor_holder holders[DOCTOR_HOLDERS];
	unsigned int holder_count;
};

struct doctor_sock {
	char path[DOCTOR_PATH];
	struct doctor_file file;
	bool bound;	      /* a living socket stands behind the file */
	char by[DOCTOR_WORD]; /* who holds it, "" not known */
	int pid;
};

struct doctor_port {
	char address[DOCTOR_NAME];
	char by[DOCTOR_WORD];
	int pid; /* 0 not known */
};

/* Words of systemctl show, "" not known. */
struct doctor_unit {
	char name[DOCTOR_NAME];
	char load[DOCTOR_WORD], active[DOCTOR_WORD], enabled[DOCTOR_WORD], result[DOCTOR_WORD];
};

struct doctor_config {
	char daemon[DOCTOR_WORD];
	char path[DOCTOR_PATH];
	struct doctor_file file;
	bool checked, hung;
	int status; /* of DAEMON --check */
	char said[DOCTOR_LINE];
};

/* A refclock line of refclockd.conf. */
struct doctor_wish {
	char driver[DOCTOR_WORD];
	char parameter[DOCTOR_PATH]; /* up to the first colon for SHM; as it stands else */
};

/* Option host of a refclock line; paths are "" where none is given. */
struct doctor_host {
	char endpoint[DOCTOR_PATH];
	char hostkey[DOCTOR_PATH], ownkey[DOCTOR_PATH];
	struct doctor_file hostkey_file, ownkey_file;
	int error; /* of a connection */
	char why[DOCTOR_NAME];
};

/* What refclockd says of the host of one of its sources. */
struct doctor_heard {
	char source[DOCTOR_WORD];
	enum host_state state;
	int64_t age_s; /* of the last word; DOCTOR_NOT_KNOWN */
};

/* Directive publish; endpoint "": there is none. */
struct doctor_publish {
	char endpoint[DOCTOR_PATH];
	char key[DOCTOR_PATH], allow[DOCTOR_PATH];
	struct doctor_file key_file, allow_file;
	int error; /* of a connection */
	char why[DOCTOR_NAME];
};

struct doctor_account {
	char name[DOCTOR_WORD];
	int64_t uid; /* DOCTOR_NO_ACCOUNT: there is none */
	int64_t groups[DOCTOR_GROUPS];
	unsigned int group_count;
};

enum doctor_daemon {
	DOCTOR_REFCLOCKD,
	DOCTOR_NTPEXCHD,
	DOCTOR_SELECTD,
	DOCTOR_DISCIPLINED,
	DOCTOR_MONITORD,
	DOCTOR_DAEMONS
};

struct doctor_timex {
	bool known;
	uint32_t status; /* STA_* */
	double ppb;	 /* tick and frequency together */
	int64_t maxerror_us;
};

/* What disciplined says of its clock. */
struct doctor_clock {
	bool known, realtime;
	double rate_ppb;
	int64_t foreign; /* changes by others that it saw and undid */
};

struct doctor_facts {
	int64_t now_s; /* Unix time by this machine's clock */
	bool root;
	char run_dir[DOCTOR_PATH];

	/* the machine */
	bool guest; /* hypervisor flag of the processor */
	char vendor[DOCTOR_NAME], product[DOCTOR_NAME], hypervisor[DOCTOR_NAME];
	char clocksource[DOCTOR_WORD], clocksources[DOCTOR_LINE];
	int64_t suspended_s; /* since boot; DOCTOR_NOT_KNOWN */
	bool ptp_kvm_loaded, ptp_kvm_available;
	bool pps_ldisc_loaded, pps_ldisc_available;
	int ena_devices;	    /* bound to the driver */
	int ena_phc_enable;	    /* parameter; -1 the driver has none */
	char ena_slot[DOCTOR_WORD]; /* PCI address of the first */
	bool udev_rules;	    /* 60-timebus.rules is where udev reads */

	/* devices */
	struct doctor_phc phcs[DOCTOR_CLOCKS];
	unsigned int phc_count;
	struct doctor_pps ppses[DOCTOR_CLOCKS];
	unsigned int pps_count;
	struct doctor_file vmclock;

	/* processes that matter */
	struct doctor_process processes[DOCTOR_PROCESSES];
	unsigned int process_count;
	struct doctor_timex timex;
	struct doctor_clock clock;

	/* sockets and segments */
	struct doctor_shm shms[DOCTOR_SHM];
	unsigned int shm_count;
	struct doctor_sock socks[DOCTOR_SOCKS];
	unsigned int sock_count;
	struct doctor_port ports[DOCTOR_PORTS];
	unsigned int port_count;
	bool gpsd_port;	   /* somebody listens on TCP 2947 */
	bool gpsd_control; /* gpsd.sock is there */

	/* the suite */
	struct doctor_account accounts[DOCTOR_DAEMONS];
	int64_t group_timebus;	       /* gid, DOCTOR_NO_ACCOUNT */
	bool answers[DOCTOR_DAEMONS];  /* on the bus */
	bool bus_file[DOCTOR_DAEMONS]; /* its socket's file is there */
	bool systemd;
	struct doctor_unit units[DOCTOR_UNITS];
	unsigned int unit_count;
	bool units_hung; /* systemctl did not answer */
	struct doctor_config configs[DOCTOR_CONFIGS];
	unsigned int config_count;
	struct doctor_wish wishes[DOCTOR_WISHES];
	unsigned int wish_count;
	struct doctor_host hosts[DOCTOR_HOSTS];
	unsigned int host_count;
	struct doctor_heard heard[DOCTOR_HOSTS];
	unsigned int heard_count;
	struct doctor_publish publish;
	bool leap_file;
	int64_t leap_expires_s; /* Unix seconds; 0 the file does not tell */
	char leap_path[DOCTOR_PATH];
};

/* ---- findings ---- */

enum doctor_severity { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_PROBLEM };

struct doctor_finding {
	enum doctor_severity severity;
	char area[DOCTOR_WORD];
	char text[320];
	char mend[320]; /* a command line, "" nothing to do */
};

struct doctor_report {
	struct doctor_finding findings[DOCTOR_FINDINGS];
	unsigned int count, lost;
	unsigned int by_severity[DOCTOR_PROBLEM + 1];
};

/* All judgements; findings come worst first. */
void doctor_judge(const struct doctor_facts *facts, struct doctor_report *ret_report);

/* 0 nothing wrong, 1 warnings only, 2 problems. */
int doctor_exit_status(const struct doctor_report *r);

/* verbose: what is fine as well. */
void doctor_text(struct text *t, const struct doctor_report *r, bool verbose);
void doctor_json(struct text *t, const struct doctor_report *r, bool verbose);

#endif
