/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a host below another root: files, id tables, functions, holders. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "root_kit.h"
#include "lib/text.h"
#include "host/modules.h"
#include "vfio/holder_find.h"
#include "vfio/hold_marker.h"
#include "vfio/holders.h"
#include "host/inventory.h"
#include "host/iommu_group.h"
#include "host/netlink.h"
#include "host/pci_function.h"
#include "host/sysroot.h"

static const char *top;

static void files_are_read_below_the_root(void)
{
	char text[16], path[PATH_MAX];
	long value;

	root_kit_put("/sys/a", "12\n");
	root_kit_put("/sys/b", "twelve\n");
	CHECK_INT(sysroot_read(text, sizeof(text), "/sys/%s", "b"), 6);
	CHECK_STR(text, "twelve");
	CHECK_INT(sysroot_read_long(&value, "/sys/a"), 0);
	CHECK_INT(value, 12);
	CHECK_INT(sysroot_read_long(&value, "/sys/b"), -EINVAL);
	CHECK_INT(sysroot_read(text, sizeof(text), "/sys/c"), -ENOENT);
	CHECK_STR(text, "");
	CHECK_INT(sysroot_path(path, "/%5000s", "x"), -ENAMETOOLONG);
}

static void links_are_read_by_their_last_part(void)
{
	char name[8];

	root_kit_link("/sys/link", "../../drivers/igb");
	root_kit_link("/sys/bare", "igb");
	CHECK_INT(sysroot_link_name(name, sizeof(name), "/sys/link"), 0);
	CHECK_STR(name, "igb");
	CHECK_INT(sysroot_link_name(name, sizeof(name), "/sys/bare"), 0);
	CHECK_STR(name, "igb");
	CHECK_INT(sysroot_link_name(name, sizeof(name), "/sys/a"), -EINVAL);
	root_kit_link("/sys/long", "../a-name-that-is-long");
	CHECK_INT(sysroot_link_name(name, sizeof(name), "/sys/long"), -ENAMETOOLONG);
}

static void another_root_is_never_written(void)
{
	char text[16];

	CHECK_INT(sysroot_write("13", "/sys/a"), -EROFS);
	sysroot_read(text, sizeof(text), "/sys/a");
	CHECK_STR(text, "12");
}

static void the_slash_is_the_host(void)
{
	sysroot_set("/");
	CHECK(sysroot_is_host());
	sysroot_set(NULL);
	CHECK(sysroot_is_host());
	sysroot_set(top);
	CHECK(!sysroot_is_host());
}

#define MODALIAS(vendor, device) \
	"pci:v0000" vendor "d0000" device "sv000015B3sd00000041bc02sc00i00"

static void id_tables_are_mlx5s_alone(void)
{
	struct alias_table table = {};

	root_kit_put("/proc/sys/kernel/osrelease", "6.12.0-test\n");
	root_kit_put("/lib/modules/6.12.0-test/modules.alias",
	    "# made by depmod\n"
	    "alias pci:v000015B3d00001003sv*sd*bc*sc*i* mlx4_core\n"
	    "alias pci:v000015B3d0000101Dsv*sd*bc*sc*i* mlx5_core\n"
	    "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"
	    "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
	    "alias auxiliary:mlx5_core.eth mlx5_core\n"
	    "alias\n");
	CHECK(alias_matches(&table, MODALIAS("15B3", "101D")));
	CHECK(alias_matches(&table, MODALIAS("15B3", "101E")));
	CHECK(!alias_matches(&table, MODALIAS("15B3", "1003")));
	CHECK(!alias_matches(&table, MODALIAS("8086", "1521")));
	CHECK_INT(table.n, 2);
	alias_free(&table);
}

static void put_function(const char *bdf, const char *vendor, const char *id)
{
	static const char *const zeros[] = { "irq", "class", "resource" };
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/vendor", bdf);
	root_kit_put(name, vendor);
	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/device", bdf);
	root_kit_put(name, id);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/%s", bdf, zeros[i]);
		root_kit_put(name, "0x0\n");
	}
}

