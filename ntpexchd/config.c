/* SPDX-License-Identifier: MIT */
#include "ntpexchd/config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "common/core/bytes.h"
#include "ntpexchd/core/poll.h"

#define SRC(field)  offsetof(struct config_source, field)
#define RULE(field) offsetof(struct config_rule, field)
#define CFG(field)  offsetof(struct config, field)
#define NIC(field)  offsetof(struct config_nic, field)

#define STRINGS(field, of) .type = FIELD_STRING, .offset = of(field), .size = 64
#define FLAG(w, field, text)                                                                       \
	{                                                                                          \
		.word = w, .type = FIELD_FLAG, .offset = field, .help = text                       \
	}
#define INT(w, field, low, high, preset, u, text)                                                  \
	{                                                                                          \
		.word = w, .type = FIELD_INT, .offset = field, .min = low, .max = high,            \
		.fallback = preset, .unit = u, .help = text                                        \
	}
#define REAL(w, field, low, high, preset, u, text)                                                 \
	{                                                                                          \
		.word = w, .type = FIELD_DOUBLE, .offset = field, .min = low, .max = high,         \
		.fallback = preset, .unit = u, .help = text                                        \
	}
#define NOTHING(w, values, text)                                                                   \
	{                                                                                          \
		.word = w, .type = FIELD_NOTHING, .max = values, .help = text                      \
	}

static const struct directive_field source_name[] = {
	{.word = "name", STRINGS(name, SRC), .help = "Host name or address."},
	{.word = NULL},
};

static const struct directive_field source_options[] = {
	INT("port", SRC(port), 1, 65535, "123", "", "UDP port of the server."),
	FLAG("iburst", SRC(iburst), "Four requests 2 s apart at the start and after an outage."),
	FLAG("burst", SRC(burst), "Up to four requests a poll until one is answered."),
	INT("minpoll", SRC(minpoll), POLL_MIN, POLL_MAX, "6", "log2 s", "Shortest poll interval."),
	INT("maxpoll", SRC(maxpoll), POLL_MIN, POLL_MAX, "10", "log2 s", "Longest poll interval."),
	FLAG("offline", SRC(offline), "Do not ask until told `online`."),
	FLAG("noselect", SRC(noselect), "Measure only, never select."),
	FLAG("prefer", SRC(prefer), "Take before those without."),
	FLAG("trust", SRC(trust), "Assumed true: others must agree with it."),
	FLAG("require", SRC(require), "No synchronisation without one of these."),
	INT("minsamples", SRC(minsamples), 0, 4096, "0", "",
		"Keep at least so many samples (estimator regression)."),
	INT("maxsamples", SRC(maxsamples), 0, 4096, "0", "",
		"Keep at most so many samples (estimator regression)."),
	INT("maxunreach", SRC(maxunreach), 0, 100000, "0", "",
		"For so many polls after the last eight went unanswered the clock may still "
		"rest on it; then it is not synchronised. 0: 100000."),
	INT("minstratum", SRC(minstratum), 0, 15, "0", "", "Its stratum counts as at least this."),
	INT("maxsources", SRC(maxsources), 1, CONFIG_POOL_MAX, "4", "",
		"Members of a pool to use."),
	INT("version", SRC(version), 1, 4, "4", "", "Version of requests."),
	REAL("maxdelay", SRC(maxdelay_s), 0, 1000, "3", "s", "Longer round trips are not used."),
	REAL("offset", SRC(offset_s), -1e6, 1e6, "0", "s", "Added to what it measures."),
	REAL("asymmetry", SRC(asymmetry), -0.5, 0.5, "0", "",
		"Share of the delay's jitter on one way: 0.5 all on the way to the server."),
	FLAG("ipv4", SRC(ipv4), "IPv4 addresses of the name only."),
	FLAG("ipv6", SRC(ipv6), "IPv6 addresses of the name only."),
	FLAG("xleave", SRC(xleave),
		"Interleaved mode: ask the server when its last answer really left."),
	{.word = "extfield",
		.type = FIELD_STRING,
		.offset = SRC(extfield),
		.size = 8,
		.help = "Extension field to ask with: F323, by which the server tells what it does "
			"to the phase of its clock (chrony 4.2 or newer, or ntpexchd)."},
	INT("key", SRC(key), 1, INT32_MAX, NULL, "", "Symmetric key; not supported yet."),
	FLAG("nts", SRC(nts), "Network Time Security; not supported yet."),
	NOTHING("certset", 1, "Without effect: of nts, which is not supported yet."),
	NOTHING("ntsport", 1, "Without effect: of nts, which is not supported yet."),
	NOTHING("presend", 1,
		"Without effect: nothing is sent ahead, as delayed answers weigh less anyway."),
	NOTHING("polltarget", 1, "Without effect: the estimator judges the interval."),
	NOTHING("filter", 1,
		"Without effect: the estimator weighs every sample, a median would lose the best."),
	NOTHING("mindelay", 1, "Without effect: the estimator finds the least delay itself."),
	NOTHING("maxdelayratio", 1,
		"Without effect: the estimator weighs delays; maxdelay refuses by a fixed limit."),
	NOTHING("maxdelaydevratio", 1,
		"Without effect: the estimator weighs delays; maxdelay refuses by a fixed limit."),
	NOTHING("maxdelayquant", 1,
		"Without effect: the estimator weighs delays; maxdelay refuses by a fixed limit."),
	NOTHING("auto_offline", 0,
		"Without effect: a server that cannot be reached is asked on, at its interval."),
	NOTHING("copy", 0, "Without effect: stratum and reference id follow from the server's."),
	{.word = NULL},
};

