/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this host a guest, and what follows from that for a PF? */
#ifndef HOST_GUEST_H
#define HOST_GUEST_H

#include "host/device.h"
#include "lib/err.h"

/** guest_hint_sriov - give @err the hint for a PF that can have no VFs: a hypervisor may hide them; returns -1 */
int guest_hint_sriov(const struct device *pf, struct err *err) __attribute__((nonnull(1, 2)));

#endif
