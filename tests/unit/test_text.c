/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/text.h"
#include "tests/unit/check.h"

static void sizes_have_units(void)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t bytes;
	} rows[] = {
		{ "0", 0, 0 }, { "4096", 0, 4096 }, { "4K", 0, 4096 },
		{ "16M", 0, 16 << 20 }, { "1T", 0, 1ULL << 40 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -EINVAL, 0 },
		{ "16777216T", -EINVAL, 0 }, { "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 }, { "4KB", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 }, { "0x10", -EINVAL, 0 },
		{ "4k", -EINVAL, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = 0;
		int ret = text_size(rows[i].text, &bytes);

		if (ret != rows[i].ret)
			printf("# \"%s\"\n", rows[i].text);
		CHECK_INT(ret, rows[i].ret);
		if (!ret)
			CHECK(bytes == rows[i].bytes);
	}
}

static void numbers_are_whole(void)
{
	uint64_t value;

	CHECK_INT(text_u64("0x1f", 0, &value), 0);
	CHECK_INT(value, 31);
	CHECK_INT(text_u64("12x", 10, &value), -EINVAL);
	CHECK_INT(text_u64("+1", 10, &value), -EINVAL);
}

static void formatting_does_not_cut(void)
{
	char buf[4];

	CHECK_INT(text_format(buf, sizeof(buf), "%d", 123), 0);
	CHECK_INT(text_format(buf, sizeof(buf), "%d", 1234), -ENAMETOOLONG);
}

static void copying_cuts_and_ends(void)
{
	char buf[4];

	text_copy(buf, sizeof(buf), "abcdef");
	CHECK_STR(buf, "abc");
	text_copy(buf, sizeof(buf), "");
	CHECK_STR(buf, "");
}

static void names_are_one_component(void)
{
	CHECK(text_is_name("mlx5_core"));
	CHECK(text_is_name("0000:3b:00.2"));
	CHECK(!text_is_name(".."));
	CHECK(!text_is_name(""));
	CHECK(!text_is_name("a/b"));
	CHECK(!text_is_name("a b"));
}

static void prefixes_leave_the_rest(void)
{
	CHECK_STR(text_starts("--name=x", "--name="), "x");
	CHECK(!text_starts("--nam", "--name="));
}

int main(void)
{
	CASE(sizes_have_units);
	CASE(numbers_are_whole);
	CASE(formatting_does_not_cut);
	CASE(copying_cuts_and_ends);
	CASE(names_are_one_component);
	CASE(prefixes_leave_the_rest);
	return CHECK_DONE();
}
