/* SPDX-License-Identifier: MIT */
#include "ntpexchd/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>

struct ntp_address udp_plain_address(const union udp_address *a)
{
	struct ntp_address plain = {0};

	if (a->any.sa_family == AF_INET) {
		plain.family = 4;
		memcpy(plain.bytes, &a->v4.sin_addr, 4);
	} else if (a->any.sa_family == AF_INET6) {
		plain.family = 6;
		memcpy(plain.bytes, &a->v6.sin6_addr, 16);
	}
	return access_unmap(&plain);
}

uint16_t udp_port(const union udp_address *a)
{
	return ntohs(a->any.sa_family == AF_INET6 ? a->v6.sin6_port : a->v4.sin_port);
}

void udp_set_port(union udp_address *a, uint16_t port)
{
	if (a->any.sa_family == AF_INET6)
		a->v6.sin6_port = htons(port);
	else
		a->v4.sin_port = htons(port);
}

socklen_t udp_address_size(const union udp_address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof a->v6 : sizeof a->v4;
}

/* An address with a zone; the simulator's getaddrinfo() is not asked for plain ones. */
static int parse_zone(const char *text, union udp_address *ret)
{
	struct addrinfo hints = {
		.ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *found;

	if (!strchr(text, '%') || getaddrinfo(text, NULL, &hints, &found) != 0)
		return -EINVAL;
	memcpy(&ret->v6, found->ai_addr, sizeof ret->v6);
	freeaddrinfo(found);
	return 0;
}

int udp_parse(const char *text, uint16_t port, union udp_address *ret)
{
	union udp_address a;

	memset(&a, 0, sizeof a);
	if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1)
		a.any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1)
		a.any.sa_family = AF_INET6;
	else if (parse_zone(text, &a) < 0)
		return -EINVAL;
	udp_set_port(&a, port);
	*ret = a;
	return 0;
}

static void append_zone(const union udp_address *a, char *text, size_t size)
{
	char name[IF_NAMESIZE];
	size_t used = strlen(text);

	if (a->v6.sin6_scope_id == 0 || !if_indextoname(a->v6.sin6_scope_id, name) ||
		used + strlen(name) + 2 > size)
		return;
	text[used] = '%';
	memcpy(text + used + 1, name, strlen(name) + 1);
}

void udp_format(const union udp_address *a, char *text, size_t size)
{
	const void *bytes = a->any.sa_family == AF_INET6 ? (const void *)&a->v6.sin6_addr
							 : (const void *)&a->v4.sin_addr;

	if (!inet_ntop(a->any.sa_family, bytes, text, (socklen_t)size))
		text[0] = '\0';
	else if (a->any.sa_family == AF_INET6)
		append_zone(a, text, size);
}

bool udp_same_host(const union udp_address *a, const union udp_address *b)
{
	struct ntp_address x = udp_plain_address(a), y = udp_plain_address(b);

	if (x.family == 6 && y.family == 6 && a->v6.sin6_scope_id != b->v6.sin6_scope_id)
		return false;
	return x.family == y.family && memcmp(x.bytes, y.bytes, sizeof x.bytes) == 0;
}
