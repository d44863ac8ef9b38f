/* SPDX-License-Identifier: MIT */
/*
 * solo_config.h - one chrony.conf for all stages: each line goes to every stage whose table knows
 * its directive. A directive that some table only tolerates ("not supported yet", "the service
 * manager does that") is accepted without effect, with its table's notice; one that no table knows
 * is an error.
 */
#ifndef TB_SOLO_CONFIG_H
#define TB_SOLO_CONFIG_H

#include "common/io/stage.h"

/* Allocates the configuration of each stage into ret_configs (as many as there are stages), to be
 * freed by the caller also after an error. extra: further lines, after the file's; ends with NULL.
 * check: the reasons go to stderr as they are, and a source that is off counts as wrong.
 * 0, -EINVAL if a line makes it unusable, or negative errno of the file; the reason is logged. */
int solo_config_load(const struct stage *const *stages, const char *file, const char *const *extra,
	bool check, void **ret_configs);

#endif
