/* SPDX-License-Identifier: MIT */
/* cmd_doctor_host.c - key files of a host and its guests, and whether they can reach each other. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/core/endpoint.h"
#include "monitord/cli/cmd_doctor.h"

#define CONNECT_MS 1000
#define LOOKUP_MS  2000
#define PORT_SIZE  8

/* ---- lines of the configuration ---- */

/* The value of an option of a line, without quotes; "" if it is not there. */
static void value_of(const char *line, const char *option, char *value, size_t size)
{
	char word[DOCTOR_WORD];
	const char *at;

	value[0] = '\0';
	(void)snprintf(word, sizeof(word), " %s ", option);
	at = strstr(line, word);
	if (!at)
		return;
	at += strlen(word);
	if (*at == '"')
		at++;
	probe_copy(value, size, at);
	value[strcspn(value, " \"")] = '\0';
}

void gather_host_line(struct doctor_facts *f, const char *line)
{
	struct doctor_host *h = &f->hosts[f->host_count];

	if (strncmp(line, "refclock ", 9) || f->host_count == DOCTOR_HOSTS)
		return;
	value_of(line, "host", h->endpoint, sizeof(h->endpoint));
	value_of(line, "hostkey", h->hostkey, sizeof(h->hostkey));
	value_of(line, "ownkey", h->ownkey, sizeof(h->ownkey));
	f->host_count += h->endpoint[0] != '\0';
}

void gather_publish_line(struct doctor_facts *f, const char *line)
{
	if (strncmp(line, "publish tcp://", 14))
		return;
	probe_copy(f->publish.endpoint, sizeof(f->publish.endpoint), line + 8);
	f->publish.endpoint[strcspn(f->publish.endpoint, " ")] = '\0';
	value_of(line, "key", f->publish.key, sizeof(f->publish.key));
	value_of(line, "allow", f->publish.allow, sizeof(f->publish.allow));
}

/* ---- who can be reached ---- */

static bool split(const char *endpoint, char host[ENDPOINT_SIZE], char port[PORT_SIZE])
{
	const char *at = endpoint + strlen("tcp://"), *colon = strrchr(endpoint, ':');
	char error[DOCTOR_LINE];

	if (endpoint_check(endpoint, *at == '*', error, sizeof(error)) < 0)
		return false;
	(void)snprintf(host, ENDPOINT_SIZE, "%.*s", (int)(colon - at), at);
	if (host[0] == '[') {
		host[strlen(host) - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	if (!strcmp(host, "*"))
		(void)snprintf(host, ENDPOINT_SIZE, "127.0.0.1");
	(void)snprintf(port, PORT_SIZE, "%s", colon + 1);
	return true;
}

/* Names by a program that can be stopped: a name server may take its time. */
static bool look_up(char host[ENDPOINT_SIZE])
{
	char program[PROBE_PATH], output[4096];
	const char *argv[] = {program, "ahosts", host, NULL};
	unsigned char address[sizeof(struct in6_addr)];
	int status;

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return true;
	if (!probe_program("getent", program) ||
		probe_run(argv, LOOKUP_MS, output, sizeof(output), &status) < 0 || status != 0)
		return false;
	output[strcspn(output, " \t\n")] = '\0';
	probe_copy(host, ENDPOINT_SIZE, output);
	return host[0] != '\0';
}

static int await_connection(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int error = 0;

	if (poll(&p, 1, CONNECT_MS) <= 0)
		return ETIMEDOUT;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error;
}

static int try_connection(const char *host, const char *port)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *to = NULL;
	int fd, error = 0;

	if (getaddrinfo(host, port, &hints, &to) != 0)
		return DOCTOR_NO_NAME;
	fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) < 0)
		error = errno;
	if (error == EINPROGRESS)
		error = await_connection(fd);
	if (fd >= 0)
		(void)close(fd);
	freeaddrinfo(to);
	return error;
}

struct invented {
	const char *endpoint;
	int error;
};

static bool on_connect(void *arg, char *line)
{
	struct invented *i = arg;
	char endpoint[DOCTOR_PATH];
	int error;

	if (sscanf(line, "%107s %d", endpoint, &error) == 2 && !strcmp(endpoint, i->endpoint))
		i->error = error;
	return true;
}

static int reach(const char *endpoint)
{
	struct invented invented = {endpoint, DOCTOR_NOT_TRIED};
	char host[ENDPOINT_SIZE], port[PORT_SIZE];

	if (probe_is_fake()) {
		probe_lines("/test/connect", on_connect, &invented);
		return invented.error;
	}
	if (!split(endpoint, host, port))
		return DOCTOR_NOT_TRIED;
	return look_up(host) ? try_connection(host, port) : DOCTOR_NO_NAME;
}

static void explain(int error, char *text, size_t size)
{
	probe_copy(text, size,
		error > 0		  ? strerror(error)
		: error == DOCTOR_NO_NAME ? "no address"
					  : "");
}

void gather_hosts(struct doctor_facts *f)
{
	for (unsigned int i = 0; i < f->host_count; i++) {
		struct doctor_host *h = &f->hosts[i];

		probe_stat(h->hostkey, &h->hostkey_file);
		if (h->ownkey[0])
			probe_stat(h->ownkey, &h->ownkey_file);
		h->error = reach(h->endpoint);
		explain(h->error, h->why, sizeof(h->why));
	}
	if (!f->publish.endpoint[0])
		return;
	probe_stat(f->publish.key, &f->publish.key_file);
	probe_stat(f->publish.allow, &f->publish.allow_file);
	f->publish.error = reach(f->publish.endpoint);
	explain(f->publish.error, f->publish.why, sizeof(f->publish.why));
}
