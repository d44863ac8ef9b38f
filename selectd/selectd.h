/* SPDX-License-Identifier: MIT */
/*
 * selectd.h - the stage that judges sources and estimates UTC. It touches nothing but the bus.
 */
#ifndef TB_SELECTD_H
#define TB_SELECTD_H

#include "common/io/stage.h"

extern const struct stage selectd_stage;

/* Its directives, into struct selectd_config. */
extern const struct directive selectd_directives[];

#endif
