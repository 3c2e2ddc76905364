/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image ends with, its version, and what it is compressed with. */
#include <stdlib.h>

#include "check.h"
#include "image_kit.h"
#include "lib/text.h"
#include "lib/err.h"

#define STATE0 "state/00000000-stop_copy"

static void refused_bytes(const char *what, const unsigned char *data,
			  size_t len, const char *words)
{
	CHECK(is_refused(what, data, len, words));
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
		{ 0, 1, 'x', "what follows is not part of it" },
		{ 0, 100000, 'x', "what follows is not part of it" },
		{ 0, 2 << 20, 0, "more zeros follow" },
		{ 0, 1, 0, NULL },
		{ 0, 9216, 0, NULL },
		{ 0, 600000, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct bytes image = with_end(ends[i].cut, ends[i].len, ends[i].fill);
		struct reading reading = {};

		if (ends[i].words) {
			refused_bytes("an end", image.data, image.len, ends[i].words);
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
	sprintf(text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
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
	build_600(&builder, STATE0);
	build_manifest(&builder);
	image = build_end(&builder);
	reading = read_image(image.data, image.len);
	bytes_free(&image);
	return reading;
}

static void a_newer_minor_version_loads_and_a_newer_major_does_not(void)
{
	char *minor = device_with("\"minor\": 2", "\"minor\": 7, \"news\": []");
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

static void an_older_minor_version_loads(void)
{
	char *older = device_with("\"mdev_type\": null,", "");
	struct reading reading = read_with_device(older);

	CHECK_INT(reading.ret, 0);
	reading_free(&reading);
	free(older);
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
		{ "\"mdev_type\": null", "\"mdev_type\": 2" },
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

static void an_image_with_a_lost_beginning_is_no_stream(void)
{
	struct bytes image = good_image();

	memset(image.data, 0, 512);
	refused_bytes("a block of zeros first", image.data, image.len,
		      "not an image: it begins with its end");
	memset(image.data, 'x', 512);
	refused_bytes("another block first", image.data, image.len, "damaged");
	bytes_free(&image);
}

static void unjudged_bytes(const void *data, size_t len, const char *words)
{
	struct reading reading = read_image(data, len);

	CHECK_INT(reading.ret, -1);
	CHECK_INT(reading.err.code, ERR_UNJUDGED);
	CHECK(strstr(reading.err.message, words));
	CHECK(strstr(reading.err.hint, "uncompress it first"));
	reading_free(&reading);
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
		unjudged_bytes(others[i].magic, 20, others[i].words);
}

static void zstd_is_held_to_its_window(void)
{
	/* Magic, no content size, a window of 2^(10 + exponent). */
	unsigned char frame[32] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3 };

	unjudged_bytes(frame, sizeof(frame), "asks for 2147483648 bytes");
	frame[5] = 13 << 3 | 1;
	unjudged_bytes(frame, sizeof(frame), "asks for 9437184 bytes");
	/* One segment, of a size in 8 bytes. */
	frame[4] = 0xe0;
	memset(frame + 5, 0x11, 8);
	unjudged_bytes(frame, sizeof(frame), "asks for");
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
		      "something follows what is compressed");
	memset(image.data + image.len, 'x', 512);
	refused_bytes("garbage after zstd", image.data, image.len + 1,
		      "something follows what is compressed");
	refused_bytes("garbage after zstd", image.data, image.len + 512,
		      "something follows what is compressed");
	bytes_free(&image);
	bytes_free(&stream);
}

int main(void)
{
	CASE(the_end_must_be_seen);
	CASE(a_newer_minor_version_loads_and_a_newer_major_does_not);
	CASE(an_older_minor_version_loads);
	CASE(a_senseless_device_json_is_refused);
	CASE(an_image_with_a_lost_beginning_is_no_stream);
	CASE(other_compressions_are_named);
	CASE(zstd_is_held_to_its_window);
	CASE(what_follows_a_compressed_image_is_refused);
	return CHECK_DONE();
}
