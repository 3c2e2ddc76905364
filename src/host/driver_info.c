/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/driver_info.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/text.h"

#define BOTH (1u << STREAM_RECORDS | 1u << STREAM_BARE)

void stream_formats_find(struct device *device)
{
	struct stream_formats *formats = &device->formats;
	char text[16];

	*formats = (struct stream_formats){ .writes = STREAM_UNKNOWN };
	if (strcmp(device->driver, DRIVER_VARIANT))
		return;
	if (sysroot_read(text, sizeof(text),
			 "/sys/module/" DRIVER_VARIANT "/parameters/stream_format") >= 0) {
		formats->writes = strcmp(text, "bare") ? STREAM_RECORDS : STREAM_BARE;
		formats->reads = BOTH;
	} else if (device->probed && device->caps.migration) {
		formats->writes = device->caps.flags & MIG_PRE_COPY ? STREAM_RECORDS : STREAM_BARE;
		formats->reads = 1u << formats->writes;
	}
}

#define STATUS_SIZE 8192 /* it has some 60 lines */
#define NS_A_SECOND 1e9

/* One part of a transfer: `<name>_bytes` and `<name>_firmware_ns`. */
struct part {
	const char *name;
	uint64_t bytes;
	uint64_t ns;
};

static void take_value(struct part *part, const char *key, uint64_t value)
{
	size_t len = strlen(part->name);

	if (strncmp(key, part->name, len))
		return;
	if (!strcmp(key + len, "_bytes"))
		part->bytes = value;
	else if (!strcmp(key + len, "_firmware_ns"))
		part->ns = value;
}

/* Lines of "key: value", of which those with numbers count. */
static void parse(const char *text, struct part *parts, size_t n)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		uint64_t value;
		char key[64];

		line += *line == '\n';
		if (sscanf(line, "%63[a-z0-9_]: %" SCNu64, key, &value) != 2)
			continue;
		for (size_t i = 0; i < n; i++)
			take_value(&parts[i], key, value);
	}
}

static uint64_t rate_of(uint64_t bytes, uint64_t ns)
{
	double rate = ns ? (double)bytes * NS_A_SECOND / (double)ns : 0;

	return rate < (double)INT64_MAX ? (uint64_t)rate : INT64_MAX;
}

void measured_rates_read(const char *device, struct measured_rates *rates)
{
	struct part parts[] = { { .name = "save_pre_copy" },
				{ .name = "save_stop_copy" },
				{ .name = "load" } };
	char text[STATUS_SIZE];

	*rates = (struct measured_rates){ 0 };
	if (sysroot_read(text, sizeof(text),
			 "/sys/kernel/debug/mlx5-vfio-pci/%s/status", device) < 0)
		return;
	parse(text, parts, ARRAY_SIZE(parts));
	rates->save = rate_of(parts[0].bytes + parts[1].bytes, parts[0].ns + parts[1].ns);
	rates->load = rate_of(parts[2].bytes, parts[2].ns);
}
