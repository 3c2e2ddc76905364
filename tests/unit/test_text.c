/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "lib/text.h"
#include "tests/unit/check.h"

static void numbers_are_whole(void)
{
	uint64_t value;

	CHECK_INT(text_u64("0x1f", 0, &value), 0);
	CHECK_INT(value, 31);
	CHECK_INT(text_u64("12x", 10, &value), -EINVAL);
	CHECK_INT(text_u64("+1", 10, &value), -EINVAL);
	CHECK_INT(text_u64(" 1", 10, &value), -EINVAL);
	CHECK_INT(text_u64("", 10, &value), -EINVAL);
	CHECK_INT(text_u64("18446744073709551615", 10, &value), 0);
	CHECK(value == UINT64_MAX);
	CHECK_INT(text_u64("18446744073709551616", 10, &value), -EINVAL);
}

static void sizes_have_units(void)
{
	static const char *const bad[] = { "", "K", "1KB", "1 K", "-1", "+1",
					   "1.5M", "0x", "10a", "16777216T",
					   "18446744073709551616", "1X" };
	uint64_t bytes;

	CHECK_INT(text_size("0", &bytes), 0);
	CHECK_INT(bytes, 0);
	CHECK_INT(text_size("65537", &bytes), 0);
	CHECK_INT(bytes, 65537);
	CHECK_INT(text_size("64K", &bytes), 0);
	CHECK_INT(bytes, 65536);
	CHECK_INT(text_size("3m", &bytes), 0);
	CHECK_INT(bytes, 3 << 20);
	CHECK_INT(text_size("2G", &bytes), 0);
	CHECK(bytes == 2ull << 30);
	CHECK_INT(text_size("16777215T", &bytes), 0);
	CHECK(bytes == 16777215ull << 40);
	CHECK_INT(text_size("0x10", &bytes), 0);
	CHECK_INT(bytes, 16);
	CHECK_INT(text_size("0XffK", &bytes), 0);
	CHECK_INT(bytes, 255 << 10);
	CHECK_INT(text_size("010", &bytes), 0);
	CHECK_INT(bytes, 10);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(text_size(bad[i], &bytes), -EINVAL);
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
	CASE(numbers_are_whole);
	CASE(sizes_have_units);
	CASE(formatting_does_not_cut);
	CASE(copying_cuts_and_ends);
	CASE(names_are_one_component);
	CASE(prefixes_leave_the_rest);
	return CHECK_DONE();
}
