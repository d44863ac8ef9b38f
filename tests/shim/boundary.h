/* SPDX-License-Identifier: MIT */
/*
 * boundary.h - what the doubles of devices share: the system calls that are taken over, and the
 * little that a double needs. Linked into each of them (Makefile, SHIMS).
 *
 * A double says which paths are its device (double_is()), gives a descriptor for it, and answers
 * its ioctls. A control file tells it while it runs what to do; it is read past the C library,
 * whose calls are the ones that are taken over.
 */
#ifndef TB_SHIM_BOUNDARY_H
#define TB_SHIM_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NS     INT64_C(1000000000)
#define EXPORT __attribute__((visibility("default")))

/* ---- what each double brings along ---- */

bool double_is(const char *path);
/* Is there a device now? 0 or negative errno. */
int double_there(void);
/* A descriptor, or negative errno. */
int double_open(int flags);
int double_ioctl(int fd, unsigned long request, void *arg);
/* An ioctl on somebody else's descriptor: is it about the device? Then *ret_rc is the answer. */
bool double_takes(unsigned long request, void *arg, int *ret_rc);

/* ---- what it may use ---- */

/* The next definition of a function: the C library's. */
void *shim_next(const char *name);
/* That a descriptor is the double's, until it is closed. */
void shim_own(int fd);
bool shim_owns(int fd);
/* /dev/null in the place of the device. */
int shim_open_null(int flags);
/* -1 and errno for a negative rc. */
int shim_answer(int rc);

/* The kernel's clocks. */
int64_t shim_now(clockid_t id);
/* A word among others with commas, blanks or lines between; it may go on with =. */
bool shim_has_word(const char *list, const char *word);
const char *shim_env(const char *name, const char *fallback);
/* RAWNS,REALNS of a variable, else of this moment. */
void shim_epoch(const char *name, int64_t *ret_raw, int64_t *ret_real);
/* What a control file holds; "" if there is none. */
void shim_control(const char *path, char *text, size_t size);

#endif
