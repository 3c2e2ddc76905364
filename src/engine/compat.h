/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One side of a comparison, out of a file. */
#ifndef ENGINE_COMPAT_H
#define ENGINE_COMPAT_H

#include "compat/compat.h"
#include "image/reader.h"

/**
 * struct compat_readers - the JSON readers that the caller lends
 * @read_device: device.json as a struct device
 * @read_devices: any document that tells of devices, as an array
 */
struct compat_readers {
	struct image_json json;
	int (*read_device)(const char *json, size_t len, struct device *device,
			   struct image_origin *origin, struct err *err);
	int (*read_devices)(const char *json, size_t len,
			    struct device **devices, size_t *n,
			    struct err *err);
};

/**
 * compat_read - fill @side from the file (or stdin) that its name names
 *
 * An image is read as far as the stream's beginning, a document whole. 0 or -1.
 */
int compat_read(struct compat_side *side, const struct compat_readers *readers,
		struct err *err) __attribute__((nonnull(1, 2, 3)));

#endif
