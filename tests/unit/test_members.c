/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.json and manifest.json: what is written is read back, what is senseless is not. */
#include <stdlib.h>

#include "check.h"
#include "lib/text.h"
#include "image/members.h"
#include "migrate/transfer.h"

static const struct device vf = {
	.kind = DEVICE_VF,
	.name = "0000:3b:00.2",
	.vendor_id = 0x15b3,
	.device_id = 0x101e,
	.subsystem_vendor_id = 0x15b3,
	.subsystem_id = 0x0051,
	.vf_number = 126,
	.driver = "mlx5_vfio_pci",
	.fw_version = "28.41.1000",
	.psid = "MT_0000000834",
	.caps = { .flags = MIG_STOP_COPY | MIG_PRE_COPY },
};

static const struct image_origin origin = {
	.kernel = "6.12.117+deb12-amd64",
	.tool = "0.1.0",
	.saved_unix_ns = 1763818022123456789u,
};

static void a_device_comes_back(void)
{
	char *text = device_json_make(&vf, &origin);
	struct err err = ERR_INIT;
	struct device back;
	struct image_origin from;

	CHECK(text && text[strlen(text) - 1] == '\n');
	CHECK_INT(device_json_read(text, strlen(text), &back, &from, &err), 0);
	CHECK_STR(err.message, "");
	CHECK_INT(back.kind, DEVICE_VF);
	CHECK_STR(back.name, vf.name);
	CHECK_INT(back.vendor_id, 0x15b3);
	CHECK_INT(back.device_id, 0x101e);
	CHECK_INT(back.subsystem_id, 0x51);
	CHECK_INT(back.vf_number, 126);
	CHECK_STR(back.driver, vf.driver);
	CHECK_STR(back.fw_version, vf.fw_version);
	CHECK_STR(back.psid, vf.psid);
	CHECK_INT(back.caps.flags, vf.caps.flags);
	CHECK_STR(from.kernel, origin.kernel);
	CHECK_STR(from.tool, origin.tool);
	CHECK_INT(from.saved_unix_ns, origin.saved_unix_ns);
	CHECK(strstr(text, "\"2025-11-22T13:27:02Z\""));
	free(text);
}

/* An mdev, say: no PCI ids, nothing known of firmware. */
static void a_device_of_another_kind_comes_back(void)
{
	struct device other = {
		.kind = DEVICE_OTHER,
		.name = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
	};
	char *text = device_json_make(&other, &origin);
	struct err err = ERR_INIT;
	struct device back;

	CHECK_INT(device_json_read(text, strlen(text), &back, NULL, &err), 0);
	CHECK_STR(err.message, "");
	CHECK_INT(back.kind, DEVICE_OTHER);
	CHECK_STR(back.name, other.name);
	CHECK_STR(back.psid, "");
	CHECK_INT(back.vf_number, -1);
	free(text);
}

static const struct image_totals totals = {
	.phases = {
		[PHASE_PRE_COPY] = { .bytes = 5, .members = 1 },
		[PHASE_STOP_COPY] = { .bytes = 7, .members = 2 },
	},
	.bytes = 12,
	.members = 3,
	.digest = "99aa06d3014798d86001c324468d497f",
};

static void totals_come_back(void)
{
	struct transfer transfer = { .origin = STATE_RUNNING };
	char *text;
	struct err err = ERR_INIT;
	struct image_totals back;

	transfer.phases[PHASE_PRE_COPY].duration_ns = 99;
	text = manifest_json_make(&totals, &transfer);
	CHECK_INT(manifest_json_read(text, strlen(text), &back, &err), 0);
	CHECK_STR(err.message, "");
	CHECK_INT(back.bytes, 12);
	CHECK_INT(back.members, 3);
	CHECK_STR(back.digest, totals.digest);
	CHECK_INT(back.phases[PHASE_PRE_COPY].bytes, 5);
	CHECK_INT(back.phases[PHASE_PRE_COPY].duration_ns, 99);
	CHECK_INT(back.phases[PHASE_STOP_COPY].members, 2);
	free(text);
}

