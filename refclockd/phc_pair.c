/* SPDX-License-Identifier: MIT */
#include "refclockd/phc_pair.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum stamp stamp_of(enum phc_method method)
{
	return method == PHC_METHOD_PRECISE   ? stamp_hardware
	       : method == PHC_METHOD_GETTIME ? stamp_daemon
					      : stamp_kernel;
}

int phc_pair_read(struct phc *phc, struct phc_noise *noise, struct door *door, struct phc_pair *ret)
{
	struct phc_batch batch;
	struct phc_best best;
	int64_t width_ns = 0;
	int rc = phc_read(phc, PHC_SCALE_RAW, PHC_BATCH_MAX, &batch);

	if (rc == 0)
		rc = phc_noise_best(noise, &batch, &best);
	if (rc < 0)
		return rc;
	if (batch.scale == PHC_SCALE_RAW)
		ret->raw = door_raw_from_kernel(door, best.system_ns);
	else
		ret->raw = door_raw_from_real(door, (struct ts_utc){best.system_ns}, &width_ns);
	ret->phc_ns = best.phc_ns;
	ret->width_ns = best.width_ns;
	ret->error_ns = best.noise_ns + width_ns / 2;
	ret->stamp = stamp_of(batch.method);
	return 0;
}

int phc_pair_explain(const struct phc *phc, int rc, char error[DRIVER_TEXT_SIZE])
{
	(void)snprintf(error, DRIVER_TEXT_SIZE, "%s: %s", phc->path,
		rc == -ENODEV ? "the device is gone" : strerror(-rc));
	return rc;
}
