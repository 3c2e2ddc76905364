/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What verify finds: all that the reader finds, and where. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "image_kit.h"
#include "lib/io.h"
#include "lib/text.h"
#include "image/verify.h"

#define MIB (1u << 20)

static struct verify_result verify_bytes(const void *data, size_t len, unsigned int n_threads)
{
	struct verify_result result = { .limit = 4 };
	int fd = memfd_create("image", MFD_CLOEXEC);
	static char path[64];

	CHECK(fd >= 0 && !write_all(fd, data, len));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	result.path = path;
	image_verify(n_threads, NULL, NULL, &result);
	close(fd);
	return result;
}

static void put_header(unsigned char *to, uint64_t size, uint32_t tag)
{
	memset(to, 0, RECORD_HEADER_SIZE);
	for (size_t i = 0; i < 8; i++)
		to[i] = (unsigned char)(size >> 8 * i);
	to[12] = (unsigned char)tag;
}

/* Records of MIB - 16 bytes of payload, so that each begins at a whole MiB. */
static struct bytes stream_of_records(size_t n)
{
	struct bytes stream = noise(n * MIB, 1);

	for (size_t i = 0; i < n; i++)
		put_header(stream.data + i * MIB, MIB - RECORD_HEADER_SIZE, RECORD_FW_DATA);
	return stream;
}

