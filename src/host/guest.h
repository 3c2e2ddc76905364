/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this host a guest, and what follows from that for a PF? */
#ifndef HOST_GUEST_H
#define HOST_GUEST_H

#include <stdbool.h>

#include "host/device.h"
#include "lib/err.h"

/**
 * guest_is_host - is the host below the root known to be a virtual machine?
 *
 * By the processor's flag "hypervisor", the device tree's node of that name,
 * or Xen's /sys/hypervisor; the control domain of Xen is none. False: it is
 * not, or nothing shows it.
 */
bool guest_is_host(void);

/** guest_hint_sriov - give @err the hint for a PF that can have no VFs: a hypervisor may hide them; returns -1 */
int guest_hint_sriov(const struct device *pf, struct err *err) __attribute__((nonnull(1, 2)));

#endif
