/* SPDX-License-Identifier: MIT */
#include "ntpexchd/client_config.h"

#include "common/core/bytes.h"

/* Builds are made after this; NTP eras are taken to be the one around it. */
#define PIVOT_UTC_NS (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01 */

/* A limit that was not written gives way to the one that was. */
static void set_polls(const struct config_source *config, struct ntp_client_config *ret)
{
	ret->minpoll = config->minpoll;
	ret->maxpoll = config->maxpoll;
	if (ret->minpoll <= ret->maxpoll)
		return;
	if (config->maxpoll == CONFIG_DEFAULT_MAXPOLL)
		ret->maxpoll = ret->minpoll;
	else
		ret->minpoll = ret->maxpoll;
}

void client_config(const struct config_source *config, const char *name, int64_t precision_ns,
	struct ntp_client_config *ret)
{
	*ret = (struct ntp_client_config){.version = config->version,
		.iburst = config->iburst,
		.burst = config->burst,
		.xleave = config->xleave,
		.mono = config->extfield[0] != '\0',
		.noselect = config->noselect,
		.prefer = config->prefer,
		.trust = config->trust,
		.require = config->require,
		.minsamples = config->minsamples,
		.maxsamples = config->maxsamples,
		.maxunreach = config->maxunreach,
		.asymmetry = config->asymmetry,
		.filter = config->filter,
		.minstratum = config->minstratum,
		.maxdelay_ns = ts_dur_from_s(config->maxdelay_s).ns,
		.offset_ns = ts_dur_from_s(config->offset_s).ns,
		.precision_ns = precision_ns,
		.pivot = {PIVOT_UTC_NS}};
	set_polls(config, ret);
	str_copy(ret->source, sizeof ret->source, name);
	str_copy(ret->configured, sizeof ret->configured, config->name);
}
