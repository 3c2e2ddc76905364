/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices cannot migrate, and what a region of the old protocol looks like. */
#include <errno.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "host/fw_error.h"
#include "vfio/migration.h"
#include "tests/unit/check.h"

/* A region's description as the kernel lays it out: the header and two capabilities. */
struct region {
	struct vfio_region_info head;
	struct vfio_info_cap_header mappable;
	struct vfio_region_info_cap_type type;
};

static struct region region_of_type(uint32_t type)
{
	struct region region = {
		.head = { .argsz = sizeof(region),
			  .flags = VFIO_REGION_INFO_FLAG_CAPS,
			  .cap_offset = offsetof(struct region, mappable) },
		.mappable = { .id = VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
			      .version = 1,
			      .next = offsetof(struct region, type) },
		.type = { .header = { .id = VFIO_REGION_INFO_CAP_TYPE,
				      .version = 1 },
			  .type = type, .subtype = 1 },
	};

	return region;
}

static void the_migration_region_is_known_by_its_type(void)
{
	struct region region = region_of_type(3);

	CHECK(mig_region_is_v1(&region, sizeof(region)));
	region = region_of_type(1); /* VFIO_REGION_TYPE_GFX */
	CHECK(!mig_region_is_v1(&region, sizeof(region)));
	region = region_of_type(3);
	region.head.flags = 0;
	CHECK(!mig_region_is_v1(&region, sizeof(region)));
}

static void a_broken_chain_of_capabilities_ends(void)
{
	struct region region = region_of_type(3);

	CHECK(!mig_region_is_v1(&region, sizeof(region) - 1));
	CHECK(!mig_region_is_v1(&region, sizeof(region.head)));
	CHECK(!mig_region_is_v1(&region, 3));
	region.mappable.next = region.head.cap_offset;
	CHECK(!mig_region_is_v1(&region, sizeof(region)));
	region.mappable.next = 0xffffffff;
	CHECK(!mig_region_is_v1(&region, sizeof(region)));
	region.head.cap_offset = 4;
	CHECK(!mig_region_is_v1(&region, sizeof(region)));
}

#define DEVICE_FD 4711
#define REGIONS 11

/* The index and the type of the one region with capabilities. */
static uint32_t special_index, special_type;
static unsigned int regions_asked;

static int answer_region(struct vfio_region_info *info)
{
	struct region region = region_of_type(special_type);

	regions_asked++;
	CHECK(info->argsz >= sizeof(region));
	CHECK(info->index < REGIONS);
	if (info->index == special_index)
		memcpy(info, &region, sizeof(region));
	return 0;
}

/*
 * A kernel from before 5.18, in the libc's place: no kernel that the tests run
 * on has a device of the old protocol. Of version 2 it knows nothing.
 */
int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *arg;

	va_start(arguments, request);
	arg = va_arg(arguments, void *);
	va_end(arguments);
	CHECK_INT(fd, DEVICE_FD);
	if (request == VFIO_DEVICE_GET_INFO) {
		((struct vfio_device_info *)arg)->num_regions = REGIONS;
		return 0;
	}
	if (request == VFIO_DEVICE_GET_REGION_INFO)
		return answer_region(arg);
	errno = ENOTTY;
	return -1;
}

/* What keeps a device with that region from migrating. */
static enum err_code refused_with(uint32_t index, uint32_t type)
{
	struct device device = { .name = "0000:01:00.1",
				 .driver = "hisi_acc_vfio_pci" };
	struct vdev vdev = { .name = "0000:01:00.1", .fd = DEVICE_FD };
	struct mig_caps caps;
	struct err err = ERR_INIT;

	special_index = index;
	special_type = type;
	regions_asked = 0;
	CHECK_INT(mig_offer_read(&vdev, &caps, &err), 0);
	CHECK_INT(mig_require(&device, &caps, &err), -1);
	return err.code;
}

static void a_device_of_the_old_protocol_is_refused_as_such(void)
{
	CHECK_INT(refused_with(9, 3), ERR_OLD_PROTOCOL);
	CHECK_INT(refused_with(REGIONS - 1, 3), ERR_OLD_PROTOCOL);
	CHECK_INT(regions_asked, REGIONS);
	CHECK_INT(refused_with(9, 1), ERR_NOT_MIGRATABLE);
	CHECK_INT(regions_asked, REGIONS);
}

static enum err_code require(const char *driver, const struct mig_caps *caps)
{
	struct device device = { .name = "0000:01:00.1" };
	struct err err = ERR_INIT;

	snprintf(device.driver, sizeof(device.driver), "%s", driver);
	CHECK_INT(mig_require(&device, caps, &err), err_is_set(&err) ? -1 : 0);
	if (err_is_set(&err))
		CHECK_STR(err.device, "0000:01:00.1");
	return err.code;
}

