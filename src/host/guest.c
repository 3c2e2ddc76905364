/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/guest.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* Is @word one of the blank-separated words of @line? */
static bool has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = line; (p = strstr(p, word)); p += len)
		if (p > line && p[-1] == ' ' && strchr(" \n", p[len]))
			return true;
	return false;
}

static bool has_processor_flag(const char *flag)
{
	AUTO_FILE FILE *file = sysroot_fopen("/proc/cpuinfo");
	AUTO_FREE char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (text_starts(line, "flags"))
			return has_word(line, flag);
	return false;
}

/*
 * Known to be a virtual machine: by the processor's flag "hypervisor", the
 * device tree's node of that name, or Xen's /sys/hypervisor; the control domain
 * of Xen is none. False: it is not, or nothing shows it.
 */
static bool host_is_guest(void)
{
	char text[64];

	if (sysroot_read(text, sizeof(text), "/proc/xen/capabilities") > 0 &&
	    strstr(text, "control_d"))
		return false;
	return has_processor_flag("hypervisor") || sysroot_exists("/proc/device-tree/hypervisor") ||
	       sysroot_exists("/sys/hypervisor/type");
}

#define SWITCH_ON "switch SR-IOV on in its firmware (mlxconfig -d %s set SRIOV_EN=1 NUM_OF_VFS=8), and reboot"

int guest_hint_sriov(const struct device *pf, struct err *err)
{
	if (!pf->total_vfs)
		return err_hint(err, "its firmware offers no VFs: " SWITCH_ON, pf->name);
	if (host_is_guest())
		return err_hint(err, "run mlxmigctl on this guest's hypervisor, which hides the PF's SR-IOV from the guest");
	return err_hint(err, "on a host, " SWITCH_ON "; in a guest, whose hypervisor hides SR-IOV, run mlxmigctl on that hypervisor",
			pf->name);
}
