/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "common/bus/bus.h"
#include "common/bus/bus_admit.h"

#define BIT(kind) (1u << MSG_##kind)
#define EVERYBODY (BIT(event) | BIT(hello))

static const struct {
	const char *name;
	unsigned int kinds;
} publishers[] = {
	{"refclockd", BIT(sample) | BIT(source) | EVERYBODY},
	{"ntpexchd", BIT(sample) | BIT(source) | EVERYBODY},
	{"selectd", BIT(verdict) | BIT(estimate) | EVERYBODY},
	{"disciplined", BIT(clock) | EVERYBODY},
	{"monitord", EVERYBODY},
};

bool bus_may_publish(const char *publisher, enum msg_kind kind)
{
	if ((int)kind <= MSG_NONE || kind >= MSG_KINDS)
		return false;
	for (size_t i = 0; i < sizeof(publishers) / sizeof(publishers[0]); i++)
		if (!strcmp(publishers[i].name, publisher))
			return publishers[i].kinds >> kind & 1;
	return false;
}

const char *bus_source_of(const struct msg *m)
{
	if (m->kind == MSG_sample)
		return m->u.sample.source;
	return m->kind == MSG_source ? m->u.source.source : NULL;
}

/* A daemon that talks to the network must not be able to speak for a device. */
static bool is_own_kind(const char *publisher, enum source_kind kind)
{
	return (kind == source_kind_ntp) == !strcmp(publisher, "ntpexchd");
}

const char *bus_admit(const char *publisher, const struct msg *m)
{
	if (!bus_may_publish(publisher, m->kind))
		return "that daemon does not publish this kind";
	if ((m->kind == MSG_sample && !is_own_kind(publisher, m->u.sample.kind)) ||
		(m->kind == MSG_source && !is_own_kind(publisher, m->u.source.kind)))
		return "that daemon does not have sources of this kind";
	if (m->kind == MSG_hello && strcmp(m->u.hello.daemon, publisher))
		return "it introduces itself under the name of another";
	return NULL;
}

static unsigned int names_find(const struct bus_names *n, const char *name)
{
	unsigned int i;

	for (i = 0; i < n->count; i++)
		if (!strcmp(n->names[i], name))
			break;
	return i;
}

bool bus_names_has(const struct bus_names *n, const char *name)
{
	return names_find(n, name) < n->count;
}

int bus_names_add(struct bus_names *n, const char *name)
{
	size_t length = strlen(name);

	if (bus_names_has(n, name))
		return 0;
	if (n->count == BUS_NAMES_MAX || length >= sizeof(n->names[0]))
		return -ENOSPC;
	memcpy(n->names[n->count++], name, length + 1);
	return 0;
}

void bus_names_remove(struct bus_names *n, const char *name)
{
	unsigned int i = names_find(n, name);

	if (i < n->count)
		memcpy(n->names[i], n->names[--n->count], sizeof(n->names[i]));
}
