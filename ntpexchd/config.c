/* SPDX-License-Identifier: MIT */
#include "ntpexchd/config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "common/core/bytes.h"
#include "common/core/directive_args.h"
#include "ntpexchd/core/ntp_filter.h"
#include "ntpexchd/core/poll.h"

#define SRC(field)  offsetof(struct config_source, field)
#define RULE(field) offsetof(struct config_rule, field)
#define CFG(field)  offsetof(struct config, field)
#define NIC(field)  offsetof(struct config_nic, field)

static const struct directive_field source_name[] = {
	ARG_TEXT("name", SRC(name), 64, NULL, "Host name or address."),
	{.word = NULL},
};

static const struct directive_field source_options[] = {
	ARG_INT("port", SRC(port), 1, 65535, "123", "", "UDP port of the server."),
	ARG_FLAG(
		"iburst", SRC(iburst), "Four requests 2 s apart at the start and after an outage."),
	ARG_FLAG("burst", SRC(burst), "Up to four requests a poll until one is answered."),
	ARG_INT("minpoll", SRC(minpoll), POLL_MIN, POLL_MAX, "6", "log2 s",
		"Shortest poll interval."),
	ARG_INT("maxpoll", SRC(maxpoll), POLL_MIN, POLL_MAX, "10", "log2 s",
		"Longest poll interval."),
	ARG_FLAG("offline", SRC(offline), "Do not ask until told `online`."),
	ARG_FLAG("noselect", SRC(noselect), "Measure only, never select."),
	ARG_FLAG("prefer", SRC(prefer), "Take before those without."),
	ARG_FLAG("trust", SRC(trust), "Assumed true: others must agree with it."),
	ARG_FLAG("require", SRC(require), "No synchronisation without one of these."),
	ARG_INT("minsamples", SRC(minsamples), 0, 4096, "0", "",
		"Keep at least so many samples (estimator regression)."),
	ARG_INT("maxsamples", SRC(maxsamples), 0, 4096, "0", "",
		"Keep at most so many samples (estimator regression)."),
	ARG_INT("maxunreach", SRC(maxunreach), 0, 100000, "0", "",
		"For so many polls after the last eight went unanswered the clock may still "
		"rest on it; then it is not synchronised. 0: 100000."),
	ARG_INT("minstratum", SRC(minstratum), 0, 15, "0", "",
		"Its stratum counts as at least this."),
	ARG_INT("maxsources", SRC(maxsources), 1, CONFIG_POOL_MAX, "4", "",
		"Members of a pool to use."),
	ARG_INT("filter", SRC(filter), 0, NTP_FILTER_MAX, "0", "polls",
		"Make one sample of so many polls: the mean, or the least ways out and back, whichever "
		"scatters less. 0: each answer is one, and the clock at least as accurate."),
	ARG_INT("version", SRC(version), 1, 4, "4", "", "Version of requests."),
	ARG_REAL(
		"maxdelay", SRC(maxdelay_s), 0, 1000, "3", "s", "Longer round trips are not used."),
	ARG_REAL("offset", SRC(offset_s), -1e6, 1e6, "0", "s", "Added to what it measures."),
	ARG_REAL("asymmetry", SRC(asymmetry), -0.5, 0.5, "0", "",
		"Share of the delay's jitter on one way: 0.5 all on the way to the server."),
	ARG_FLAG("ipv4", SRC(ipv4), "IPv4 addresses of the name only."),
	ARG_FLAG("ipv6", SRC(ipv6), "IPv6 addresses of the name only."),
	ARG_FLAG("xleave", SRC(xleave),
		"Interleaved mode: ask the server when its last answer really left."),
	ARG_TEXT("extfield", SRC(extfield), 8, NULL,
		"Extension field to ask with: F323, by which the server tells what it does to the "
		"phase of its clock (chrony 4.2 or newer, or ntpexchd)."),
	ARG_INT("key", SRC(key), 1, INT32_MAX, NULL, "", "Symmetric key; not supported yet."),
	ARG_FLAG("nts", SRC(nts), "Network Time Security; not supported yet."),
	ARG_NOTHING("certset", 1, "Without effect: of nts, which is not supported yet."),
	ARG_NOTHING("ntsport", 1, "Without effect: of nts, which is not supported yet."),
	ARG_NOTHING("presend", 1,
		"Without effect: nothing is sent ahead, as delayed answers weigh less anyway."),
	ARG_NOTHING("polltarget", 1, "Without effect: the estimator judges the interval."),
	ARG_NOTHING("mindelay", 1, "Without effect: the estimator finds the least delay itself."),
	ARG_NOTHING("maxdelayratio", 1,
		"Without effect: the estimator weighs delays; maxdelay refuses by a fixed limit."),
	ARG_NOTHING("maxdelaydevratio", 1,
		"Without effect: the estimator weighs delays; maxdelay refuses by a fixed limit."),
	ARG_NOTHING("maxdelayquant", 1,
		"Without effect: the estimator weighs delays; maxdelay refuses by a fixed limit."),
	ARG_NOTHING("auto_offline", 0,
		"Without effect: a server that cannot be reached is asked on, at its interval."),
	ARG_NOTHING(
		"copy", 0, "Without effect: stratum and reference id follow from the server's."),
	{.word = NULL},
};

