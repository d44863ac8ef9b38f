/* SPDX-License-Identifier: MIT */
#include "ntpexchd/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/core/bytes.h"

/* A whole number from 0 to max, all of the text. */
static int parse_number(const char *text, int max)
{
	int value = 0;

	if (*text == '\0')
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (*text - '0');
		if (value > max)
			return -EINVAL;
	}
	return value;
}

/* "1", "1.2", "1.2.3": so many bytes of an IPv4 address. Number of bytes, or -EINVAL. */
static int parse_short_ipv4(char *text, uint8_t bytes[4])
{
	int n = 0;
	char *next = text;

	while (next) {
		char *part = next;
		int value;

		next = strchr(part, '.');
		if (next)
			*next++ = '\0';
		value = n < 4 ? parse_number(part, 255) : -EINVAL;
		if (value < 0)
			return -EINVAL;
		bytes[n++] = (uint8_t)value;
	}
	return n;
}

int config_parse_address(const char *text, struct ntp_address *ret)
{
	struct ntp_address a = {0};

	if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.family = 4;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.family = 6;
	else
		return -EINVAL;
	*ret = a;
	return 0;
}

int config_parse_subnet(const char *text, struct ntp_address *ret_net, int *ret_bits)
{
	struct ntp_address net = {0};
	char address[64], *slash;
	int bits, given = -1;

	if (!str_copy(address, sizeof address, text))
		return -EINVAL;
	slash = strchr(address, '/');
	if (slash)
		*slash++ = '\0';
	if (config_parse_address(address, &net) == 0) {
		bits = net.family == 4 ? 32 : 128;
	} else {
		net.family = 4;
		bits = parse_short_ipv4(address, net.bytes) * 8;
		if (bits < 0)
			return -EINVAL;
	}
	if (slash) {
		given = parse_number(slash, net.family == 4 ? 32 : 128);
		if (given < 0)
			return -EINVAL;
		bits = given;
	}
	*ret_net = net;
	*ret_bits = bits;
	return 0;
}

static void add_rule(struct access_list *list, const struct config_rule *rule)
{
	struct ntp_address net = {0};
	int bits;

	if (rule->subnet[0] != '\0') {
		if (config_parse_subnet(rule->subnet, &net, &bits) == 0)
			(void)access_add(list, &net, bits, rule->is_allow, rule->all);
		return;
	}
	net.family = 4;
	(void)access_add(list, &net, 0, rule->is_allow, rule->all);
	net.family = 6;
	(void)access_add(list, &net, 0, rule->is_allow, rule->all);
}

void config_access(const struct config *config, struct access_list *ret)
{
	ret->count = 0;
	for (int i = 0; i < config->rules; i++)
		add_rule(ret, &config->rule[i]);
}
