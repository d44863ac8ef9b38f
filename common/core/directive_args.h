/* SPDX-License-Identifier: MIT */
/*
 * directive_args.h - the words of a directive table, short. Constant initialisers only.
 *
 * at is the offset of the field (directive.h), preset its default as it would be written or NULL,
 * of the unit or "". A list is written where it is used:
 *
 *   {.word = "makestep", .help = "step instead of slewing", .given = SIZE_MAX,
 *           .positional = ARGS(ARG_REAL("threshold", AT(step_s), 0, 1e9, "0", "s", "..."),
 *                   ARG_INT("limit", AT(limit), -1, 1000, "0", "updates", "..."))}
 */
#ifndef TB_DIRECTIVE_ARGS_H
#define TB_DIRECTIVE_ARGS_H

#include "common/core/directive.h"

/* A list of arguments or options; only in tables of static storage, as it lives in none itself. */
#define ARGS(...)                                                                                  \
	(const struct directive_field[])                                                           \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			.word = NULL                                                               \
		}                                                                                  \
	}

#define ARG_FLAG(name, at, text)                                                                   \
	{                                                                                          \
		.word = (name), .type = FIELD_FLAG, .offset = (at), .help = (text)                 \
	}
#define ARG_INT(name, at, low, high, preset, of, text)                                             \
	{                                                                                          \
		.word = (name), .type = FIELD_INT, .offset = (at), .min = (low), .max = (high),    \
		.fallback = (preset), .unit = (of), .help = (text)                                 \
	}
#define ARG_REAL(name, at, low, high, preset, of, text)                                            \
	{                                                                                          \
		.word = (name), .type = FIELD_DOUBLE, .offset = (at), .min = (low), .max = (high), \
		.fallback = (preset), .unit = (of), .help = (text)                                 \
	}
/* room: of the array, its zero included */
#define ARG_TEXT(name, at, room, preset, text)                                                     \
	{                                                                                          \
		.word = (name), .type = FIELD_STRING, .offset = (at), .size = (room),              \
		.fallback = (preset), .help = (text)                                               \
	}
/* words: "a|b|c", of which the field gets the index */
#define ARG_WORD(name, at, words, preset, text)                                                    \
	{                                                                                          \
		.word = (name), .type = FIELD_ENUM, .offset = (at), .choices = (words),            \
		.fallback = (preset), .help = (text)                                               \
	}
#define ARG_REFID(name, at, text)                                                                  \
	{                                                                                          \
		.word = (name), .type = FIELD_REFID, .offset = (at), .help = (text)                \
	}
/* values: how many words follow it, 0 or 1 */
#define ARG_NOTHING(name, values, text)                                                            \
	{                                                                                          \
		.word = (name), .type = FIELD_NOTHING, .max = (values), .help = (text)             \
	}

#endif
