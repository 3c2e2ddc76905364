/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/iommu_group.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define GROUP_DEVICES "/sys/kernel/iommu_groups/%d/devices"

/* Drivers that the kernel lets be in a group that VFIO has: they do no DMA of their own. */
static const char *const idle_drivers[] = { "pcieport", "pci-stub" };

static bool has_vfio_dev(int group, const char *name)
{
	return sysroot_exists(GROUP_DEVICES "/%s/vfio-dev", group, name);
}

static enum iommu_member_use use_of(int group, const struct iommu_member *member)
{
	if (!*member->driver)
		return MEMBER_IDLE;
	for (size_t i = 0; i < ARRAY_SIZE(idle_drivers); i++)
		if (!strcmp(member->driver, idle_drivers[i]))
			return MEMBER_IDLE;
	/* Before Linux 6.1 there is no vfio-dev; VFIO's drivers have it in their names. */
	return strstr(member->driver, "vfio") || has_vfio_dev(group, member->name) ? MEMBER_VFIO :
										     MEMBER_HOST;
}

static void add_member(struct iommu_group *group, int number, const char *name)
{
	struct iommu_member *member = &group->members[group->n++];

	text_copy(member->name, sizeof(member->name), name);
	sysroot_link_name(member->driver, sizeof(member->driver), GROUP_DEVICES "/%s/driver",
			  number, name);
	member->use = use_of(number, member);
}

int iommu_group_read(int number, struct iommu_group *group)
{
	CLEANUP(sysroot_entries_free) struct sysroot_entries entries =
		sysroot_list(GROUP_DEVICES, number);

	*group = (struct iommu_group){};
	if (entries.num)
		return -entries.num;
	group->members = calloc(entries.n + 1, sizeof(*group->members));
	for (size_t i = 0; group->members && i < entries.n && sysroot_spend(48); i++)
		add_member(group, number, entries.list[i]->d_name);
	return group->members ? 0 : -ENOMEM;
}

void iommu_group_free(struct iommu_group *group)
{
	free(group->members);
	*group = (struct iommu_group){};
}

const struct iommu_member *iommu_group_obstacle(const struct iommu_group *group, const char *name)
{
	for (size_t i = 0; i < group->n; i++)
		if (group->members[i].use == MEMBER_HOST && strcmp(group->members[i].name, name))
			return &group->members[i];
	return NULL;
}

void iommu_group_fill(struct device *device)
{
	const struct iommu_member *obstacle = NULL;
	struct iommu_group group = {};

	if (device->iommu_group >= 0 && !iommu_group_read(device->iommu_group, &group))
		obstacle = iommu_group_obstacle(&group, device->name);
	text_copy(device->group_obstacle, sizeof(device->group_obstacle),
		  obstacle ? obstacle->name : "");
	text_copy(device->group_obstacle_driver, sizeof(device->group_obstacle_driver),
		  obstacle ? obstacle->driver : "");
	iommu_group_free(&group);
}
