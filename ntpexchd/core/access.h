/* SPDX-License-Identifier: MIT */
/*
 * access.h - who may ask for time: subnets of IPv4 and IPv6 addresses. Pure.
 *
 * Rules are added in the order of the configuration, with chrony's meaning: the rule with the
 * longest prefix that holds an address decides, of two for the same subnet the later one; `all`
 * first removes every earlier rule inside its subnet. Where no rule holds the answer is no.
 *
 * IPv4 addresses mapped into IPv6 (::ffff:a.b.c.d) are judged as IPv4.
 */
#ifndef NTPEXCHD_ACCESS_H
#define NTPEXCHD_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#define ACCESS_RULES_MAX 512

/* An address: family 4 (bytes 0..3) or 6 (bytes 0..15), in network order. */
struct ntp_address {
	uint8_t family;
	uint8_t bytes[16];
};

struct access_rule {
	struct ntp_address net; /* bits behind the prefix are 0 */
	uint8_t bits;
	bool allow;
};

struct access_list {
	struct access_rule rules[ACCESS_RULES_MAX];
	int count;
};

/* Adds a rule. bits 0..32 or 0..128. 0, -EINVAL, or -ENOSPC when the table is full. */
int access_add(
	struct access_list *list, const struct ntp_address *net, int bits, bool allow, bool all);

bool access_allowed(const struct access_list *list, const struct ntp_address *address);

/* Does any rule allow anything? */
bool access_any(const struct access_list *list);

/* The same address, with IPv4 taken out of its mapping into IPv6. */
struct ntp_address access_unmap(const struct ntp_address *address);

#endif