static void a_scan_finds_functions_by_their_driver(void)
{
	struct inventory inventory;
	struct err err = ERR_INIT;
	struct device other;

	put_function("0000:01:00.0", "0x15b3\n", "0x1021\n");
	root_kit_link("/sys/bus/pci/devices/0000:01:00.0/driver", "../drivers/mlx5_core");
	put_function("0000:02:00.0", "0x8086\n", "0x1521\n");
	CHECK_INT(inventory_scan(&inventory, &err), 0);
	CHECK_INT(inventory.n, 1);
	CHECK_STR(inventory.devices[0].name, "0000:01:00.0");
	CHECK_INT(inventory.devices[0].iommu_group, -1);
	CHECK(!inventory_has_iommu());
	CHECK(inventory_resolve(&inventory, "1:0.0", &other, &err) == &inventory.devices[0]);
	CHECK(!inventory_resolve(&inventory, "02:00.0", &other, &err));
	CHECK_INT(err.code, ERR_NOT_MLX5);
	inventory_free(&inventory);
	CHECK_INT(inventory.n, 0);
}

/* VFIO names the groups that it makes for mediated devices so, too. */
static void a_no_iommu_group_is_known_by_its_node_or_name(void)
{
	struct device device;

	root_kit_link("/sys/bus/pci/devices/0000:07:00.0/iommu_group", "../../iommu_groups/70");
	pci_function_init(&device, DEVICE_VF, "0000:07:00.0");
	pci_function_read(&device, SYSFS_PCI "0000:07:00.0");
	CHECK_INT(device.iommu_group, 70);
	CHECK(!device.no_iommu);
	root_kit_put("/sys/kernel/iommu_groups/70/name", "vfio-noiommu\n");
	CHECK(!inventory_has_iommu());
	pci_function_read(&device, SYSFS_PCI "0000:07:00.0");
	CHECK(device.no_iommu);
	root_kit_put("/sys/class/vfio/70/dev", "243:0\n");
	pci_function_read(&device, SYSFS_PCI "0000:07:00.0");
	CHECK(!device.no_iommu);
	root_kit_put("/sys/kernel/iommu_groups/70/name", "");
	root_kit_put("/sys/class/vfio/noiommu-70/dev", "243:0\n");
	pci_function_read(&device, SYSFS_PCI "0000:07:00.0");
	CHECK(device.no_iommu);
	root_kit_link("/sys/bus/mdev/devices/uuid/iommu_group", "../../iommu_groups/71");
	root_kit_put("/sys/kernel/iommu_groups/71/name", "vfio-noiommu\n");
	pci_function_init(&device, DEVICE_OTHER, "uuid");
	pci_function_read(&device, SYSFS_MDEV "uuid");
	CHECK_INT(device.iommu_group, 71);
	CHECK(!device.no_iommu);
}

static void a_group_without_an_iommu_is_refused(void)
{
	struct device device = { .name = "0000:07:00.0", .iommu_group = 70, .no_iommu = true };
	struct err err = ERR_INIT, none = ERR_INIT;

	CHECK_INT(inventory_require_iommu(&device, &err), -1);
	CHECK_INT(err.code, ERR_NO_IOMMU);
	CHECK(strstr(err.message, "/dev/vfio/noiommu-70") != NULL);
	CHECK(strstr(err.hint, "enable_unsafe_noiommu_mode") != NULL);
	device.no_iommu = false;
	CHECK_INT(inventory_require_iommu(&device, &none), 0);
	CHECK(!err_is_set(&none));
}