static const struct directive_field rule_subnet[] = {
	{.word = "subnet",
		STRINGS(subnet, RULE),
		.optional = true,
		.help = "Address, subnet (1.2.3.0/24) or its short form (1.2.3); everything if "
			"left "
			"out."},
	{.word = NULL},
};
static const struct directive_field rule_options[] = {
	FLAG("all", RULE(all), "Also what earlier lines say about parts of the subnet."),
	{.word = NULL},
};

static const struct directive_field local_options[] = {
	INT("stratum", CFG(local_stratum), 1, 15, "10", "", "Stratum to tell."),
	REAL("distance", CFG(local_distance_s), 0, 1e6, "1", "s",
		"Root distance above which the local clock takes over."),
	REAL("activate", CFG(local_activate_s), 0, 1e6, "0", "s",
		"Only after the root distance was below this once; 0: at once."),
	FLAG("orphan", CFG(local_orphan),
		"Accepted; needs symmetric associations, which come later."),
	NOTHING("waitsynced", 1, "Without effect: not supported yet."),
	NOTHING("waitunsynced", 1, "Without effect: not supported yet."),
	{.word = NULL},
};

static const struct directive_field nic_name[] = {
	{.word = "interface",
		.type = FIELD_STRING,
		.offset = NIC(name),
		.size = 16,
		.help = "Name of an interface; * for all that can do it."},
	{.word = NULL},
};
static const struct directive_field nic_options[] = {
	INT("minpoll", NIC(minpoll), -6, 20, "0", "log2 s",
		"Shortest interval between readings of its clock."),
	REAL("txcomp", NIC(txcomp_s), -1, 1, "0", "s",
		"Added to transmit stamps: how long after the stamp the packet leaves."),
	REAL("rxcomp", NIC(rxcomp_s), -1, 1, "0", "s",
		"Taken from receive stamps: how long before the stamp the packet came."),
	FLAG("nocrossts", NIC(nocrossts),
		"No cross timestamps: the clock is read between readings of the system clock."),
	{.word = "rxfilter",
		.type = FIELD_STRING,
		.offset = NIC(rxfilter),
		.size = 8,
		.help = "Received packets to stamp: none, ntp, ptp, all; if left out, ntp if the "
			"card "
			"can tell them, else all."},
	NOTHING("maxpoll", 1, "Without effect: it is read when packets come."),
	NOTHING("minsamples", 1, "Without effect: the filters weigh their memory themselves."),
	NOTHING("maxsamples", 1, "Without effect: the filters weigh their memory themselves."),
	NOTHING("precision", 1, "Without effect: the precision of readings is measured."),
	{.word = NULL},
};

