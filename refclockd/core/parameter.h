/* SPDX-License-Identifier: MIT */
/*
 * parameter.h - the parameter of a refclock line: NAME[:option[=value]]..., as chrony has it. Pure.
 */
#ifndef TB_PARAMETER_H
#define TB_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>

#define PARAMETER_SIZE	      128
#define PARAMETER_OPTIONS_MAX 8
#define PARAMETER_DEVICE_SIZE 96 /* of the path of a device file */

struct parameter {
	char name[PARAMETER_SIZE]; /* what stands before the first colon */
	char text[PARAMETER_SIZE]; /* the options, each terminated */
	struct {
		const char *word;  /* into text */
		const char *value; /* NULL: none given */
	} option[PARAMETER_OPTIONS_MAX];
	int options;
};

/*
 * Takes text apart. allowed: words of options, separated by blanks; a word that ends in '=' needs
 * a value, another must not have one. 0, or -EINVAL with what is wrong and what is allowed in
 * error. The struct must not be copied (it points into itself).
 */
int parameter_parse(struct parameter *ret, const char *text, const char *allowed, char *error,
	size_t error_size);

/* The same, for a name that must be the absolute path of a device file. */
int parameter_parse_device(struct parameter *ret, const char *text, const char *allowed,
	char *error, size_t error_size);

/* Value of an option ("" for one without a value), NULL if it is not there. */
const char *parameter_option(const struct parameter *p, const char *word);

/* A whole number, decimal or (octal) with a leading 0. -EINVAL unless it lies in min..max. */
int parameter_number(const char *text, bool octal, int min, int max, int *ret);

#endif
