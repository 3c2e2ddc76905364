/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image reader, as load uses it, the view, as the other commands do, and
 * verify. They must agree: what the one takes, the other opens, and finds the
 * same stream in it; what it refuses is not good.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/io.h"
#include "fuzz.h"
#include "image/reader.h"
#include "image/verify.h"
#include "image/view.h"
#include "mend.h"
#include "image/members.h"
#include "image/writer.h"

/* One file for all the runs. */
static int file = -1;
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = memfd_create("image", MFD_CLOEXEC);
	FUZZ_REQUIRE(file >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return 0;
}

static void fill_file(const uint8_t *data, size_t len)
{
	FUZZ_REQUIRE(!ftruncate(file, 0) && !lseek(file, 0, SEEK_SET) &&
		     !write_all(file, data, len) && !lseek(file, 0, SEEK_SET));
}

/* The piece must be where the view has it. */
static void compare(const struct view *view, const struct image_member *member)
{
	struct err err = ERR_INIT;
	unsigned char *copy = malloc(member->len);

	FUZZ_REQUIRE(copy && !view_read(view, copy, member->len, member->offset,
					&err));
	FUZZ_REQUIRE(!memcmp(copy, member->data, member->len));
	free(copy);
}

/* Reads it to its end: 0 or -1. @view: what it is held against, NULL the first time. */
static int read_all(const struct view *view, struct image_totals *totals)
{
	struct image_reader *reader;
	struct image_member member;
	struct err err = ERR_INIT;
	int ret;

	FUZZ_REQUIRE(!lseek(file, 0, SEEK_SET));
	ret = image_reader_open(&reader, file, "it", &err);
	while (!ret && (ret = image_reader_next(reader, &member, &err)) > 0) {
		FUZZ_REQUIRE(member.len && member.len <= IMAGE_MEMBER_MAX);
		if (view)
			compare(view, &member);
		ret = 0;
	}
	FUZZ_REQUIRE((ret == -1) == err_is_set(&err));
	FUZZ_REQUIRE(!ret || *err.message);
	if (!ret)
		image_reader_totals(reader, totals);
	image_reader_free(reader);
	return ret;
}

/* Of what the reader has not refused. */
static void require_view(const struct image_totals *totals)
{
	struct record_parser parser = {};
	struct err err = ERR_INIT;
	struct image_totals again;
	AUTO_VIEW struct view *view = NULL;

	FUZZ_REQUIRE(!view_open(&view, path, &err));
	FUZZ_REQUIRE(view_size(view) == totals->bytes);
	FUZZ_REQUIRE(!read_all(view, &again));
	FUZZ_REQUIRE(!view_records(view, &parser, NULL, NULL, &err));
	FUZZ_REQUIRE(parser.offset == totals->bytes);
}

/* What is damaged may be looked at, as far as it goes. */
static void look(void)
{
	struct record_parser parser = {};
	struct err err = ERR_INIT, other = ERR_INIT;
	AUTO_VIEW struct view *view = NULL;

	view_look(&view, path, &err);
	if (view)
		view_records(view, &parser, NULL, NULL, &other);
}

/* @totals: as the reader has them; NULL where it has refused it. That the records are framed is not the reader's to look at. */
static void require_verdict(const struct image_totals *totals)
{
	struct verify_result verdict = { .path = path, .limit = 4 };

	image_verify(1, NULL, NULL, &verdict);
	FUZZ_REQUIRE(verify_result_is_good(&verdict) == !err_is_set(&verdict.err));
	FUZZ_REQUIRE(totals || !verify_result_is_good(&verdict));
	for (int check = 0; totals && check < CHECK_COUNT; check++)
		FUZZ_REQUIRE(check == CHECK_FRAMING ||
			     !err_is_set(&verdict.errs[check]));
	FUZZ_REQUIRE(!totals || verdict.totals.bytes == totals->bytes);
	verify_result_release(&verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct image_totals totals = {};
	int refused;

	fill_file(data, len);
	refused = read_all(NULL, &totals);
	if (refused)
		look();
	else
		require_view(&totals);
	require_verdict(refused ? NULL : &totals);
	return 0;
}

/* From a block on the first one that is a header; where there is none, the block itself. */
static size_t header_from(const uint8_t *data, size_t n_blocks, size_t block)
{
	for (size_t i = block; i < n_blocks; i++)
		if (!memcmp(data + i * TAR_BLOCK + TAR_MAGIC_AT, "ustar", 5))
			return i;
	return block;
}

/* One block alone, or only a header's size: the whole is too large for chance to hit that. */
static void mutate_block(uint8_t *data, size_t len, unsigned int seed)
{
	size_t n_blocks = len / TAR_BLOCK, block, used;
	size_t part = TAR_BLOCK;

	if (!n_blocks)
		return;
	block = (seed >> 1) % n_blocks;
	if (seed & 1) {
		data += header_from(data, n_blocks, block) * TAR_BLOCK +
			TAR_SIZE_AT;
		part = TAR_SIZE_LEN;
	} else {
		data += block * TAR_BLOCK;
	}
	used = LLVMFuzzerMutate(data, part, part);
	memset(data + used, 0, part - used);
}

/*
 * Nearly every change of an image is one that its checksums and digests show:
 * two of three are put right, so that what is behind them is reached as well.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len,
			       unsigned int seed)
{
	if (seed & 1)
		mutate_block(data, len, seed >> 1);
	else
		len = LLVMFuzzerMutate(data, len, max_len);
	if (seed % 3)
		mend_image(data, len, seed % 3 == 1);
	return len;
}
