/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands share that work on devices: from the operands to devices, the looks at them, and what documents have of them. */
#ifndef CMD_DEVICE_H
#define CMD_DEVICE_H

#include <jansson.h>
#include <stdbool.h>

#include "host/device.h"
#include "host/inventory.h"
#include "lib/err.h"
#include "vfio/open.h"

/**
 * devices_resolve - the devices that were named, and who holds them
 * @inventory: the whole scan, the caller's to free; filled also on failure
 * @names: DEVICE operands, @n of them
 * @out: takes a copy of each, in the order of @names
 *
 * Scans the host, finds each name and its holder. A device named twice is
 * ERR_USAGE. Devlink is not asked and nothing is opened. 0 or -1.
 */
int devices_resolve(struct inventory *inventory, char **names, size_t n,
		    struct device *out, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5)));

/** devices_find - devices_resolve() without a look at who holds them */
int devices_find(struct inventory *inventory, char **names, size_t n,
		 struct device *out, struct err *err)
	__attribute__((nonnull(1, 2, 4, 5)));

/** device_resolve - devices_resolve() for one name, the rest of the scan forgotten */
int device_resolve(char *name, struct device *out, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * device_require_vf - fail unless @device may be a migration's VF
 *
 * ERR_NOT_VF for a PF. A device of kind DEVICE_OTHER passes: VFIO tells what
 * it can. 0 or -1.
 */
int device_require_vf(const struct device *device, struct err *err) __attribute__((nonnull(1, 2)));

/* What a device offers, as far as that can be read without disturbing it. */

/* Not asked, for nothing may be disturbed; texts explain a "-" by this. */
#define PROBE_REASON_FREE "it is free, and opening it resets it: --probe does"
#define PROBE_REASON_FREE_MDEV "it is free, and opening it may change it: --probe does"

/**
 * probe_device - fill what VFIO offers (@probed, @caps) and @formats
 * @device: resolved, with its holder
 * @free_too: open it if it is free, which resets it
 *
 * Where it was not asked, its probe_reason says why.
 */
void probe_device(struct device *device, bool free_too) __attribute__((nonnull(1)));

/* What the commands share that open one device and do nothing else to it than look or walk. */

#define BARE_HELP "load content without an image and without records, which cannot be judged"

/* What --live does, for every command's help: those that want a paused guest, and those that do not ask. */
#define LIVE_HELP "use the device of another program too, a VMM's say, whose guest is paused"
#define LIVE_ANY_HELP "use the device of another program too, a VMM's say"

/** device_use - what a command that moves a device opens it for; @live: with --live */
enum vdev_use device_use(bool live);

/** device_access_begin - resolve @name, open or borrow it for @use, and read its driver's offer (mig_offer_read()); @vdev is the caller's to close; 0 or -1 */
int device_access_begin(char *name, enum vdev_use use, struct vdev *vdev,
			struct device_access *access, struct device *device,
			struct mig_caps *caps, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5, 6, 7)));

/** device_access_fill - what @access says of an open device */
void device_access_fill(struct device_access *access, const struct device *device,
			const struct vdev *vdev, const struct mig_caps *caps)
	__attribute__((nonnull(1, 2, 3, 4)));

/** holder_json - {"kind", "pid", "name"}, or null where there is none */
json_t *holder_json(const struct holder *holder) __attribute__((nonnull(1)));

/** access_json_add - add to @object: "device", "access", "fresh" and "lender": whose it was, if it was borrowed */
void access_json_add(json_t *object, const char *device,
		     const struct holder *lender) __attribute__((nonnull(1, 3)));

/** device_access_document - a document that begins with what @access says of the device */
json_t *device_access_document(const char *command, const struct device_access *access)
	__attribute__((nonnull(1, 2)));

/** device_access_warnings - the "warnings" of a document that has no others; an array, to be added to */
json_t *device_access_warnings(const struct device_access *access) __attribute__((nonnull(1)));

/** device_access_json_add - add to @object what @access says of the device */
void device_access_json_add(json_t *object, const struct device_access *access)
	__attribute__((nonnull(1, 2)));

/** state_json - the name of @state where it is @known; else null */
json_t *state_json(bool known, enum device_state state);

#endif
