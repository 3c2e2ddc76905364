/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands share that open one device and do nothing else to it than look or walk. */
#ifndef CMD_VISIT_H
#define CMD_VISIT_H

#include "lib/err.h"
#include "vfio/open.h"

/* What --live does, for every command's help: those that want a paused guest, and those that do not ask. */
#define LIVE_HELP "use the device of another program too, a VMM's say, whose guest is paused"
#define LIVE_ANY_HELP "use the device of another program too, a VMM's say"

/** visit_use - what a command that moves a device opens it for; @live: with --live */
enum vdev_use visit_use(bool live);

/** visit_begin - resolve @name, open or borrow it for @use, and read its driver's offer (mig_offer_read()); @vdev is the caller's to close; 0 or -1 */
int visit_begin(char *name, enum vdev_use use, struct vdev *vdev,
		struct visit *visit, struct device *device,
		struct mig_caps *caps, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5, 6, 7)));

/** visit_fill - what @visit says of an open device */
void visit_fill(struct visit *visit, const struct device *device,
		const struct vdev *vdev, const struct mig_caps *caps)
	__attribute__((nonnull(1, 2, 3, 4)));

#endif
