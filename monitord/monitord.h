/* SPDX-License-Identifier: MIT */
/*
 * monitord.h - the stage that watches the others: keeps their last state, answers who asks, and
 * writes the log files that chrony's readers know. It publishes nothing but events.
 */
#ifndef TB_MONITORD_H
#define TB_MONITORD_H

#include "common/io/stage.h"

extern const struct stage monitord_stage;

#endif
