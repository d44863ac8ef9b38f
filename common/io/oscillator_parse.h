/* SPDX-License-Identifier: MIT */
/* oscillator_parse.h - the test oscillator from its text (TIMEBUS_TEST_OSCILLATOR, door.h). */
#ifndef TB_OSCILLATOR_PARSE_H
#define TB_OSCILLATOR_PARSE_H

#include <stddef.h>
#include "common/core/oscillator.h"

/* "epoch=NS,freq=PPB,wander=W,seed=N". 0, or -EINVAL with what was allowed in error. */
int oscillator_parse(struct oscillator *o, const char *text, char *error, size_t error_size);

#endif
