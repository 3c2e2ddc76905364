/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives that are no images, or were made to do harm: each is refused for its own reason. */
#include <stdlib.h>

#include "check.h"
#include "image_kit.h"
#include "base/text.h"

#define STATE0 "state/00000000-stop_copy"
#define STATE1 "state/00000001-stop_copy"
#define STATE2 "state/00000002-stop_copy"
#define TAR_BLOCK 512

/* Reads it, and checks that it is damaged in these words. */
static void refused_bytes(const char *what, const unsigned char *data,
			  size_t len, const char *words)
{
	struct reading reading = read_image(data, len);

	if (reading.ret != -1 || reading.err.code != ERR_DAMAGED ||
	    !strstr(reading.err.message, words)) {
		check_failures++;
		printf("# %s: returns %d, code %s, \"%s\", expected \"%s\"\n",
		       what, reading.ret, err_name(reading.err.code),
		       reading.err.message, words);
	}
	reading_free(&reading);
}

static void refused(const char *what, struct builder *builder,
		    const char *words)
{
	struct bytes image = build_end(builder);

	refused_bytes(what, image.data, image.len, words);
	bytes_free(&image);
}

static void begin(struct builder *builder)
{
	build_begin(builder);
	build_device(builder, NULL);
}

static void state(struct builder *builder, const char *name)
{
	build_state(builder, name, PHASE_STOP_COPY, 600);
}

/* A whole good image: that it is taken proves that the others are refused for what is wrong with them. */
static struct bytes good_image(void)
{
	struct builder builder;

	begin(&builder);
	build_state(&builder, "state/00000000-pre_copy", PHASE_PRE_COPY, 100);
	state(&builder, STATE1);
	build_manifest(&builder);
	return build_end(&builder);
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

		begin(&builder);
		state(&builder, STATE0);
		state(&builder, names[i].name);
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

		begin(&builder);
		build_member(&builder, STATE0, data.data, data.len,
			     &oddities[i].odd);
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
	begin(&builder);
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
	state(&builder, STATE0);
	refused("no device.json", &builder, "begins with state/");

	begin(&builder);
	state(&builder, STATE0);
	refused("no manifest", &builder, "without manifest.json");

	begin(&builder);
	state(&builder, STATE0);
	build_manifest(&builder);
	state(&builder, STATE1);
	refused("more after the manifest", &builder, "ends an image");

	begin(&builder);
	state(&builder, STATE0);
	build_manifest(&builder);
	build_manifest(&builder);
	refused("two manifests", &builder, "ends an image");
}

static void sizes_have_limits(void)
{
	struct bytes data = noise((4u << 20) + 1, 8);
	struct builder builder;

	memset(data.data, ' ', data.len);
	begin(&builder);
	build_member(&builder, STATE0, data.data, data.len, NULL);
	refused("4 MiB and a byte", &builder, "claims 4194305 bytes");

	begin(&builder);
	build_member(&builder, STATE0, data.data, 0, NULL);
	refused("an empty member", &builder, "claims 0 bytes");

	build_begin(&builder);
	build_member(&builder, "device.json", data.data, 65537, NULL);
	refused("a large device.json", &builder, "claims 65537 bytes");

	begin(&builder);
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

		begin(&builder);
		at = builder.used;
		state(&builder, STATE0);
		image = build_end(&builder);
		/* A pax header and its data come first. */
		at += 2 * TAR_BLOCK;
		while (memcmp(image.data + at, STATE0, sizeof(STATE0)))
			at += TAR_BLOCK;
		set_size(image.data + at, claims[i]);
		refused_bytes("a huge claim", image.data, image.len, "claims");
		bytes_free(&image);
	}
}

