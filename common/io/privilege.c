/* SPDX-License-Identifier: MIT */
#include "common/io/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_WORDS _LINUX_CAPABILITY_U32S_3

/* The raw calls: libcap would be one more library for two of them. */
static int caps_get(struct __user_cap_data_struct caps[CAP_WORDS])
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capget, &header, caps) < 0 ? -errno : 0;
}

static int caps_set(const struct __user_cap_data_struct caps[CAP_WORDS])
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capset, &header, caps) < 0 ? -errno : 0;
}

bool privilege_has_time(void)
{
	struct __user_cap_data_struct caps[CAP_WORDS];

	return caps_get(caps) == 0 && (caps[0].effective & CAP_TO_MASK(CAP_SYS_TIME));
}

int privilege_drop_time(void)
{
	struct __user_cap_data_struct caps[CAP_WORDS];
	uint32_t bit = CAP_TO_MASK(CAP_SYS_TIME);
	int r = caps_get(caps);

	if (r < 0)
		return r;
	/* Both fail without harm: on old kernels, or without CAP_SETPCAP. What counts is the
	 * permitted set, which no later call can widen again. */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_SYS_TIME, 0, 0);
	(void)prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0);
	if (!((caps[0].effective | caps[0].permitted | caps[0].inheritable) & bit))
		return 0;
	caps[0].effective &= ~bit;
	caps[0].permitted &= ~bit;
	caps[0].inheritable &= ~bit;
	return caps_set(caps);
}