static const struct directive_field port_number[] = {
	INT("number", CFG(port), 0, 65535, "123", "", "UDP port to serve on; 0: no server."),
	{.word = NULL},
};
static const struct directive_field clock_precision[] = {
	REAL("precision", CFG(precision_s), 0, 1, "0", "s",
		"Time between two readings of the clock; 0: as it is found at the start."),
	{.word = NULL},
};
static const struct directive_field acquisition_number[] = {
	INT("number", CFG(acquisition_port), 0, 65535, "0", "",
		"UDP port to ask from; 0: a random one for each source."),
	{.word = NULL},
};
static const struct directive_field bind_field[] = {
	{.word = "address",
		.type = FIELD_STRING,
		.size = 64,
		.help = "IPv4 or IPv6 address; one line a family."},
	{.word = NULL},
};

/* ---- what a table cannot say ---- */

static int check_poll(const struct config_source *s, char *error, size_t size)
{
	if (s->minpoll <= s->maxpoll || s->minpoll == CONFIG_DEFAULT_MINPOLL ||
		s->maxpoll == CONFIG_DEFAULT_MAXPOLL)
		return 0;
	snprintf(error, size, "minpoll %d is above maxpoll %d", s->minpoll, s->maxpoll);
	return -EINVAL;
}

static int check_source(const void *item, char *error, size_t size)
{
	const struct config_source *s = item;
	const char *why = NULL;

	if (!str_is_printable(s->name))
		why = "name must be printable ASCII";
	else if (s->is_peer)
		why = "symmetric associations come later; use server";
	else if (s->nts)
		why = "nts is not supported yet, and without it the source would not be "
		      "authenticated";
	else if (s->key > 0)
		why = "keys are not supported yet, and without one the source would not be "
		      "authenticated";
	else if (s->extfield[0] != '\0' && strcasecmp(s->extfield, "F323") != 0)
		why = "the only extension field that can be asked with is F323";
	else if (s->extfield[0] != '\0' && s->version != 4)
		why = "extension fields need version 4";
	else if (s->ipv4 && s->ipv6)
		why = "ipv4 and ipv6 exclude each other; leave both out for any";
	if (!why)
		return check_poll(s, error, size);
	snprintf(error, size, "%s", why);
	return -EINVAL;
}

static int check_rule(const void *item, char *error, size_t size)
{
	const struct config_rule *rule = item;
	struct ntp_address net;
	int bits;

	if (rule->subnet[0] == '\0' || config_parse_subnet(rule->subnet, &net, &bits) == 0)
		return 0;
	snprintf(error, size,
		"%.40s is no address or subnet (names are not looked up here; allowed: 1.2.3.4, "
		"1.2.3.0/24, 1.2.3, 2001:db8::/32, all)",
		str_is_printable(rule->subnet) ? rule->subnet : "this");
	return -EINVAL;
}

static int check_nic(const void *item, char *error, size_t size)
{
	const struct config_nic *nic = item;
	const char *f = nic->rxfilter;

	if (!str_is_printable(nic->name) || nic->name[0] == '\0')
		snprintf(error, size, "an interface's name must be printable ASCII");
	else if (f[0] != '\0' && strcmp(f, "none") != 0 && strcmp(f, "ntp") != 0 &&
		 strcmp(f, "ptp") != 0 && strcmp(f, "all") != 0)
		snprintf(error, size, "rxfilter is none, ntp, ptp or all");
	else
		return 0;
	return -EINVAL;
}

