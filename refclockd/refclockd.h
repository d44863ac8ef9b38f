/* SPDX-License-Identifier: MIT */
/*
 * refclockd.h - the stage that reads reference clocks and publishes samples.
 */
#ifndef TB_REFCLOCKD_H
#define TB_REFCLOCKD_H

#include "common/io/stage.h"

extern const struct stage refclockd_stage;

#endif
