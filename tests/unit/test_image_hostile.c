/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives that are no images, or were made to do harm: each is refused for its own reason. */
#include <stdlib.h>

#include "check.h"
#include "image_kit.h"
#include "lib/text.h"
#include "image/format.h"

#define STATE0 "state/00000000-stop_copy"
#define STATE1 "state/00000001-stop_copy"
#define STATE2 "state/00000002-stop_copy"
#define TAR_BLOCK 512

static void refused(const char *what, struct builder *builder, const char *words)
{
	struct bytes image = build_end(builder);

	CHECK(is_refused(what, image.data, image.len, words));
	bytes_free(&image);
}

static void an_image_made_by_hand_is_taken(void)
{
	struct bytes image = good_image();
	struct reading reading = read_image(image.data, image.len);

	CHECK_INT(reading.ret, 0);
	CHECK_STR(reading.err.message, "");
	CHECK_INT(reading.stream.len, 700);
	reading_free(&reading);
	bytes_free(&image);
}

/* The second member's name, after a good device.json and STATE0. */
static const struct {
	const char *name, *words;
} names[] = {
	{ STATE0, "stands where state/00000001-stop_copy belongs" },
	{ STATE2, "stands where state/00000001-stop_copy belongs" },
	{ "state/00000001-pre_copy", "stands where" },
	{ "state/00000001-other", "stands where" },
	{ "state/1-stop_copy", "stands where" },
	{ "/" STATE1, "stands where" },
	{ "./" STATE1, "stands where" },
	{ "../" STATE1, "stands where" },
	{ "state/../" STATE1, "stands where" },
	{ "device.json", "stands where" },
	{ "notes.txt", "stands where" },
	{ "\033[2J", "name that is none" },
	{ "state/\xc3\xa9", "name that is none" },
};

static void every_name_has_its_place(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct builder builder;

		build_image(&builder);
		build_600(&builder, STATE0);
		build_600(&builder, names[i].name);
		build_manifest(&builder);
		refused(names[i].name, &builder, names[i].words);
	}
}

static const struct {
	const char *what;
	struct oddity odd;
	const char *words;
} oddities[] = {
	{ "symlink", { .type = AE_IFLNK, .link = "/etc/shadow" },
	  "not a plain file" },
	{ "hardlink", { .link = "device.json", .hard = true },
	  "not a plain file" },
	{ "directory", { .type = AE_IFDIR }, STATE0 },
	{ "FIFO", { .type = AE_IFIFO }, "not a plain file" },
	{ "character device", { .type = AE_IFCHR }, "not a plain file" },
	{ "sparse", { .sparse = true }, "is sparse" },
	{ "no digest", { .digest = "" }, "has no digest" },
	{ "a short digest", { .digest = "0123456789abcdef" }, "is not one" },
	{ "upper case", { .digest = "0123456789ABCDEF0123456789ABCDEF" },
	  "is not one" },
	{ "a wrong digest", { .digest = "0123456789abcdef0123456789abcdef" },
	  "does not fit" },
	{ "two digests", { .digest2 = "0123456789abcdef0123456789abcdef" },
	  "is not one" },
};

static void only_plain_files_with_their_digest_are_members(void)
{
	struct bytes data = noise(600, 9);

	for (size_t i = 0; i < ARRAY_SIZE(oddities); i++) {
		struct builder builder;

		build_image(&builder);
		build_member(&builder, STATE0, data.data, data.len, &oddities[i].odd);
		build_manifest(&builder);
		refused(oddities[i].what, &builder, oddities[i].words);
	}
	bytes_free(&data);
}

static void members_of_other_images_do_not_fit_in(void)
{
	struct bytes data = noise(600, 9);
	struct oddity odd = {};
	struct builder builder;
	struct chain chain;

	/* Right by itself, but chained to nothing. */
	CHECK_INT(chain_init(&chain), 0);
	chain_begin(&chain, STATE0);
	digest_update(chain.digest, data.data, data.len);
	odd.digest = chain_end(&chain);
	build_image(&builder);
	build_member(&builder, STATE0, data.data, data.len, &odd);
	build_manifest(&builder);
	refused("a foreign member", &builder, "not in its place");
	chain_free(&chain);
	bytes_free(&data);
}

static void the_order_is_fixed(void)
{
	struct builder builder;

	build_begin(&builder);
	build_600(&builder, STATE0);
	refused("no device.json", &builder, "begins with state/");

	build_image(&builder);
	build_600(&builder, STATE0);
	refused("no manifest", &builder, "without manifest.json");

	build_image(&builder);
	build_600(&builder, STATE0);
	build_manifest(&builder);
	build_600(&builder, STATE1);
	refused("more after the manifest", &builder, "ends an image");

	build_image(&builder);
	build_600(&builder, STATE0);
	build_manifest(&builder);
	build_manifest(&builder);
	refused("two manifests", &builder, "ends an image");
}

