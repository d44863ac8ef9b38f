/* SPDX-License-Identifier: MIT */
/* client_config.h - an association's configuration from a server line's. */
#ifndef NTPEXCHD_CLIENT_CONFIG_H
#define NTPEXCHD_CLIENT_CONFIG_H

#include "ntpexchd/config.h"
#include "ntpexchd/core/ntp_client.h"

/* name: on the bus; precision_ns: of the clock readings that become stamps. */
void client_config(const struct config_source *config, const char *name, int64_t precision_ns,
	struct ntp_client_config *ret);

#endif