static int check_bind(const void *item, char *error, size_t size)
{
	const struct config_bind *bind = item;
	struct ntp_address address;

	if (config_parse_address(bind->address, &address) == 0)
		return 0;
	snprintf(error, size, "%.40s is no IPv4 or IPv6 address",
		str_is_printable(bind->address) ? bind->address : "this");
	return -EINVAL;
}

/* ---- the table ---- */

#define SOURCE(w, mark, text)                                                                      \
	{                                                                                          \
		.word = w, .help = text, .positional = source_name, .options = source_options,     \
		.item_size = sizeof(struct config_source), .list = CFG(source),                    \
		.count = CFG(sources), .max_items = CONFIG_SOURCES_MAX, .given = SRC(mark),        \
		.source = true, .check = check_source                                              \
	}
#define ACCESS(w, mark, text)                                                                      \
	{                                                                                          \
		.word = w, .help = text, .positional = rule_subnet, .options = rule_options,       \
		.item_size = sizeof(struct config_rule), .list = CFG(rule), .count = CFG(rules),   \
		.max_items = CONFIG_RULES_MAX, .given = RULE(mark), .check = check_rule            \
	}
#define BIND(w, array, number, text)                                                               \
	{                                                                                          \
		.word = w, .help = text, .positional = bind_field,                                 \
		.item_size = sizeof(struct config_bind), .list = CFG(array), .count = CFG(number), \
		.max_items = CONFIG_BINDS_MAX, .given = SIZE_MAX, .check = check_bind              \
	}
#define LATER(w)                                                                                   \
	{                                                                                          \
		.word = w, .given = SIZE_MAX, .ignored = "not supported yet",                      \
		.help = "Not supported yet."                                                       \
	}

const struct directive config_directives[] = {
	SOURCE("server", is_server, "An NTP server to ask."),
	SOURCE("pool", is_pool, "A name with several servers behind it; some of them are asked."),
	SOURCE("peer", is_peer, "A symmetric association; not supported yet."),
	ACCESS("allow", is_allow, "Who may ask for time. Without such a line nobody is served."),
	ACCESS("deny", is_deny, "Who may not."),
	{.word = "local",
		.help = "Serve as if synchronised when there is nothing to be synchronised to.",
		.options = local_options,
		.given = CFG(local)},
	{.word = "port", .help = "Where to serve.", .positional = port_number, .given = SIZE_MAX},
	{.word = "acquisitionport",
		.help = "Where to ask from.",
		.positional = acquisition_number,
		.given = SIZE_MAX},
	{.word = "clockprecision",
		.help = "How well the clock can be read, which is part of each sample's error.",
		.positional = clock_precision,
		.given = SIZE_MAX},
	BIND("bindaddress", bind, binds, "Serve on this address only."),
	BIND("bindacqaddress", bind_acquisition, bind_acquisitions, "Ask from this address."),
	{.word = "hwtimestamp",
		.help = "Use the stamps of a network card.",
		.positional = nic_name,
		.options = nic_options,
		.item_size = sizeof(struct config_nic),
		.list = CFG(nic),
		.count = CFG(nics),
		.max_items = CONFIG_NICS_MAX,
		.given = SIZE_MAX,
		.check = check_nic},
	LATER("keyfile"),
	LATER("ntsdumpdir"),
	LATER("ntsservercert"),
	LATER("ntsserverkey"),
	LATER("ntstrustedcerts"),
	LATER("ntsrefresh"),
	LATER("ntsport"),
	LATER("nosystemcert"),
	LATER("ratelimit"),
	LATER("ntsratelimit"),
	LATER("clientloglimit"),
	LATER("noclientlog"),
	LATER("broadcast"),
	LATER("dscp"),
	LATER("binddevice"),
	LATER("bindacqdevice"),
	LATER("ntpsigndsocket"),
	LATER("ptpport"),
	LATER("refresh"),
	LATER("initstepslew"),
	{.word = NULL},
};
