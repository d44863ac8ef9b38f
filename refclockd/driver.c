/* SPDX-License-Identifier: MIT */
#include "refclockd/driver.h"

#include <string.h>

#include "common/core/bytes.h"

const struct driver *driver_find(const char *word)
{
	static const struct driver *const all[] = {&driver_phc, &driver_pps, &driver_gpsd,
		&driver_vmclock, &driver_shm, &driver_sock, &driver_rtc};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (str_same_word(word, all[i]->word))
			return all[i];
	return NULL;
}

static bool has_option(const char *parameter, const char *option)
{
	size_t n = strlen(option);

	for (const char *p = strchr(parameter, ':'); p; p = strchr(p + 1, ':'))
		if (strncmp(p + 1, option, n) == 0 && (p[1 + n] == ':' || !p[1 + n]))
			return true;
	return false;
}

const struct driver *driver_of(const char *word, const char *parameter)
{
	const struct driver *driver = driver_find(word);

	return driver == &driver_phc && has_option(parameter, "extpps") ? &driver_extpps : driver;
}