static void the_manifest_must_fit(void)
{
	static const char other[] = "0123456789abcdef0123456789abcdef";

	for (int what = 0; what < 5; what++) {
		struct builder builder;

		begin(&builder);
		state(&builder, STATE0);
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

/* The good image with its end changed: @cut bytes fewer, then @len bytes of @fill. */
static struct bytes with_end(size_t cut, size_t len, int fill)
{
	struct bytes image = good_image();

	image.len -= cut;
	image.data = realloc(image.data, image.len + len + 1);
	memset(image.data + image.len, fill, len);
	image.len += len;
	return image;
}

static void the_end_must_be_seen(void)
{
	static const struct {
		size_t cut, len;
		int fill;
		const char *words; /* NULL: harmless */
	} ends[] = {
		{ 512, 0, 0, "end of the archive is missing" },
		{ 1024, 0, 0, "end of the archive is missing" },
		{ 1025, 0, 0, "truncated" },
		{ 512, 512, 'x', "end of the archive is missing" },
		{ 1024, 1024, 'x', "damaged, after manifest.json" },
		{ 0, 1, 'x', "something follows" },
		{ 0, 100000, 'x', "something follows" },
		{ 0, 2 << 20, 0, "too many zeros" },
		{ 0, 1, 0, NULL },
		{ 0, 9216, 0, NULL },
		{ 0, 600000, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct bytes image = with_end(ends[i].cut, ends[i].len,
					      ends[i].fill);
		struct reading reading = {};

		if (ends[i].words) {
			refused_bytes("an end", image.data, image.len,
				      ends[i].words);
		} else {
			reading = read_image(image.data, image.len);
			CHECK_INT(reading.ret, 0);
		}
		reading_free(&reading);
		bytes_free(&image);
	}
}

/* A device.json with one piece of text replaced. */
static char *device_with(const char *from, const char *to)
{
	char *good = good_device();
	char *at = strstr(good, from);
	char *text = malloc(strlen(good) + strlen(to) + 1);

	CHECK(at && text);
	sprintf(text, "%.*s%s%s", (int)(at - good), good, to,
		at + strlen(from));
	free(good);
	return text;
}

static struct reading read_with_device(const char *json)
{
	struct builder builder;
	struct reading reading;
	struct bytes image;

	build_begin(&builder);
	build_device(&builder, json);
	state(&builder, STATE0);
	build_manifest(&builder);
	image = build_end(&builder);
	reading = read_image(image.data, image.len);
	bytes_free(&image);
	return reading;
}

static void a_newer_minor_version_loads_and_a_newer_major_does_not(void)
{
	char *minor = device_with("\"minor\": 0", "\"minor\": 7, \"news\": []");
	char *major = device_with("mlxmigctl.image/1", "mlxmigctl.image/2");
	struct reading reading = read_with_device(minor);

	CHECK_INT(reading.ret, 0);
	CHECK_STR(reading.err.message, "");
	reading_free(&reading);
	reading = read_with_device(major);
	CHECK_INT(reading.ret, -1);
	CHECK(!reading.opened);
	CHECK_INT(reading.err.code, ERR_INCOMPATIBLE);
	CHECK(strstr(reading.err.message, "version 2"));
	reading_free(&reading);
	free(minor);
	free(major);
}

static void a_senseless_device_json_is_refused(void)
{
	static const char *const changes[][2] = {
		{ "mlxmigctl.image/1", "somebody.image/1" },
		{ "mlxmigctl.image/1", "mlxmigctl.image/" },
		{ "mlxmigctl.image/1", "mlxmigctl.image/-1" },
		{ "\"schema\"", "\"scheme\"" },
		{ "{", "[" },
		{ "}\n", "} {}\n" },
		{ "\"15b3\"", "5555" },
		{ "\"15b3\"", "\"15b3x\"" },
		{ "\"vf\"", "\"xf\"" },
		{ "28.41.1000", "28.41.1000\\u001b[2J" },
		{ "28.41.1000", "28.41.1000.28.41.1000.28.41.1000.28.41.1000" },
		{ "1700000000000000000", "-1" },
		{ "\"minor\"", "\"schema\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		char *json = device_with(changes[i][0], changes[i][1]);
		struct reading reading = read_with_device(json);

		CHECK_INT(reading.ret, -1);
		CHECK_INT(reading.err.code, ERR_DAMAGED);
		CHECK(strstr(reading.err.message, "device.json"));
		reading_free(&reading);
		free(json);
	}
}

static void other_compressions_are_named(void)
{
	static const struct {
		const char *magic;
		const char *words;
	} others[] = {
		{ "\x1f\x8b\x08 and so on, and on", "gzip" },
		{ "BZh91AY and so on, and on", "bzip2" },
		{ "\xfd" "7zXZ and so on, and on", "xz" },
		{ "\x04\x22\x4d\x18 and so on, and on", "lz4" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		refused_bytes(others[i].words,
			      (const unsigned char *)others[i].magic, 20,
			      others[i].words);
}

static void zstd_is_held_to_its_window(void)
{
	/* Magic, no content size, a window of 2^(10 + exponent). */
	unsigned char frame[32] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3 };

	refused_bytes("a window of 2 GiB", frame, sizeof(frame),
		      "asks for 2147483648 bytes");
	frame[5] = 13 << 3 | 1;
	refused_bytes("a window of 9 MiB", frame, sizeof(frame),
		      "asks for 9437184 bytes");
	/* One segment, of a size in 8 bytes. */
	frame[4] = 0xe0;
	memset(frame + 5, 0x11, 8);
	refused_bytes("a huge segment", frame, sizeof(frame), "asks for");
	frame[3] ^= 4;
	refused_bytes("a flipped magic", frame, sizeof(frame), "almost");
}

static void what_follows_a_compressed_image_is_refused(void)
{
	struct bytes stream = noise(600, 9);
	struct recipe recipe = { .zstd_level = 1 };
	struct bytes image = make_image(&stream, &recipe);

	image.data = realloc(image.data, image.len + 512);
	memset(image.data + image.len, 0, 512);
	refused_bytes("zeros after zstd", image.data, image.len + 512,
		      "compressed data");
	memset(image.data + image.len, 'x', 512);
	refused_bytes("garbage after zstd", image.data, image.len + 1,
		      "");
	refused_bytes("garbage after zstd", image.data, image.len + 512,
		      "compressed data");
	bytes_free(&image);
	bytes_free(&stream);
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
	CASE(the_end_must_be_seen);
	CASE(a_newer_minor_version_loads_and_a_newer_major_does_not);
	CASE(a_senseless_device_json_is_refused);
	CASE(other_compressions_are_named);
	CASE(zstd_is_held_to_its_window);
	CASE(what_follows_a_compressed_image_is_refused);
	return CHECK_DONE();
}