static void senseless_manifests_are_damaged(void)
{
	static const char *const texts[] = {
		"", "{", "[]", "null", "{}", "\xff\xfe",
		"{\"schema\": \"mlxmigctl.manifest/1\"}",
		"{\"schema\": \"mlxmigctl.image/1\"}",
		"{\"schema\": 1}",
		"{\"schema\": \"mlxmigctl.manifest/1\", \"bytes\": -1, \"members\": 0, \"xxh3_128\": \"\", \"phases\": {}}",
		"{\"schema\": \"mlxmigctl.manifest/1\", \"bytes\": 1.5, \"members\": 0, \"xxh3_128\": \"\", \"phases\": {}}",
		"{\"schema\": \"mlxmigctl.manifest/1\", \"bytes\": 0, \"members\": 0, \"xxh3_128\": \"\", \"phases\": []}",
		"{\"schema\": \"mlxmigctl.manifest/1\", \"bytes\": 0, \"members\": 0, \"xxh3_128\": \"0123456789abcdef0123456789abcdef0\", \"phases\": {}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct image_totals back;
		struct err err = ERR_INIT;

		CHECK_INT(manifest_json_read(texts[i], strlen(texts[i]), &back, &err), -1);
		CHECK_INT(err.code, ERR_DAMAGED);
		CHECK(*err.message);
	}
}

/* A text that is not terminated: no byte beyond its length is looked at. */
static void the_length_is_the_end(void)
{
	char *text = device_json_make(&vf, &origin);
	size_t len = strlen(text);
	struct err err = ERR_INIT;
	char *copy = malloc(len);

	memcpy(copy, text, len);
	CHECK_INT(device_json_check(copy, len, &err), 0);
	CHECK_INT(device_json_check(copy, len - 3, &err), -1);
	free(copy);
	free(text);
}

/* Of a stream that came from elsewhere: what is known, and null for the rest. */
static void the_manifest_of_a_packed_stream_is_read_back(void)
{
	const struct image_totals totals = {
		.phases = { { .bytes = 7, .members = 1 },
			    { .bytes = 93, .members = 2 } },
		.bytes = 100,
		.members = 3,
		.digest = "00112233445566778899aabbccddeeff",
	};
	const struct record_parser records = { .format = STREAM_BARE };
	char *text = manifest_json_make_packed(&totals, &records);
	struct image_totals back;
	struct err err = ERR_INIT;

	CHECK_INT(manifest_json_read(text, strlen(text), &back, &err), 0);
	CHECK_STR(err.message, "");
	CHECK(!memcmp(&back, &totals, sizeof(back)));
	CHECK(strstr(text, "\"stopped_ns\": null"));
	CHECK(strstr(text, "\"arcs\": []"));
	free(text);
}

/* device.json as it is, and the same out of a document around it; longer than @len says. */
static void a_device_is_found_in_documents(void)
{
	static const struct { const char *before, *after; } around[] = {
		{ "", "" }, { "{\"device\": ", ", \"file\": \"x\"}" },
		{ "{\"error\": {}, \"result\": {\"device\": ", "}}" },
	};
	char *device = device_json_make(&vf, &origin);
	struct image_origin from = {};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(around); i++) {
		char document[4096];
		char *found;
		int len = snprintf(document, sizeof(document), "%s%s%s",
				   around[i].before, device, around[i].after);

		memcpy(document + len, "more", 5);
		found = device_json_find(document, (size_t)len, &from, &err);
		CHECK_STR(err.message, "");
		CHECK_STR(found, device);
		CHECK_INT(from.saved_unix_ns, origin.saved_unix_ns);
		free(found);
	}
	free(device);
	CHECK(!device_json_find("{\"device\": {}}", 14, &from, &err));
	CHECK_INT(err.code, ERR_DAMAGED);
}

int main(void)
{
	CASE(a_device_comes_back);
	CASE(a_device_of_another_kind_comes_back);
	CASE(totals_come_back);
	CASE(senseless_manifests_are_damaged);
	CASE(the_length_is_the_end);
	CASE(the_manifest_of_a_packed_stream_is_read_back);
	CASE(a_device_is_found_in_documents);
	return CHECK_DONE();
}
