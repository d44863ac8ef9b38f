/* SPDX-License-Identifier: MIT */
/* schema-page - prints docs/protocol.md. */
#include <stdio.h>
#include "common/bus/codec.h"

int main(void)
{
	msg_print_protocol_page(stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
