/* SPDX-License-Identifier: MIT */
#include "refclockd/driver.h"

#include "common/core/bytes.h"

const struct driver *driver_find(const char *word)
{
	static const struct driver *const all[] = {
		&driver_phc, &driver_pps, &driver_shm, &driver_sock};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (str_same_word(word, all[i]->word))
			return all[i];
	return NULL;
}

bool driver_is_planned(const char *word)
{
	static const char *const planned[] = {"GPSD", "VMCLOCK", "RTC"};

	for (size_t i = 0; i < sizeof(planned) / sizeof(planned[0]); i++)
		if (str_same_word(word, planned[i]))
			return true;
	return false;
}
