/* SPDX-License-Identifier: MIT */
/* codec_private.h - what the codec's files share. */
#ifndef TB_CODEC_PRIVATE_H
#define TB_CODEC_PRIVATE_H

#include "common/bus/codec.h"
#include "common/bus/schema.h"

/* Writes the reason into error (MSG_ERROR_SIZE bytes, or NULL) and returns result. */
int codec_fail(char *error, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* 0, -EINVAL or -ERANGE with the reason. */
int codec_check_envelope(const struct msg_envelope *env, char *error);

#endif
