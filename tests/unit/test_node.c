/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device nodes: what is opened is what sysfs has the number of. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "root_kit.h"
#include "vfio/node.h"

static const struct node null_node = { "/dev/null", "vfio", "40" };
static const struct node missing_node = { "/dev/vfio-of-no-host/40", "vfio", "40" };

static void a_node_of_the_right_number_is_opened(void)
{
	struct err err = ERR_INIT;
	int fd;

	root_kit_put("/sys/class/vfio/40/dev", "1:3\n");
	CHECK(node_exists(&null_node));
	CHECK(node_is_right(&null_node));
	fd = node_open(&null_node, &err);
	CHECK(fd >= 0);
	CHECK(!err_is_set(&err));
	if (fd >= 0)
		close(fd);
}

static void a_stale_node_is_not_opened(void)
{
	struct err err = ERR_INIT;

	root_kit_put("/sys/class/vfio/40/dev", "243:7\n");
	CHECK(!node_is_right(&null_node));
	CHECK(node_open(&null_node, &err) < 0);
	CHECK_INT(err.code, ERR_NO_VFIO);
	CHECK_STR(err.message, "/dev/null is stale: it is the node of device 1:3, and the kernel's is 243:7");
	CHECK_STR(err.hint, "in a container, pass the host's /dev/null through; on the host: rm /dev/null && mknod -m 600 /dev/null c 243 7");
}

static void a_file_in_the_place_of_a_node_is_not_opened(void)
{
	const struct node node = { "/proc/self/status", "vfio", "40" };
	struct err err = ERR_INIT;

	CHECK(node_open(&node, &err) < 0);
	CHECK_INT(err.code, ERR_NO_VFIO);
	CHECK_STR(err.message, "/proc/self/status is no device node: the kernel's device is 243:7");
}

static void a_missing_node_is_made(void)
{
	struct err err = ERR_INIT;

	CHECK(!node_is_right(&missing_node));
	CHECK_INT(node_open(&missing_node, &err), -ENOENT);
	CHECK_INT(err.code, ERR_NO_VFIO);
	CHECK_INT(err.num, ENOENT);
	CHECK_STR(err.hint, "in a container, pass the host's /dev/vfio-of-no-host/40 through; on the host: mknod -m 600 /dev/vfio-of-no-host/40 c 243 7");
}

/* The module is not loaded, then. */
static void without_a_number_nothing_is_known_of_a_node(void)
{
	const struct node absent = { "/dev/vfio-of-no-host/vfio", "misc", "vfio" };
	char hint[ERR_HINT_SIZE];
	struct err err = ERR_INIT;

	CHECK(!node_exists(&absent));
	CHECK(node_open(&absent, &err) < 0);
	CHECK_INT(err.code, ERR_NO_VFIO);
	CHECK_STR(err_hint_of(&err, hint), "load the VFIO modules: modprobe vfio_pci vfio_iommu_type1");
}

int main(void)
{
	if (!root_kit_begin())
		return 99;
	CASE(a_node_of_the_right_number_is_opened);
	CASE(a_stale_node_is_not_opened);
	CASE(a_file_in_the_place_of_a_node_is_not_opened);
	CASE(a_missing_node_is_made);
	CASE(without_a_number_nothing_is_known_of_a_node);
	return CHECK_DONE() || root_kit_end();
}
