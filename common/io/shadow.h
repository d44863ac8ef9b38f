/* SPDX-License-Identifier: MIT */
/*
 * shadow.h - the page of shadow_page.h as a file: writer (disciplined) and reader (anybody).
 *
 * The file is <dir>/shadow, mode 0644, one page, kept over restarts of the writer so that mapped
 * readers go on. A second writer is refused (flock). The reader checks what it maps and copies;
 * the only thing it trusts is that whoever may write the directory does not shorten the file.
 */
#ifndef TB_SHADOW_H
#define TB_SHADOW_H

#include "common/core/shadow_page.h"

#define SHADOW_FILE "shadow"

struct shadow_writer;
struct shadow_reader;

/*
 * Identity of the raw clock of this process: 0 for the kernel's own, else a digest of the test
 * oscillator in TIMEBUS_TEST_OSCILLATOR (door.h). Two programs with equal identity read the same.
 */
uint64_t shadow_oscillator(void);

/* Identity of the kernel's boot; all zero where the kernel does not tell. */
void shadow_boot(uint8_t id[16]);

/* Opens or makes the page. 0; -EBUSY another writer holds it; or the errno of the file system. */
int shadow_writer_open(const char *dir, struct shadow_writer **ret_writer);
void shadow_writer_close(struct shadow_writer **writer);

/* The line that a former writer left, if it was of this boot and this raw clock and does not start
 * in the future of now. 0, -ENODATA (none), -ESTALE (other boot or clock), or as
 * shadow_page_read(). */
int shadow_writer_former(
	const struct shadow_writer *writer, struct ts_raw now, struct shadow_line *ret_line);

/* Puts a line in force; the first call after opening a foreign or damaged page makes it anew. */
void shadow_writer_publish(struct shadow_writer *writer, const struct shadow_line *line);

/* path: of the file. 0 or negative errno (-ENOENT: no writer was there yet). */
int shadow_reader_open(const char *path, struct shadow_reader **ret_reader);
void shadow_reader_close(struct shadow_reader **reader);

/* The line in force; 0, -ESTALE (other boot or other raw clock), or as shadow_page_read(). */
int shadow_reader_line(const struct shadow_reader *reader, struct shadow_line *ret_line);

#endif
