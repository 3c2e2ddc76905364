/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two groups of devices held against each other: out of images, documents or the host. */
#ifndef COMPAT_COMPAT_H
#define COMPAT_COMPAT_H

#include <stddef.h>

#include "compat/identity.h"
#include "host/device.h"
#include "lib/err.h"

/** enum compat_kind - what a side was taken from */
enum compat_kind { COMPAT_IMAGE, COMPAT_DOCUMENT, COMPAT_DEVICE };

/**
 * struct compat_side - the devices that states come from, or may go to
 * @name: as it was named on the command line; "-": standard input
 * @devices: @n of them, owned
 */
struct compat_side {
	const char *name;
	enum compat_kind kind;
	struct device *devices;
	size_t n;
};

/** struct compat_pair - a device of the source held against one of the target */
struct compat_pair {
	const struct device *source, *target; /* of the sides */
	struct identity_fit fit;
};

/**
 * struct compat - the comparison
 * @limit: so many pairs are kept at most
 * @worst: the worst of what is best for each device of the source
 * @pairs: @n_pairs of them, owned; each of the source with each of the target
 * @n_pairs_more: compared, but not kept
 * @without_target: @n_without_target devices of the source that fit none of the target, owned
 */
struct compat {
	struct compat_side source, target;
	size_t limit;
	enum fit worst;
	struct compat_pair *pairs;
	size_t n_pairs, n_pairs_more;
	const struct device **without_target;
	size_t n_without_target;
};

/** compat_judge - compare; both sides have devices; 0 or -1 (ERR_NO_MEMORY) */
int compat_judge(struct compat *compat, struct err *err) __attribute__((nonnull(1, 2)));

/** compat_free - what is owned, and leave it empty */
void compat_free(struct compat *compat) __attribute__((nonnull(1)));

/** compat_kind_name - "image", "document" or "device" */
const char *compat_kind_name(enum compat_kind kind);

/* One side of a comparison, out of a file. */

/**
 * compat_read - fill @side from the file (or stdin) that its name names
 *
 * An image is read as far as the stream's beginning, a document whole. 0 or -1.
 */
int compat_read(struct compat_side *side, struct err *err) __attribute__((nonnull(1, 2)));

/* Devices, out of the documents that tell of them. */

/**
 * compat_read_devices - what a document tells of the devices whose states move
 * @json: of status: its VFs; of inspect, also the error's document with it; or
 *        a device.json
 * @devices: takes an array of @n, the caller's to free; NULL on failure
 *
 * Only what identity_compare() looks at, and the names, are filled.
 * ERR_DAMAGED for what is no such document, ERR_INCOMPATIBLE for a newer
 * version of one, ERR_NO_DEVICE when it tells of none; 0 or -1.
 */
int compat_read_devices(const char *json, size_t len, struct device **devices,
			size_t *n, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5)));

#endif
