/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/driver_info.h"

#include <string.h>

#include "host/sysroot.h"
#include "vfio/bind.h"

#define BOTH (1u << STREAM_RECORDS | 1u << STREAM_BARE)

void formats_find(struct device *device)
{
	struct stream_formats *formats = &device->formats;
	char text[16];

	*formats = (struct stream_formats){ .writes = STREAM_UNKNOWN };
	if (strcmp(device->driver, DRIVER_VARIANT))
		return;
	if (root_read(text, sizeof(text),
		      "/sys/module/" DRIVER_VARIANT "/parameters/stream_format") >= 0) {
		formats->writes = strcmp(text, "bare") ? STREAM_RECORDS
						       : STREAM_BARE;
		formats->reads = BOTH;
	} else if (device->probed && device->caps.migration) {
		formats->writes = device->caps.flags & MIG_PRE_COPY
					  ? STREAM_RECORDS : STREAM_BARE;
		formats->reads = 1u << formats->writes;
	}
}
