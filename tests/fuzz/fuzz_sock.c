/* SPDX-License-Identifier: MIT */
/* A datagram that anybody may have sent, and the parameter of a refclock line. */
#include <assert.h>
#include <string.h>

#include "common/core/sock_datagram.h"
#include "refclockd/core/parameter.h"
#include "tests/fuzz/input.h"

static void parameter(const uint8_t *data, size_t size)
{
	char text[256], error[160];
	struct parameter p;
	int n;

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (parameter_parse(&p, text, "nocrossts pin= perm=", error, sizeof(error)) == 0)
		assert(p.name[0] && strlen(p.name) < PARAMETER_SIZE);
	if (parameter_number(text, true, 0, 0777, &n) == 0)
		assert(n >= 0 && n <= 0777);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_datagram d;
	struct sock_sample s;

	parameter(data, size);
	if (sock_datagram_decode(data, size, &s) < 0) {
		if (size < sizeof(d))
			return 0;
		/* past the two tests that a fuzzer seldom passes */
		memcpy(&d, data, sizeof(d));
		d.magic = SOCK_DATAGRAM_MAGIC;
		if (sock_datagram_decode(&d, sizeof(d), &s) < 0)
			return 0;
	}
	assert(s.system.ns >= 0 && s.reference.ns >= 0 && s.leap >= 0 && s.leap <= 3);
	assert(sock_datagram_encode(&s, &d) == 0);
	return 0;
}