static void sizes_have_limits(void)
{
	struct bytes data = noise((4u << 20) + 1, 8);
	struct builder builder;

	memset(data.data, ' ', data.len);
	build_image(&builder);
	build_member(&builder, STATE0, data.data, data.len, NULL);
	refused("4 MiB and a byte", &builder, "claims 4194305 bytes");

	build_image(&builder);
	build_member(&builder, STATE0, data.data, 0, NULL);
	refused("an empty member", &builder, "claims 0 bytes");

	build_begin(&builder);
	build_member(&builder, "device.json", data.data, 65537, NULL);
	refused("a large device.json", &builder, "claims 65537 bytes");

	build_image(&builder);
	build_member(&builder, "manifest.json", data.data, 1048577, NULL);
	refused("a large manifest.json", &builder, "claims 1048577 bytes");
	bytes_free(&data);
}

/* A tar header's size and checksum; base 256 as GNU tar has it for what is beyond octal. */
static void set_size(unsigned char *header, uint64_t size)
{
	unsigned int sum = 0;

	memset(header + 124, 0, 12);
	header[124] = 0x80;
	for (size_t i = 0; i < 8; i++)
		header[124 + 11 - i] = (unsigned char)(size >> 8 * i);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
}

static void huge_claims_are_refused_before_memory_is_taken(void)
{
	static const uint64_t claims[] = {
		(4u << 20) + 1, 1ull << 32, 1ull << 45, (1ull << 62) + 5,
	};

	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		struct builder builder;
		struct bytes image;
		size_t at;

		build_image(&builder);
		at = builder.used;
		build_600(&builder, STATE0);
		image = build_end(&builder);
		/* A pax header and its data come first. */
		at += 2 * TAR_BLOCK;
		while (memcmp(image.data + at, STATE0, sizeof(STATE0)))
			at += TAR_BLOCK;
		set_size(image.data + at, claims[i]);
		CHECK(is_refused("a huge claim", image.data, image.len, "claims"));
		bytes_free(&image);
	}
}

static void the_manifest_must_fit(void)
{
	static const char other[] = "0123456789abcdef0123456789abcdef";

	for (int what = 0; what < 5; what++) {
		struct builder builder;

		build_image(&builder);
		build_600(&builder, STATE0);
		builder.totals.bytes += what == 0;
		builder.totals.members += what == 1;
		builder.totals.phases[PHASE_PRE_COPY].bytes += what == 2;
		builder.totals.phases[PHASE_STOP_COPY].members += what == 3;
		if (what == 4)
			memcpy(builder.totals.digest, other, sizeof(other));
		build_manifest(&builder);
		refused("a manifest", &builder, "manifest.json promises");
	}
}

/* @image and @n_zeros zeros after it, in zstd. */
static struct bytes compressed(const struct bytes *image, size_t n_zeros)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	struct bytes bomb = { malloc(1u << 20), 0 };
	void *zeros = calloc(1, n_zeros);

	archive_entry_set_filetype(entry, AE_IFREG);
	CHECK_INT(archive_write_add_filter_zstd(archive), ARCHIVE_OK);
	archive_write_set_format_raw(archive);
	archive_write_set_bytes_in_last_block(archive, 1);
	archive_write_open_memory(archive, bomb.data, 1u << 20, &bomb.len);
	archive_write_header(archive, entry);
	if (image->len)
		archive_write_data(archive, image->data, image->len);
	archive_write_data(archive, zeros, n_zeros);
	CHECK_INT(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
	archive_entry_free(entry);
	free(zeros);
	return bomb;
}

static void compressed_bombs_are_not_unpacked(void)
{
	struct bytes image = good_image(), nothing = {};
	struct bytes bomb = compressed(&image, 64u << 20);
	struct reading reading;

	CHECK(bomb.len < 64u << 10);
	CHECK(is_refused("zeros after the end", bomb.data, bomb.len, "more zeros follow"));
	bytes_free(&bomb);
	bomb = compressed(&nothing, 256u << 20);
	CHECK(bomb.len < 64u << 10);
	reading = read_image(bomb.data, bomb.len);
	CHECK_INT(reading.ret, -1);
	CHECK_INT(reading.err.code, ERR_UNJUDGED);
	CHECK(strstr(reading.err.message, "nothing but zeros"));
	CHECK(reading.stream.len < 32u << 20);
	reading_free(&reading);
	bytes_free(&bomb);
	bytes_free(&image);
}

int main(void)
{
	CASE(an_image_made_by_hand_is_taken);
	CASE(every_name_has_its_place);
	CASE(only_plain_files_with_their_digest_are_members);
	CASE(members_of_other_images_do_not_fit_in);
	CASE(the_order_is_fixed);
	CASE(sizes_have_limits);
	CASE(huge_claims_are_refused_before_memory_is_taken);
	CASE(the_manifest_must_fit);
	CASE(compressed_bombs_are_not_unpacked);
	return CHECK_DONE();
}
