/* SPDX-License-Identifier: MIT */
/* ntpexchd.h - the stage that exchanges NTP packets as client and server. */
#ifndef NTPEXCHD_NTPEXCHD_H
#define NTPEXCHD_NTPEXCHD_H

#include "common/io/stage.h"

extern const struct stage ntpexchd_stage;

#endif