static void a_scan_survives_what_cannot_be_read(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/0000:02:00.0/vendor", top);
	unlink(path);
	for (int i = 0; i < 2; i++) {
		struct inventory inventory;
		struct err err = ERR_INIT;
		struct device other;

		CHECK_INT(inventory_scan(&inventory, &err), 0);
		CHECK_INT(inventory.n, 1);
		CHECK_INT(inventory.n_skipped, 1);
		CHECK_STR(inventory.skipped[0].name, "0000:02:00.0");
		CHECK_STR(inventory.skipped[0].reason, "vendor: No such file or directory");
		CHECK(!inventory_resolve(&inventory, "2:0.0", &other, &err));
		CHECK_INT(err.code, ERR_IO);
		inventory_free(&inventory);
		CHECK_INT(inventory.n_skipped, 0);
	}
}

static void a_port_is_what_its_name_says(void)
{
	static const char *const own[] = { "p0", "p1", "p12", "p0s1", "", "pf", "pfx", "pf0x", "vf", "pf0vf",
					   "pf0vf1x", "sf2a", "hpf", "transfer0", "c1p0", "cpf0", "pf0hpf1" };
	static const char *const pfs[] = { "pf0", "pf0hpf", "pf1hpf", "c1pf0", "c1pf0hpf", "c10pf1" };
	static const char *const vfs[] = { "pf0vf3", "c1pf0vf1", "pf1vf127", "vf0" };
	static const char *const sfs[] = { "pf0sf2", "c1pf0sf88", "sf1" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		CHECK_INT(port_kind_of(own[i]), PORT_OWN);
	for (size_t i = 0; i < ARRAY_SIZE(pfs); i++)
		CHECK_INT(port_kind_of(pfs[i]), PORT_PF);
	for (size_t i = 0; i < ARRAY_SIZE(vfs); i++)
		CHECK_INT(port_kind_of(vfs[i]), PORT_VF);
	for (size_t i = 0; i < ARRAY_SIZE(sfs); i++)
		CHECK_INT(port_kind_of(sfs[i]), PORT_SF);
}

#define GROUP "/sys/kernel/iommu_groups/70/devices/"

static void a_group_is_blocked_by_a_driver_of_the_host(void)
{
	struct device device = { .name = "0000:01:00.1", .iommu_group = 70 };
	struct iommu_group group;

	CHECK_INT(iommu_group_read(70, &group), -ENOENT);
	CHECK_INT(group.n, 0);
	iommu_group_fill(&device);
	CHECK_STR(device.group_obstacle, "");
	root_kit_link(GROUP "0000:01:00.1/driver", "../mlx5_core");
	root_kit_link(GROUP "0000:00:01.0/driver", "../pcieport");
	root_kit_link(GROUP "0000:01:00.2/driver", "../pci-stub");
	root_kit_link(GROUP "0000:01:00.3/driver", "../vfio-pci");
	root_kit_link(GROUP "0000:01:00.4/driver", "../xe");
	root_kit_put(GROUP "0000:01:00.4/vfio-dev/vfio9/dev", "511:9\n");
	root_kit_put(GROUP "0000:01:00.5/vendor", "0x15b3\n");
	iommu_group_fill(&device);
	CHECK_STR(device.group_obstacle, "");
	root_kit_link(GROUP "0000:01:00.7/driver", "../mlx5_core");
	root_kit_link(GROUP "0000:01:00.6/driver", "../igb");
	iommu_group_fill(&device);
	CHECK_STR(device.group_obstacle, "0000:01:00.6");
	CHECK_STR(device.group_obstacle_driver, "igb");
	CHECK_INT(iommu_group_read(70, &group), 0);
	CHECK_INT(group.n, 8);
	CHECK_STR(group.members[0].name, "0000:00:01.0");
	CHECK_STR(iommu_group_obstacle(&group, "0000:01:00.6")->name, "0000:01:00.1");
	iommu_group_free(&group);
	CHECK_INT(group.n, 0);
}

/* Of the running host, in which no netdev has one of these. */
static void no_netdev_has_such_an_altname(void)
{
	char netdev[IFNAMSIZ], longest[130];

	memset(longest, 'x', sizeof(longest));
	longest[128] = '\0';
	CHECK_INT(netlink_altname("", netdev), -ENODEV);
	CHECK_INT(netlink_altname(longest, netdev), -ENODEV);
	longest[127] = '\0';
	CHECK_INT(netlink_altname(longest, netdev), -ENODEV);
	CHECK_STR(netdev, "");
}

static void holders_are_found_by_their_files(void)
{
	struct device devices[] = {
		{ .iommu_group = 4 },
		{ .name = "0000:01:00.1", .iommu_group = 40 },
		{ .iommu_group = 41, .cdev = "vfio1" },
		{ .iommu_group = -1 },
		{ .name = "0000:01:00.2", .iommu_group = 40 },
	};
	struct err err = ERR_INIT;

	root_kit_put("/proc/9/comm", "mlxmigctl\n");
	root_kit_link("/proc/9/fd/4", "/dev/vfio/40");
	root_kit_put("/proc/10/comm", HOLDER_COMM "\n");
	root_kit_link("/proc/10/fd/3", "/dev/vfio/vfio");
	root_kit_link("/proc/10/fd/5", "/dev/vfio/40");
	root_kit_put("/proc/10/stat", "10 (" HOLDER_COMM ") S 1 10 10 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0");
	root_kit_put(HOLD_MARKER_DIR "/0000:01:00.1.hold", "pid 10\nstart 4711\n");
	root_kit_put("/proc/11/comm", "vmm\n");
	root_kit_link("/proc/11/fd/8", "/dev/vfio/devices/vfio1");
	root_kit_link("/proc/11/fd/9", "/dev/vfio/devices/vfio10");
	root_kit_link("/proc/self", "10");
	CHECK_INT(holder_find_all(devices, 5, &err), 0);
	CHECK_INT(devices[0].holder.kind, HOLDER_NONE);
	CHECK_INT(devices[1].holder.kind, HOLDER_HOLD);
	CHECK_INT(devices[1].holder.pid, 10);
	CHECK_INT(devices[1].holder.fd, 5);
	CHECK_INT(devices[1].holder.file, HOLDER_GROUP);
	CHECK_INT(devices[2].holder.kind, HOLDER_OTHER);
	CHECK_STR(devices[2].holder.comm, "vmm");
	CHECK_INT(devices[2].holder.fd, 8);
	CHECK_INT(devices[2].holder.file, HOLDER_CDEV);
	CHECK_INT(devices[3].holder.kind, HOLDER_NONE);
	/* Its neighbour is held, it is not. */
	CHECK_INT(devices[4].holder.kind, HOLDER_OTHER);
	CHECK_INT(devices[4].holder.pid, 10);
}

/* A name, a mark of one's own, and a file that is open by its name alone: anybody can have them. */
static void who_poses_as_a_holder_is_none(void)
{
	struct device devices[] = { { .name = "0000:01:00.5", .iommu_group = 45 },
				    { .name = "0000:01:00.6", .iommu_group = 46 } };
	struct err err = ERR_INIT;

	root_kit_put("/proc/113/comm", HOLDER_COMM "\n");
	root_kit_put("/proc/113/stat", "113 (" HOLDER_COMM ") S 1 113 113 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0");
	root_kit_link("/proc/113/fd/3", "/dev/vfio/45");
	root_kit_put("/proc/113/fdinfo/3", "pos:\t0\nflags:\t012000000\nmnt_id:\t26\nino:\t1\n");
	root_kit_link("/proc/113/fd/4", "/memfd:" HOLDER_COMM ":0000:01:00.5 (deleted)");
	root_kit_link("/proc/113/fd/5", "/dev/vfio/46");
	root_kit_put("/proc/113/fdinfo/5", "pos:\t0\nflags:\t02\nmnt_id:\t26\nino:\t1\n");
	root_kit_link("/proc/113/fd/6", "/memfd:" HOLDER_COMM ":0000:01:00.6 (deleted)");
	/* Of a process that had that number before. */
	root_kit_put(HOLD_MARKER_DIR "/0000:01:00.6.hold", "pid 113\nstart 99\n");
	CHECK_INT(holder_find_all(devices, 2, &err), 0);
	CHECK_INT(devices[0].holder.kind, HOLDER_NONE);
	CHECK_INT(devices[1].holder.kind, HOLDER_OTHER);
	CHECK_INT(devices[1].holder.pid, 113);
}

static void a_borrower_is_not_taken_for_the_holder(void)
{
	struct device device = { .iommu_group = 42 };
	struct holder vmm, borrower;
	struct err err = ERR_INIT;

	root_kit_link("/proc/9/fd/5", "/dev/vfio/42");
	CHECK_INT(holder_find(&device, &err), 0);
	CHECK_INT(device.holder.pid, 9);
	borrower = device.holder;
	root_kit_link("/proc/11/fd/5", "/dev/vfio/42");
	CHECK_INT(holder_find(&device, &err), 0);
	CHECK_INT(device.holder.pid, 11);
	vmm = device.holder;
	/* Another VMM, with the lower number: which of them lends it is not the first. */
	root_kit_put("/proc/8/comm", "vmm\n");
	root_kit_link("/proc/8/fd/5", "/dev/vfio/42");
	CHECK_INT(holder_find(&device, &err), 0);
	CHECK_INT(device.holder.pid, 8);
	CHECK(holder_still_has(&device, &vmm));
	CHECK(holder_still_has(&device, &borrower));
	vmm.start++;
	CHECK(!holder_still_has(&device, &vmm));
	borrower.kind = HOLDER_HOLD;
	CHECK(!holder_still_has(&device, &borrower));
}

/* A function under VFIO whose group only process @pid has open, as file 5. */
static struct device device_of_group(const char *name, int group, int pid)
{
	struct device device = { .iommu_group = group, .vfio = true };
	char path[64], target[32];

	text_copy(device.name, sizeof(device.name), name);
	snprintf(path, sizeof(path), "/proc/%d/fd/5", pid);
	snprintf(target, sizeof(target), "/dev/vfio/%d", group);
	root_kit_link(path, target);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	root_kit_put(path, "vmm\n");
	return device;
}

static void check_in_use(struct device *device, enum tristate in_use, enum holder_file file)
{
	struct err err = ERR_INIT;

	CHECK_INT(holder_find(device, &err), 0);
	CHECK_INT(device_in_use(device), in_use);
	CHECK_INT(device->holder.file, file);
}

/* What the kernel reports of the file comes before what sysfs counts, but for 0. */
static void a_group_need_not_be_open_for_the_device(void)
{
	struct device device = device_of_group("0000:01:00.1", 50, 12);

	check_in_use(&device, TRI_YES, HOLDER_GROUP);
	CHECK(device.holder.assumed);
	root_kit_put("/sys/bus/pci/devices/0000:01:00.1/enable", "1\n");
	check_in_use(&device, TRI_YES, HOLDER_GROUP);
	CHECK_STR(device.in_use_reason, "");
	/* As 6.12 has it. */
	root_kit_link("/proc/12/fd/6", "anon_inode:[vfio-device]");
	root_kit_put("/proc/12/fdinfo/6", "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1104\n");
	check_in_use(&device, TRI_YES, HOLDER_GROUP);
	root_kit_put("/proc/12/fdinfo/6", "pos:\t0\nvfio-device-syspath: /sys/devices/pci0000:00/0000:01:00.11\n");
	check_in_use(&device, TRI_YES, HOLDER_GROUP);
	CHECK(device.holder.uncertain);
	root_kit_link("/proc/12/fd/7", "anon_inode:[vfio-device]");
	root_kit_put("/proc/12/fdinfo/7", "vfio-device-syspath: /sys/devices/pci0000:00/0000:01:00.1\nmore:\t/0000:01:00.2\n");
	check_in_use(&device, TRI_YES, HOLDER_GROUP);
	root_kit_put("/sys/bus/pci/devices/0000:01:00.1/enable", "0\n");
	check_in_use(&device, TRI_UNKNOWN, HOLDER_GROUP);
	CHECK_STR(device.in_use_reason, "vmm (pid 12) has its IOMMU group 50 open, but not the device");
	root_kit_remove("/proc/12");
}

static void a_device_has_a_file_of_its_own(void)
{
	struct device device = { .name = "0000:05:00.1", .iommu_group = 52, .vfio = true };

	root_kit_put("/sys/bus/pci/devices/0000:05:00.1/enable", "1\n");
	root_kit_put("/proc/13/comm", "vmm\n");
	root_kit_link("/proc/13/fd/8", "anon_inode:[vfio-device]");
	root_kit_put("/proc/13/fdinfo/8", "vfio-device-syspath: /sys/devices/pci0000:00/0000:05:00.1\n");
	check_in_use(&device, TRI_YES, HOLDER_DEVICE);
	CHECK(!device.holder.uncertain);
	CHECK_INT(device.holder.fd, 8);
	/* Before 6.18: it is a device's, but not of which. */
	root_kit_put("/proc/13/fdinfo/8", "pos:\t0\n");
	check_in_use(&device, TRI_YES, HOLDER_DEVICE);
	CHECK(device.holder.uncertain);
	CHECK(strstr(device.in_use_reason, "vmm (pid 13)") != NULL);
	/* It belongs to another group's device. */
	root_kit_link("/proc/13/fd/7", "/dev/vfio/4000");
	check_in_use(&device, TRI_UNKNOWN, HOLDER_GROUP);
	CHECK(strstr(device.in_use_reason, "no process") != NULL);
	root_kit_put("/sys/bus/pci/devices/0000:05:00.1/enable", "0\n");
	check_in_use(&device, TRI_NO, HOLDER_GROUP);
	CHECK_STR(device.in_use_reason, "");
	root_kit_remove("/proc/13");
}

static void a_mapping_needs_no_file(void)
{
	struct device device = { .name = "0000:05:00.2", .iommu_group = 53, .vfio = true };

	root_kit_put("/sys/bus/pci/devices/0000:05:00.2/enable", "1\n");
	root_kit_put("/proc/14/comm", "vmm\n");
	root_kit_link("/proc/14/fd/0", "/dev/null");
	root_kit_put("/proc/14/maps",
		     "7ffff7fb9000-7ffff7fbd000 r--p 00000000 08:01 5 /lib/vfio-device.so\n");
	check_in_use(&device, TRI_UNKNOWN, HOLDER_GROUP);
	root_kit_put("/proc/14/maps",
		     "7ffff7fbd000-7ffff7fbe000 rw-s 102000000 00:0e 9633    anon_inode:[vfio-device]\n");
	check_in_use(&device, TRI_YES, HOLDER_MAPPING);
	CHECK_INT(device.holder.pid, 14);
	CHECK_INT(device.holder.fd, -1);
	root_kit_remove("/proc/14");
}

static void a_group_without_an_iommu_is_one(void)
{
	struct device device = { .name = "0000:05:00.3", .iommu_group = 54, .vfio = true };

	root_kit_put("/proc/15/comm", "vmm\n");
	root_kit_link("/proc/15/fd/3", "/dev/vfio/noiommu-54");
	check_in_use(&device, TRI_YES, HOLDER_GROUP);
	CHECK_INT(device.holder.pid, 15);
	root_kit_remove("/proc/15");
}

/* Its first thread has ended: the files are shown with the others. */
static void a_process_is_found_by_its_other_threads(void)
{
	struct device device = { .name = "0000:05:00.5", .iommu_group = 56, .vfio = true };

	root_kit_put("/proc/17/comm", "vmm\n");
	root_kit_put("/proc/17/fd/.none", "");
	root_kit_put("/proc/17/task/17/fd/.none", "");
	root_kit_link("/proc/17/task/18/fd/5", "/dev/vfio/56");
	check_in_use(&device, TRI_YES, HOLDER_GROUP);
	CHECK_INT(device.holder.pid, 17);
	CHECK_INT(device.holder.fd, 5);
	root_kit_remove("/proc/17");
}

/* A driver of the host enables a device too. */
static void a_device_of_the_host_is_not_in_use(void)
{
	struct device device = device_of_group("0000:05:00.4", 55, 16);

	device.vfio = false;
	text_copy(device.driver, sizeof(device.driver), "mlx5_core");
	root_kit_put("/sys/bus/pci/devices/0000:05:00.4/enable", "1\n");
	check_in_use(&device, TRI_NO, HOLDER_GROUP);
	CHECK_INT(device.holder.kind, HOLDER_OTHER);
	root_kit_remove("/proc/16");
	check_in_use(&device, TRI_NO, HOLDER_GROUP);
	CHECK_INT(device.holder.kind, HOLDER_NONE);
}

static void a_group_has_one_device_or_more(void)
{
	struct device device = { .name = "0000:01:00.1", .iommu_group = 51 };

	CHECK(!holder_is_alone(&device));
	root_kit_link("/sys/kernel/iommu_groups/51/devices/0000:01:00.1/driver", "../vfio-pci");
	CHECK(holder_is_alone(&device));
	root_kit_link("/sys/kernel/iommu_groups/51/devices/0000:00:01.0/driver", "../pcieport");
	root_kit_put("/sys/kernel/iommu_groups/51/devices/0000:01:00.2/vendor", "0x15b3\n");
	CHECK(holder_is_alone(&device));
	root_kit_link("/sys/kernel/iommu_groups/51/devices/0000:01:00.2/driver", "../mlx5_vfio_pci");
	CHECK(!holder_is_alone(&device));
}

static void a_captured_holder_lends_nothing(void)
{
	struct device device = { .holder = { .kind = HOLDER_HOLD,
					     .pid = getpid(),
					     .fd = 0 } };
	struct err err = ERR_INIT;

	CHECK_INT(holder_borrow(&device, &err), -1);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
}

/* Of the running host: the fd that was noted is not the group's any more. */
static void another_file_is_not_borrowed(void)
{
	struct device device = { .iommu_group = 99999,
				 .holder = { .kind = HOLDER_HOLD,
					     .pid = getpid(),
					     .fd = 0 } };
	struct err err = ERR_INIT;

	sysroot_set(NULL);
	CHECK_INT(holder_borrow(&device, &err), -1);
	CHECK_INT(err.code, ERR_HOLDER_GONE);
	sysroot_set(top);
}

int main(void)
{
	int ret;

	top = root_kit_begin();
	if (!top)
		return 99;
	CASE(files_are_read_below_the_root);
	CASE(links_are_read_by_their_last_part);
	CASE(another_root_is_never_written);
	CASE(the_slash_is_the_host);
	CASE(id_tables_are_mlx5s_alone);
	CASE(a_scan_finds_functions_by_their_driver);
	CASE(a_scan_survives_what_cannot_be_read);
	CASE(a_port_is_what_its_name_says);
	CASE(a_group_is_blocked_by_a_driver_of_the_host);
	CASE(no_netdev_has_such_an_altname);
	CASE(a_no_iommu_group_is_known_by_its_node_or_name);
	CASE(a_group_without_an_iommu_is_refused);
	CASE(holders_are_found_by_their_files);
	CASE(who_poses_as_a_holder_is_none);
	CASE(a_borrower_is_not_taken_for_the_holder);
	CASE(a_group_need_not_be_open_for_the_device);
	CASE(a_device_has_a_file_of_its_own);
	CASE(a_mapping_needs_no_file);
	CASE(a_group_without_an_iommu_is_one);
	CASE(a_process_is_found_by_its_other_threads);
	CASE(a_device_of_the_host_is_not_in_use);
	CASE(a_group_has_one_device_or_more);
	CASE(a_captured_holder_lends_nothing);
	CASE(another_file_is_not_borrowed);
	ret = CHECK_DONE();
	return root_kit_end() ? 99 : ret;
}