static void a_good_image_is_good_with_any_number_of_threads(void)
{
	struct bytes stream = stream_of_records(9);
	static const struct recipe recipes[] = {
		{ 0 }, { .pre_copy = 100 }, { .zstd_level = 1 }, { .raw = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
		struct bytes image = make_image(&stream, &recipes[i]);
		struct reading reading = read_image(image.data, image.len);

		for (unsigned int n = 0; n < 12; n += 1 + n / 3) {
			struct verify_result result = verify_bytes(image.data, image.len, n);

			CHECK(verify_result_is_good(&result));
			CHECK_STR(result.err.message, "");
			CHECK_STR(result.totals.digest, reading.totals.digest);
			CHECK_INT(result.totals.members, reading.totals.members);
			CHECK_INT(result.parser.n_records, 9);
			CHECK_INT(result.made[CHECK_DIGESTS], !recipes[i].raw);
			CHECK(result.made[CHECK_FRAMING]);
			verify_result_release(&result);
		}
		reading_free(&reading);
		bytes_free(&image);
	}
	bytes_free(&stream);
}

/*
 * One bit of every byte (but see bit_step()): good for verify is what is good
 * for the reader, which load uses.
 */
static void verify_and_the_reader_agree_on_every_flip(void)
{
	struct bytes image = good_image();
	size_t good = 0, tried = 0;

	for (size_t at = 0; at < image.len; at += bit_step(), tried++) {
		struct reading reading;
		struct verify_result result;

		image.data[at] ^= (unsigned char)(1 << at % 8);
		reading = read_image(image.data, image.len);
		result = verify_bytes(image.data, image.len, 1);
		if (verify_result_is_good(&result) != !reading.ret) {
			check_failures++;
			printf("# byte %zu: the reader says \"%s\", verify \"%s\"\n",
			       at, reading.err.message, result.err.message);
		}
		CHECK(verify_result_is_good(&result) || verify_result_is_damage(&result.err));
		good += verify_result_is_good(&result);
		verify_result_release(&result);
		reading_free(&reading);
		image.data[at] ^= (unsigned char)(1 << at % 8);
	}
	CHECK(good < tried / 2);
	bytes_free(&image);
}

static void every_truncation_is_damage(void)
{
	struct bytes image = good_image();

	for (size_t len = 0; len < image.len; len += 1 + 2 * cut_step()) {
		struct verify_result result = verify_bytes(image.data, len, 1);

		CHECK(!verify_result_is_good(&result));
		CHECK(verify_result_is_damage(&result.err));
		verify_result_release(&result);
	}
	bytes_free(&image);
}

/* Members of 4 MiB; the second and the third are damaged, between the records' headers. */
static struct bytes image_with_damage(struct bytes *stream)
{
	struct bytes image;
	struct reading reading;

	*stream = stream_of_records(14);
	image = make_image(stream, &(struct recipe){ 0 });
	reading = read_image(image.data, image.len);
	/* Headers of 1536 bytes stand between the members. */
	image.data[reading.last.file_offset - 2 * 1536 - 7 * MIB + 99] ^= 1;
	image.data[reading.last.file_offset - 1536 - 3 * MIB + 99] ^= 1;
	reading_free(&reading);
	return image;
}

static void the_first_damaged_member_is_told_with_its_records(void)
{
	struct bytes stream;
	struct bytes image = image_with_damage(&stream);

	for (unsigned int n = 1; n < 4; n++) {
		struct verify_result result = verify_bytes(image.data, image.len, n);

		CHECK(!verify_result_is_good(&result) && result.damaged);
		CHECK_INT(result.damage.check, CHECK_DIGESTS);
		CHECK_STR(result.damage.member, "state/00000001-stop_copy");
		CHECK_INT(result.damage.offset, 4 * MIB);
		CHECK_INT(result.damage.len, 4 * MIB);
		CHECK_INT(result.damaged_members, 2);
		CHECK_INT(result.n_records, 4);
		CHECK_INT(result.records[0].number, 4);
		CHECK_INT(result.records[3].record.offset, 7 * MIB);
		CHECK_INT(result.n_records_more, 0);
		CHECK(!err_is_set(&result.errs[CHECK_STRUCTURE]));
		CHECK(!result.made[CHECK_TOTALS]);
		CHECK(strstr(result.err.message,
			     "damage somewhere in bytes 4194304 to 8388607 of the stream"));
		CHECK(strstr(result.err.hint, "good up to byte 4194304 (1 member)"));
		verify_result_release(&result);
	}
	bytes_free(&image);
	bytes_free(&stream);
}

/* The image is cut inside of its last member, too: what comes first is told. */
static void damage_before_the_end_of_a_truncated_image_is_found(void)
{
	struct bytes stream;
	struct bytes image = image_with_damage(&stream);
	struct verify_result result = verify_bytes(image.data, image.len - MIB, 2);

	CHECK_INT(result.damage.check, CHECK_DIGESTS);
	CHECK_STR(result.damage.member, "state/00000001-stop_copy");
	CHECK_INT(result.errs[CHECK_STRUCTURE].code, ERR_DAMAGED);
	CHECK(strstr(result.errs[CHECK_STRUCTURE].message, "inside state/00000003-stop_copy"));
	CHECK(!result.made[CHECK_FRAMING]);
	verify_result_release(&result);
	bytes_free(&image);
	bytes_free(&stream);
}

static void a_truncated_image_says_in_which_member(void)
{
	struct bytes stream = stream_of_records(9);
	struct bytes image = make_image(&stream, &(struct recipe){ 0 });
	struct verify_result result = verify_bytes(image.data, 5 * MIB, 2);

	CHECK_INT(result.damage.check, CHECK_STRUCTURE);
	CHECK_STR(result.damage.member, "state/00000001-stop_copy");
	CHECK_INT(result.damage.offset, 4 * MIB);
	CHECK_INT(result.damage.len, 4 * MIB);
	CHECK_INT(result.totals.bytes, 4 * MIB);
	CHECK_INT(result.damaged_members, 0);
	verify_result_release(&result);
	bytes_free(&image);
	bytes_free(&stream);
}

/* Of a compressed image, which is read through, the same is told, but for the records to come. */
static void a_foreign_member_is_told_when_read_through(void)
{
	struct bytes stream = stream_of_records(3);
	struct bytes image = make_image(&stream,
					&(struct recipe){ .zstd_level = 1 });
	struct verify_result result = verify_bytes(image.data, image.len / 2, 1);

	CHECK(result.damaged && result.compressed);
	CHECK_INT(result.damage.check, CHECK_STRUCTURE);
	CHECK_STR(result.damage.member, "state/00000000-stop_copy");
	CHECK_INT(result.damage.offset, 0);
	CHECK_INT(result.damage.len, 3 * MIB);
	verify_result_release(&result);
	bytes_free(&image);
	bytes_free(&stream);
}

static void framing_errors_have_their_offset(void)
{
	struct bytes stream = stream_of_records(6);
	struct bytes image;
	struct verify_result result;

	put_header(stream.data + 3 * MIB, 5, 77);
	image = make_image(&stream, &(struct recipe){ 0 });
	result = verify_bytes(image.data, image.len, 2);
	CHECK_INT(result.damage.check, CHECK_FRAMING);
	CHECK_INT(result.damage.offset, 3 * MIB);
	CHECK(result.made[CHECK_DIGESTS] && result.made[CHECK_TOTALS]);
	CHECK(!err_is_set(&result.errs[CHECK_DIGESTS]));
	CHECK_INT(result.n_records, 1);
	CHECK_INT(result.records[0].record.tag, 77);
	verify_result_release(&result);
	result = verify_bytes(stream.data, 2 * MIB + 9, 2);
	CHECK_INT(result.damage.check, CHECK_FRAMING);
	CHECK_INT(result.damage.offset, 2 * MIB + 9);
	CHECK(strstr(result.err.message, "inside a record's header"));
	verify_result_release(&result);
	bytes_free(&image);
	bytes_free(&stream);
}

/* A manifest with the digest of another stream, everything else being right. */
static void a_wrong_promise_is_one_of_the_totals(void)
{
	struct builder builder;
	struct verify_result result;
	struct bytes image;

	build_image(&builder);
	build_600(&builder, "state/00000000-stop_copy");
	memset(builder.totals.digest, 'a', DIGEST_TEXT_SIZE - 1);
	build_manifest(&builder);
	image = build_end(&builder);
	result = verify_bytes(image.data, image.len, 2);
	CHECK_INT(result.damage.check, CHECK_TOTALS);
	CHECK_STR(result.damage.member, "manifest.json");
	CHECK_INT(result.damaged_members, 0);
	CHECK(strstr(result.err.message, "promises"));
	verify_result_release(&result);
	bytes_free(&image);
}

static void the_list_of_records_has_a_limit(void)
{
	struct bytes stream = noise(4 * MIB, 2);
	struct reading reading;
	struct verify_result result;
	struct bytes image;

	for (size_t at = 0; at < 4 * MIB; at += 4096)
		put_header(stream.data + at, 4096 - RECORD_HEADER_SIZE, RECORD_FW_DATA);
	image = make_image(&stream, &(struct recipe){ 0 });
	reading = read_image(image.data, image.len);
	image.data[reading.last.file_offset + 99] ^= 1;
	reading_free(&reading);
	result = verify_bytes(image.data, image.len, 1);
	CHECK_INT(result.n_records, 4);
	CHECK_INT(result.n_records + result.n_records_more, 1024);
	verify_result_release(&result);
	bytes_free(&image);
	bytes_free(&stream);
}

static uint64_t ticked;

static void count_progress(const struct progress *progress, void *data)
{
	(void)data;
	ticked = progress->bytes;
}

/* Many files and few threads, and the other way round; each result is its file's. */
static void files_do_not_disturb_each_other(void)
{
	static char paths[12][64];
	struct verify_result results[12] = {};
	struct verify_plan plan = {
				    .progress = count_progress };
	struct bytes good = good_image();
	int fds[12];

	for (int i = 0; i < 12; i++) {
		fds[i] = memfd_create("image", MFD_CLOEXEC);
		CHECK(!write_all(fds[i], good.data, i % 3 ? good.len : good.len / 2));
		snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", i == 7 ? 9999 : fds[i]);
	}
	for (plan.jobs = 0; plan.jobs < 40; plan.jobs += 7) {
		for (int i = 0; i < 12; i++)
			results[i] = (struct verify_result){ .path = paths[i] };
		verify_files(&plan, results, 12);
		for (int i = 0; i < 12; i++) {
			CHECK_INT(verify_result_is_good(&results[i]), i % 3 && i != 7);
			CHECK_INT(verify_result_is_damage(&results[i].err), !(i % 3));
			verify_result_release(&results[i]);
		}
		CHECK(ticked >= 7 * 700);
		CHECK_INT(results[7].err.code, ERR_NO_FILE);
	}
	for (int i = 0; i < 12; i++)
		close(fds[i]);
	bytes_free(&good);
}

int main(void)
{
	CASE(a_good_image_is_good_with_any_number_of_threads);
	CASE(verify_and_the_reader_agree_on_every_flip);
	CASE(every_truncation_is_damage);
	CASE(the_first_damaged_member_is_told_with_its_records);
	CASE(damage_before_the_end_of_a_truncated_image_is_found);
	CASE(a_truncated_image_says_in_which_member);
	CASE(a_foreign_member_is_told_when_read_through);
	CASE(framing_errors_have_their_offset);
	CASE(a_wrong_promise_is_one_of_the_totals);
	CASE(the_list_of_records_has_a_limit);
	CASE(files_do_not_disturb_each_other);
	return CHECK_DONE();
}