static void why_a_device_cannot_migrate_is_told_apart(void)
{
	struct mig_caps none = { 0 };
	struct mig_caps old = { .old_protocol = true };
	struct mig_caps empty = { .migration = true };
	struct mig_caps good = { .migration = true, .flags = MIG_STOP_COPY };

	CHECK_INT(require("mlx5_vfio_pci", &good), ERR_NONE);
	CHECK_INT(require("mlx5_vfio_pci", &none), ERR_NOT_MIGRATABLE);
	CHECK_INT(require("mlx5_vfio_pci", &empty), ERR_NOT_MIGRATABLE);
	CHECK_INT(require("vfio-pci", &none), ERR_WRONG_DRIVER);
	CHECK_INT(require("vfio-pci", &old), ERR_OLD_PROTOCOL);
	CHECK_INT(require("hisi_acc_vfio_pci", &old), ERR_OLD_PROTOCOL);
}

static void check_offer_hint(enum device_kind kind, const char *driver, const char *hint)
{
	struct device device = { .kind = kind, .name = "0000:3b:00.2" };
	const struct mig_caps caps = { .migration = false };
	struct err err = ERR_INIT;
	char buf[ERR_HINT_SIZE];

	snprintf(device.driver, sizeof(device.driver), "%s", driver);
	CHECK_INT(mig_require(&device, &caps, &err), -1);
	CHECK(strstr(err_hint_of(&err, buf), hint) != NULL);
}

/* bind takes mlx5 devices alone, and status does not know what the driver logged. */
static void the_hint_is_one_that_leads_on(void)
{
	check_offer_hint(DEVICE_VF, "vfio-pci", "mlxmigctl bind 0000:3b:00.2");
	check_offer_hint(DEVICE_OTHER, "vfio-pci", "a VFIO driver of its vendor");
	check_offer_hint(DEVICE_VF, "mlx5_vfio_pci", "\"cannot migrate\" in the kernel log");
	check_offer_hint(DEVICE_OTHER, "mtty", "mlxmigctl status 0000:3b:00.2");
}

static void features_are_named_by_their_numbers(void)
{
	CHECK_STR(feature_name(VFIO_DEVICE_FEATURE_MIGRATION), "migration");
	CHECK_STR(feature_name(VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE), "mig_device_state");
	CHECK_STR(feature_name(VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT), "dma_logging_report");
	CHECK_STR(feature_name(9), "mig_data_size");
	CHECK(!feature_name(FEATURE_COUNT));
	CHECK_INT(feature_ops(VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE), FEATURE_GET | FEATURE_SET);
	CHECK_INT(feature_ops(FEATURE_COUNT), 0);
	CHECK_STR(device_flag_name(1), "pci");
	CHECK(!device_flag_name(31));
}

static void the_firmwares_words_are_found_in_the_kernel_log(void)
{
	static const char record[] =
		"3,781,9324351,-;mlx5_core 0000:01:00.0: mlx5_cmd_out_err:818:(pid 311): "
		"SUSPEND_VHCA(0x115) op_mod(0x1) failed, status bad resource state(0x9), syndrome (0x2c9bb0), err(-22)\n"
		" SUBSYSTEM=pci\n DEVICE=+pci:0000:01:00.0\n";
	static const char brackets[] =
		"3,1,2,-;(pid 4): LOAD_VHCA_STATE(0x119) op_mod(0x0) failed, status bad packet (discarded)(0x30), syndrome (0x5), err(-22)\n";
	struct fw_error failure;

	CHECK(kmsg_parse(record, 311, &failure));
	CHECK_STR(failure.command, "SUSPEND_VHCA");
	CHECK_INT(failure.opcode, 0x115);
	CHECK_INT(failure.op_mod, 1);
	CHECK_STR(failure.status_name, "bad resource state");
	CHECK_INT(failure.status, 9);
	CHECK_INT(failure.syndrome, 0x2c9bb0);
	CHECK_INT(failure.num, 22);
	CHECK_INT(failure.number + failure.time_unix_ns, 0);
	CHECK(kmsg_parse(brackets, 0, &failure));
	CHECK_STR(failure.status_name, "bad packet (discarded)");
	CHECK_INT(failure.status, 0x30);
	CHECK(!kmsg_parse(record, 31, &failure));
	CHECK(!kmsg_parse("6,1,2,-;mlx5_core 0000:01:00.0: (pid 311): up\n", 311, &failure));
	CHECK(!kmsg_parse("6,1,2,-;(pid 311): X(0x1) op_mod(0x1) failed, status\n", 311, &failure));
	CHECK(!kmsg_parse("6,1,2,-;syndrome (0x1)\n", 0, &failure));
	CHECK(!kmsg_parse("", 0, &failure));
	CHECK(!kmsg_failure(-1, 0, &failure));
}

int main(void)
{
	CASE(the_migration_region_is_known_by_its_type);
	CASE(a_broken_chain_of_capabilities_ends);
	CASE(a_device_of_the_old_protocol_is_refused_as_such);
	CASE(why_a_device_cannot_migrate_is_told_apart);
	CASE(the_hint_is_one_that_leads_on);
	CASE(features_are_named_by_their_numbers);
	CASE(the_firmwares_words_are_found_in_the_kernel_log);
	return CHECK_DONE();
}