static const struct directive_field rule_subnet[] = {
	{.word = "subnet",
		.type = FIELD_STRING,
		.offset = RULE(subnet),
		.size = 64,
		.optional = true,
		.help = "Address, subnet (1.2.3.0/24) or its short form (1.2.3); everything if "
			"left out."},
	{.word = NULL},
};

static const struct directive_field rule_options[] = {
	ARG_FLAG("all", RULE(all), "Also what earlier lines say about parts of the subnet."),
	{.word = NULL},
};

static const struct directive_field bind_field[] = {
	ARG_TEXT("address", 0, 64, NULL, "IPv4 or IPv6 address; one line a family."),
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
		.options = ARGS(
			ARG_INT("stratum", CFG(local_stratum), 1, 15, "10", "", "Stratum to tell."),
			ARG_REAL("distance", CFG(local_distance_s), 0, 1e6, "1", "s",
				"Root distance above which the local clock takes over."),
			ARG_REAL("activate", CFG(local_activate_s), 0, 1e6, "0", "s",
				"Only after the root distance was below this once; 0: at once."),
			ARG_FLAG("orphan", CFG(local_orphan),
				"Accepted; needs symmetric associations, which come later."),
			ARG_NOTHING("waitsynced", 1, "Without effect: not supported yet."),
			ARG_NOTHING("waitunsynced", 1, "Without effect: not supported yet.")),
		.given = CFG(local)},
	{.word = "port",
		.help = "Where to serve.",
		.positional = ARGS(ARG_INT("number", CFG(port), 0, 65535, "123", "",
			"UDP port to serve on; 0: no server.")),
		.given = SIZE_MAX},
	{.word = "acquisitionport",
		.help = "Where to ask from.",
		.positional = ARGS(ARG_INT("number", CFG(acquisition_port), 0, 65535, "0", "",
			"UDP port to ask from; 0: a random one for each source.")),
		.given = SIZE_MAX},
	{.word = "clockprecision",
		.help = "How well the clock can be read, which is part of each sample's error.",
		.positional = ARGS(ARG_REAL("precision", CFG(precision_s), 0, 1, "0", "s",
			"Time between two readings of the clock; 0: as it is found at the start.")),
		.given = SIZE_MAX},
	BIND("bindaddress", bind, binds, "Serve on this address only."),
	BIND("bindacqaddress", bind_acquisition, bind_acquisitions, "Ask from this address."),
	{.word = "hwtimestamp",
		.help = "Use the stamps of a network card.",
		.positional = ARGS(ARG_TEXT("interface", NIC(name), 16, NULL,
			"Name of an interface; * for all that can do it.")),
		.options = ARGS(ARG_INT("minpoll", NIC(minpoll), -6, 20, "0", "log2 s",
					"Shortest interval between readings of its clock."),
			ARG_REAL("txcomp", NIC(txcomp_s), -1, 1, "0", "s",
				"Added to transmit stamps: how long after the stamp the packet "
				"leaves."),
			ARG_REAL("rxcomp", NIC(rxcomp_s), -1, 1, "0", "s",
				"Taken from receive stamps: how long before the stamp the packet "
				"came."),
			ARG_FLAG("nocrossts", NIC(nocrossts),
				"No cross timestamps: the clock is read between readings of the "
				"system clock."),
			ARG_TEXT("rxfilter", NIC(rxfilter), 8, NULL,
				"Received packets to stamp: none, ntp, ptp, all; if left out, ntp "
				"if the card can tell them, else all."),
			ARG_NOTHING("maxpoll", 1, "Without effect: it is read when packets come."),
			ARG_NOTHING("minsamples", 1,
				"Without effect: the filters weigh their memory themselves."),
			ARG_NOTHING("maxsamples", 1,
				"Without effect: the filters weigh their memory themselves."),
			ARG_NOTHING("precision", 1,
				"Without effect: the precision of readings is measured.")),
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
