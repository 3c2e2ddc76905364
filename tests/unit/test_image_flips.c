/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every single bit of a small image turned over, and the image cut after every
 * byte (but see bit_step()), through the reader that load uses: refused, or
 * harmless, which means the same stream, the same device.json and the same
 * manifest as before.
 */
#include <stdlib.h>

#include "check.h"
#include "image_kit.h"
#include "lib/err.h"
#include "image/reader.h"

#define STREAM_LEN 700
#define TAR_BLOCK 512

enum effect { REFUSED, HARMLESS, HARMFUL };

static bool same_bytes(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static enum effect effect_of(const struct bytes *image, const struct reading *good)
{
	struct reading reading = read_image(image->data, image->len);
	enum effect effect = HARMFUL;

	/* What cannot be judged is never called good, and loaded with --bare only. */
	if ((reading.ret == -1 && reading.err.code == ERR_DAMAGED) ||
	    reading.err.code == ERR_UNJUDGED || reading.unknown)
		effect = REFUSED;
	else if (!reading.ret && reading.kind == IMAGE_TAR &&
		 same_bytes(&reading.stream, &good->stream) &&
		 same_bytes(&reading.device, &good->device) &&
		 same_bytes(&reading.manifest, &good->manifest))
		effect = HARMLESS;
	reading_free(&reading);
	return effect;
}

struct tally {
	size_t refused, harmless, harmful;
};

static void count(struct tally *tally, enum effect effect, const char *what,
		  size_t at, unsigned int bit)
{
	tally->refused += effect == REFUSED;
	tally->harmless += effect == HARMLESS;
	if (effect == HARMFUL && tally->harmful++ < 10)
		printf("# harm: %s at byte %zu, bit %u\n", what, at, bit);
}

static struct tally flip_all(const struct bytes *image, const struct reading *good)
{
	struct tally tally = {};

	for (size_t bit = 0; bit < 8 * image->len; bit += bit_step()) {
		turn_bit(image, bit);
		count(&tally, effect_of(image, good), "a flip", bit / 8, bit % 8);
		turn_bit(image, bit);
	}
	return tally;
}

/* How many of @n are tried, by @step. */
static size_t tried_of(size_t n, size_t step)
{
	return (n + step - 1) / step;
}

/* All that flip_all() has turned over were refused or harmless, most of them refused. */
static void check_flips(const struct tally *tally, const struct bytes *image)
{
	CHECK_INT(tally->harmful, 0);
	CHECK_INT(tally->refused + tally->harmless, tried_of(8 * image->len, bit_step()));
	CHECK(tally->refused > tally->harmless);
}

static struct tally cut_all(const struct bytes *image, const struct reading *good)
{
	struct tally tally = {};

	for (size_t len = 0; len < image->len; len += cut_step()) {
		struct bytes cut = { image->data, len };

		count(&tally, effect_of(&cut, good), "a cut", len, 0);
	}
	return tally;
}

static size_t file_offset_of(const struct bytes *image, const char *name)
{
	for (size_t at = 0; at < image->len; at += TAR_BLOCK)
		if (!strcmp((const char *)image->data + at, name))
			return at + TAR_BLOCK;
	CHECK(!"the member is there");
	return 0;
}

static void nothing_of_a_member_may_change(void)
{
	struct bytes image = good_image();
	struct reading good = read_image(image.data, image.len);
	size_t at = file_offset_of(&image, "state/00000001-stop_copy");

	for (size_t bit = 8 * at; bit < 8 * (at + 600); bit += bit_step()) {
		turn_bit(&image, bit);
		CHECK_INT(effect_of(&image, &good), REFUSED);
		turn_bit(&image, bit);
	}
	/* What fills its last block is nobody's. */
	turn_bit(&image, 8 * (at + 600));
	CHECK_INT(effect_of(&image, &good), HARMLESS);
	reading_free(&good);
	bytes_free(&image);
}

static void every_flip_is_refused_or_harmless(void)
{
	struct bytes image = good_image();
	struct reading good = read_image(image.data, image.len);
	struct tally tally;

	CHECK_INT(good.ret, 0);
	CHECK_INT(good.stream.len, STREAM_LEN);
	tally = flip_all(&image, &good);
	printf("# %zu bytes: %zu flips refused, %zu harmless\n", image.len,
	       tally.refused, tally.harmless);
	check_flips(&tally, &image);
	reading_free(&good);
	bytes_free(&image);
}

static void every_cut_is_refused(void)
{
	struct bytes image = good_image();
	struct reading good = read_image(image.data, image.len);
	struct tally tally = cut_all(&image, &good);

	CHECK_INT(tally.harmful, 0);
	CHECK_INT(tally.harmless, 0);
	CHECK_INT(tally.refused, tried_of(image.len, cut_step()));
	reading_free(&good);
	bytes_free(&image);
}

static void compressed_ones_too(void)
{
	struct bytes stream = noise(STREAM_LEN, 4);
	struct recipe recipe = { .pre_copy = 100, .zstd_level = 3 };
	struct bytes image = make_image(&stream, &recipe);
	struct reading good = read_image(image.data, image.len);
	struct tally flips = flip_all(&image, &good);
	struct tally cuts = cut_all(&image, &good);

	printf("# %zu bytes: %zu flips refused, %zu harmless; %zu cuts harmless\n",
	       image.len, flips.refused, flips.harmless, cuts.harmless);
	CHECK_INT(good.ret, 0);
	CHECK_INT(cuts.harmful, 0);
	check_flips(&flips, &image);
	reading_free(&good);
	bytes_free(&image);
	bytes_free(&stream);
}

int main(void)
{
	CASE(nothing_of_a_member_may_change);
	CASE(every_flip_is_refused_or_harmless);
	CASE(every_cut_is_refused);
	CASE(compressed_ones_too);
	return CHECK_DONE();
}
