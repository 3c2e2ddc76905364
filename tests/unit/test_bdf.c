/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/device.h"
#include "tests/unit/check.h"

static void canonical_text_comes_back(void)
{
	static const char *const texts[] = { "0000:3b:00.2", "00ff:00:1f.7",
					     "ffff:ff:1f.0", "10000:e1:00.0",
					     "ffffffff:ff:1f.7" };
	char buf[BDF_TEXT_SIZE];
	struct bdf bdf;

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CHECK_INT(bdf_parse(texts[i], &bdf), 0);
		CHECK_STR(bdf_format(&bdf, buf), texts[i]);
	}
}

static void short_form_is_domain_zero(void)
{
	char buf[BDF_TEXT_SIZE];
	struct bdf bdf;

	CHECK_INT(bdf_parse("3B:1f.2", &bdf), 0);
	CHECK_STR(bdf_format(&bdf, buf), "0000:3b:1f.2");
}

static void other_texts_are_refused(void)
{
	static const char *const texts[] = {
		"", "3b", "3b:00", "3b:00.", "3b:00.8", "3b:20.0", "100:00.0",
		"100000000:3b:00.2", "0000:3b:00.2 ", " 3b:00.2", "0000:3b:00.22",
		"0000::00.2", "ens1f0", "3b:00.2/vf0", "-3b:00.2", "3b.00.2",
	};
	struct bdf bdf;

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (bdf_parse(texts[i], &bdf) == 0)
			printf("# taken: \"%s\"\n", texts[i]);
		CHECK(bdf_parse(texts[i], &bdf) < 0);
	}
}

static void order_is_by_address(void)
{
	struct bdf a = { .bus = 1, .function = 7 }, b = { .bus = 1, .device = 1 };

	CHECK(bdf_compare(&a, &b) < 0);
	CHECK(bdf_compare(&b, &a) > 0);
	CHECK_INT(bdf_compare(&a, &a), 0);
	b = (struct bdf){ .domain = 0x10000 };
	CHECK(bdf_compare(&a, &b) < 0);
}

int main(void)
{
	CASE(canonical_text_comes_back);
	CASE(short_form_is_domain_zero);
	CASE(other_texts_are_refused);
	CASE(order_is_by_address);
	return CHECK_DONE();
}
