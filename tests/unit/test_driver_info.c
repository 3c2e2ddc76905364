/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rates of the last save and load, as the driver's debugfs file tells them. */
#include "check.h"
#include "root_kit.h"
#include "host/driver_info.h"

#define VF "0000:3b:00.2"

static struct measured_rates told(const char *text)
{
	struct measured_rates rates;

	root_kit_put("/sys/kernel/debug/mlx5-vfio-pci/" VF "/status", text);
	measured_rates_read(VF, &rates);
	return rates;
}

static void nobody_tells(void)
{
	struct measured_rates rates = { 1, 1 };

	measured_rates_read("0000:ff:1f.7", &rates);
	CHECK_INT(rates.save, 0);
	CHECK_INT(rates.load, 0);
}

static void one_or_neither(void)
{
	struct measured_rates rates =
		told("device: " VF "\nsave_stop_copy_bytes: 0\n"
		     "save_stop_copy_firmware_ns: 0\nload_bytes: 500\n"
		     "load_firmware_ns: 250000000\n");

	CHECK_INT(rates.save, 0);
	CHECK_INT(rates.load, 2000);
	rates = told("migratable: no\nreason: load_bytes: 7\n");
	CHECK_INT(rates.load, 0);
	rates = told("");
	CHECK_INT(rates.load, 0);
}

/* What was saved while the VF ran counts too; other keys do not. */
static void a_save_in_parts(void)
{
	struct measured_rates rates =
		told("save_pre_copy_bytes: 3000\nsave_pre_copy_images: 2\n"
		     "save_pre_copy_firmware_ns: 1000000000\n"
		     "save_stop_copy_bytes: 1000\n"
		     "save_stop_copy_firmware_ns: 3000000000\n"
		     "save_session_ns: 9\nload_bytes_more: 7\n");

	CHECK_INT(rates.save, 1000);
	CHECK_INT(rates.load, 0);
}

static void beyond_measure(void)
{
	struct measured_rates rates =
		told("load_bytes: 18446744073709551615\nload_firmware_ns: 1\n");

	CHECK(rates.load == INT64_MAX);
}

int main(void)
{
	int ret;

	if (!root_kit_begin())
		return 99;
	CASE(nobody_tells);
	CASE(one_or_neither);
	CASE(a_save_in_parts);
	CASE(beyond_measure);
	ret = CHECK_DONE();
	return root_kit_end() ? 99 : ret;
}
