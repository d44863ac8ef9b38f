/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/io/shadow.h"

struct shadow_writer {
	struct shadow_page *page;
	uint64_t oscillator;
	uint8_t boot_id[16];
	int fd;
	bool claimed;
};

struct shadow_reader {
	const struct shadow_page *page;
	uint64_t oscillator;
	uint8_t boot_id[16];
};

uint64_t shadow_oscillator(void)
{
	const char *bend = getenv("TIMEBUS_TEST_OSCILLATOR");
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	if (bend == NULL || bend[0] == '\0')
		return 0;
	for (; *bend != '\0'; bend++)
		hash = (hash ^ (unsigned char)*bend) * UINT64_C(0x100000001b3);
	return hash == 0 ? 1 : hash;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* All zero: then nothing is ever taken over. */
void shadow_boot(uint8_t id[16])
{
	char text[64] = "";
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	int nibbles = 0;

	memset(id, 0, 16);
	if (f == NULL)
		return;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	for (const char *c = text; *c != '\0' && nibbles < 32; c++) {
		int digit = hex_digit(*c);

		if (digit < 0)
			continue;
		id[nibbles / 2] = (uint8_t)(id[nibbles / 2] << 4 | digit);
		nibbles++;
	}
}

static int page_map(int fd, bool writable, struct shadow_page **ret_page)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < SHADOW_PAGE_SIZE) {
		if (!writable)
			return -EPROTO;
		if (ftruncate(fd, SHADOW_PAGE_SIZE) < 0)
			return -errno;
	}
	at = mmap(NULL, SHADOW_PAGE_SIZE, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
		fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret_page = at;
	return 0;
}

int shadow_writer_open(const char *dir, struct shadow_writer **ret_writer)
{
	struct shadow_writer *writer;
	char path[512];
	int fd, rc;

	if (snprintf(path, sizeof(path), "%s/%s", dir, SHADOW_FILE) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
		goto fail;
	}
	(void)fchmod(fd, 0644); /* whatever the umask is: applications are other users */
	writer = calloc(1, sizeof(*writer));
	rc = -ENOMEM;
	if (writer == NULL)
		goto fail;
	rc = page_map(fd, true, &writer->page);
	if (rc < 0) {
		free(writer);
		goto fail;
	}
	writer->fd = fd;
	writer->oscillator = shadow_oscillator();
	shadow_boot(writer->boot_id);
	*ret_writer = writer;
	return 0;
fail:
	close(fd);
	return rc;
}

void shadow_writer_close(struct shadow_writer **writer)
{
	if (*writer == NULL)
		return;
	munmap((*writer)->page, SHADOW_PAGE_SIZE);
	close((*writer)->fd);
	free(*writer);
	*writer = NULL;
}

static bool page_ours(
	const struct shadow_page *page, uint64_t oscillator, const uint8_t boot_id[16])
{
	return page->oscillator == oscillator && memcmp(page->boot_id, boot_id, 16) == 0;
}

int shadow_writer_former(
	const struct shadow_writer *writer, struct ts_raw now, struct shadow_line *ret_line)
{
	static const uint8_t unknown[16];
	struct shadow_line line;
	int rc = shadow_page_read(writer->page, SHADOW_PAGE_SIZE, &line);

	if (rc < 0)
		return rc;
	if (!page_ours(writer->page, writer->oscillator, writer->boot_id) || line.raw_ns > now.ns)
		return -ESTALE;
	if (memcmp(writer->boot_id, unknown, sizeof(unknown)) == 0)
		return -ESTALE; /* it may be of a former boot for all we know */
	*ret_line = line;
	return 0;
}

/* A page of another boot, or damaged, is made anew once; a good one is gone on with. */
static void page_claim(struct shadow_writer *writer)
{
	struct shadow_line former;

	writer->claimed = true;
	if (shadow_page_read(writer->page, SHADOW_PAGE_SIZE, &former) != 0 ||
		!page_ours(writer->page, writer->oscillator, writer->boot_id))
		shadow_page_init(writer->page, writer->oscillator, writer->boot_id);
}

void shadow_writer_publish(struct shadow_writer *writer, const struct shadow_line *line)
{
	if (!writer->claimed)
		page_claim(writer);
	shadow_page_publish(writer->page, line);
}

int shadow_reader_open(const char *path, struct shadow_reader **ret_reader)
{
	struct shadow_reader *reader;
	struct shadow_page *page;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = page_map(fd, false, &page);
	close(fd);
	if (rc < 0)
		return rc;
	reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		munmap(page, SHADOW_PAGE_SIZE);
		return -ENOMEM;
	}
	reader->page = page;
	reader->oscillator = shadow_oscillator();
	shadow_boot(reader->boot_id);
	*ret_reader = reader;
	return 0;
}

void shadow_reader_close(struct shadow_reader **reader)
{
	if (*reader == NULL)
		return;
	munmap((void *)(uintptr_t)(*reader)->page, SHADOW_PAGE_SIZE);
	free(*reader);
	*reader = NULL;
}

int shadow_reader_line(const struct shadow_reader *reader, struct shadow_line *ret_line)
{
	struct shadow_line line;
	int rc = shadow_page_read(reader->page, SHADOW_PAGE_SIZE, &line);

	if (rc < 0)
		return rc;
	if (!page_ours(reader->page, reader->oscillator, reader->boot_id))
		return -ESTALE;
	*ret_line = line;
	return 0;
}
