/* SPDX-License-Identifier: MIT */
/* disciplined.h - the stage that steers a clock along the estimate; alone in the suite to do so. */
#ifndef DISCIPLINED_DISCIPLINED_H
#define DISCIPLINED_DISCIPLINED_H

#include "common/io/stage.h"

extern const struct stage disciplined_stage;

#endif
