/* SPDX-License-Identifier: MIT */
/* Key files and addresses: whatever parses holds keys that are keys, and names for people. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "common/core/bytes.h"
#include "common/core/endpoint.h"
#include "common/core/keyfile.h"
#include "tests/fuzz/input.h"

static void check_keys(const struct keyfile *f)
{
	must(f->secret[0] || f->count > 0);
	must(!f->secret[0] || keyfile_is_key(f->secret, strlen(f->secret)));
	must(f->count >= 0 && f->count <= KEYFILE_KEYS_MAX);
	for (int i = 0; i < f->count; i++) {
		const char *name = f->entry[i].name;

		must(keyfile_is_key(f->entry[i].key, strlen(f->entry[i].key)));
		must(keyfile_find(f, f->entry[i].key) != NULL);
		must(strlen(name) < KEY_NAME_SIZE);
		for (; *name; name++)
			must(ascii_is_printable(*name));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[KEYFILE_ERROR_SIZE] = "", text[256];
	struct keyfile f;

	if (keyfile_parse((const char *)data, size, &f, error) == 0)
		check_keys(&f);
	else
		must(error[0] && strlen(error) < sizeof(error));
	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	/* what may be listened on may be connected to, but for all addresses at once */
	if (endpoint_check(text, true, error, sizeof(error)) == 0)
		must(endpoint_check(text, false, error, sizeof(error)) == 0 ||
			strncmp(text, "tcp://*:", 8) == 0);
	return 0;
}
