/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents of other hosts, as compat takes them: what tells of devices has
 * names that a terminal may show, and devices that can be held against each
 * other; what does not is refused in words.
 */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "compat/compat.h"
#include "cmd/documents.h"
#include "image/members.h"

static void require_text(const char *text, size_t size)
{
	FUZZ_REQUIRE(memchr(text, '\0', size));
	for (; *text; text++)
		FUZZ_REQUIRE(!iscntrl((unsigned char)*text));
}

static void require_sane(const struct device *device)
{
	require_text(device->name, sizeof(device->name));
	require_text(device->psid, sizeof(device->psid));
	require_text(device->fw_version, sizeof(device->fw_version));
	require_text(device->driver, sizeof(device->driver));
	FUZZ_REQUIRE(device->formats.writes <= STREAM_BARE);
	FUZZ_REQUIRE(device->vf_number >= -1 &&
		     device->vf_number <= UINT16_MAX);
}

/* With itself: each device finds its like. */
static void require_compatible(struct device *devices, size_t n)
{
	struct compat compat = { .source = { .name = "a", .n = n },
				 .target = { .name = "b", .n = n },
				 .limit = 64 };
	struct err err = ERR_INIT;

	compat.source.devices = devices;
	compat.target.devices = calloc(n, sizeof(*devices));
	FUZZ_REQUIRE(compat.target.devices);
	memcpy(compat.target.devices, devices, n * sizeof(*devices));
	FUZZ_REQUIRE(!compat_judge(&compat, &err));
	FUZZ_REQUIRE(compat.n_pairs + compat.n_pairs_more == n * n);
	json_decref(compat_document(&compat));
	compat_free(&compat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *json = (const char *)data;
	struct err err = ERR_INIT, unused = ERR_INIT;
	struct image_origin origin;
	struct device *devices;
	size_t n;

	if (compat_read_devices(json, len, &devices, &n, &err)) {
		FUZZ_REQUIRE(*err.message && !devices && !n);
	} else {
		FUZZ_REQUIRE(n);
		for (size_t i = 0; i < n; i++)
			require_sane(&devices[i]);
		require_compatible(devices, n);
	}
	free(device_json_find(json, len, &origin, &unused));
	return 0;
}
