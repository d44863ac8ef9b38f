/* SPDX-License-Identifier: MIT */
/*
 * config.h - ntpexchd's configuration: chrony's directives for NTP sources and the NTP server.
 */
#ifndef NTPEXCHD_CONFIG_H
#define NTPEXCHD_CONFIG_H

#include <stdbool.h>
#include "common/core/directive.h"
#include "ntpexchd/core/access.h"

#define CONFIG_SOURCES_MAX     64 /* server and pool lines */
#define CONFIG_POOL_MAX	       16 /* members of a pool */
#define CONFIG_RULES_MAX       256
#define CONFIG_BINDS_MAX       2 /* one a family */
#define CONFIG_NICS_MAX	       8 /* hwtimestamp lines */
#define CONFIG_DEFAULT_MINPOLL 6
#define CONFIG_DEFAULT_MAXPOLL 10

struct config_source {
	bool is_server, is_pool, is_peer; /* which directive it was */
	char name[64];			  /* host name or address */
	int port;
	bool iburst, burst, offline;
	int minpoll, maxpoll, version;
	bool noselect, prefer, trust, require;
	int minsamples, maxsamples, maxunreach, minstratum, maxsources, filter;
	double maxdelay_s, offset_s, asymmetry;
	bool ipv4, ipv6;
	bool xleave;
	char extfield[8]; /* F323, or none */
	int key;  /* refused */
	bool nts; /* refused */
};

struct config_rule {
	bool is_allow, is_deny; /* which directive it was */
	bool all;
	char subnet[64]; /* "" everything */
};

struct config_nic {
	char name[16]; /* interface, or * */
	int minpoll;   /* log2 s between readings of its clock */
	double txcomp_s, rxcomp_s;
	bool nocrossts;
	char rxfilter[8]; /* "" any, none, ntp, ptp, all */
};

struct config_bind {
	char address[64];
};

struct config {
	struct config_source source[CONFIG_SOURCES_MAX];
	int sources;
	struct config_rule rule[CONFIG_RULES_MAX];
	int rules;
	bool local, local_orphan;
	int local_stratum;
	double local_distance_s, local_activate_s;
	int port, acquisition_port;
	double precision_s; /* 0: as it is found */
	struct config_bind bind[CONFIG_BINDS_MAX], bind_acquisition[CONFIG_BINDS_MAX];
	int binds, bind_acquisitions;
	struct config_nic nic[CONFIG_NICS_MAX];
	int nics;
};

extern const struct directive config_directives[];

/*
 * A subnet as chrony writes it: "1.2.3.4", "1.2.3.0/24", "1.2" (a short form: 1.2.0.0/16), "::1",
 * "2001:db8::/32". 0, or -EINVAL: names are not looked up.
 */
int config_parse_subnet(const char *text, struct ntp_address *ret_net, int *ret_bits);

/* A literal IPv4 or IPv6 address. 0 or -EINVAL. */
int config_parse_address(const char *text, struct ntp_address *ret);

/* The rules in force. */
void config_access(const struct config *config, struct access_list *ret);

#endif
