/* SPDX-License-Identifier: MIT */
/* options_private.h - values of options, read the same way wherever they stand. All return 0, or
 * -EINVAL with word, value and what is allowed in error; *ret is untouched then. */
#ifndef TB_PHC2SHM_OPTIONS_PRIVATE_H
#define TB_PHC2SHM_OPTIONS_PRIVATE_H

#include "phc2shm/options.h"

/* Only writes the error. */
int options_refuse(
	char error[OPTIONS_TEXT_SIZE], const char *word, const char *value, const char *allowed);
int options_get_int(const char *word, const char *value, int min, int max, int *ret,
	char error[OPTIONS_TEXT_SIZE]);
int options_get_double(const char *word, const char *value, double min, double max, double *ret,
	char error[OPTIONS_TEXT_SIZE]);
/* 0 or 1 */
int options_get_bool(const char *word, const char *value, bool *ret, char error[OPTIONS_TEXT_SIZE]);
int options_get_text(const char *word, const char *value, char ret[OPTIONS_LABEL_SIZE],
	char error[OPTIONS_TEXT_SIZE]);
/* Lists with commas: where samples go; the units of segments, each 0 to 255. */
int options_get_servos(
	struct options *o, const char *word, const char *value, char error[OPTIONS_TEXT_SIZE]);
int options_get_segments(
	struct options *o, const char *word, const char *value, char error[OPTIONS_TEXT_SIZE]);

/* The word is told as one without effect, once. */
void options_ignore(struct options *o, const char *word);

#endif
