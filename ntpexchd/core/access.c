/* SPDX-License-Identifier: MIT */
#include "ntpexchd/core/access.h"

#include <errno.h>
#include <string.h>

static int family_bits(const struct ntp_address *a)
{
	return a->family == 4 ? 32 : a->family == 6 ? 128 : -1;
}

/* Do the first bits of a and b agree? */
static bool same_prefix(const uint8_t *a, const uint8_t *b, int bits)
{
	size_t whole = (size_t)bits / 8;
	int rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool holds(const struct access_rule *rule, const struct ntp_address *a)
{
	return rule->net.family == a->family && same_prefix(rule->net.bytes, a->bytes, rule->bits);
}

static struct ntp_address cut(const struct ntp_address *a, int bits)
{
	struct ntp_address net = {.family = a->family};

	for (int i = 0; i < bits; i++)
		net.bytes[i / 8] |= (uint8_t)(a->bytes[i / 8] & (0x80 >> i % 8));
	return net;
}

/* Removes the rule for the same subnet; with all, every one inside it too. */
static void remove_within(struct access_list *list, const struct access_rule *outer, bool all)
{
	int kept = 0;

	for (int i = 0; i < list->count; i++) {
		struct access_rule r = list->rules[i];

		if (r.bits < outer->bits || !holds(outer, &r.net) || (!all && r.bits > outer->bits))
			list->rules[kept++] = r;
	}
	list->count = kept;
}

int access_add(
	struct access_list *list, const struct ntp_address *net, int bits, bool allow, bool all)
{
	struct access_rule rule;

	if (bits < 0 || bits > family_bits(net))
		return -EINVAL;
	rule = (struct access_rule){.net = cut(net, bits), .bits = (uint8_t)bits, .allow = allow};
	remove_within(list, &rule, all);
	if (list->count >= ACCESS_RULES_MAX)
		return -ENOSPC;
	list->rules[list->count++] = rule;
	return 0;
}

struct ntp_address access_unmap(const struct ntp_address *a)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct ntp_address v4 = {.family = 4};

	if (a->family != 6 || memcmp(a->bytes, mapped, sizeof mapped) != 0)
		return *a;
	memcpy(v4.bytes, a->bytes + 12, 4);
	return v4;
}

bool access_allowed(const struct access_list *list, const struct ntp_address *address)
{
	struct ntp_address a = access_unmap(address);
	int best = -1;
	bool allow = false;

	for (int i = 0; i < list->count; i++) {
		const struct access_rule *r = &list->rules[i];

		if (r->bits <= best || !holds(r, &a))
			continue;
		allow = r->allow;
		best = r->bits;
	}
	return allow;
}

bool access_any(const struct access_list *list)
{
	for (int i = 0; i < list->count; i++)
		if (list->rules[i].allow)
			return true;
	return false;
}
