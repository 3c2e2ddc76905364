/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/migration.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/text.h"
#include "vfio/uapi.h"

static const struct {
	const char *name;
	unsigned int ops;
} features[FEATURE_COUNT] = {
	[0] = { "pci_vf_token", FEATURE_SET },
	[1] = { "migration", FEATURE_GET },
	[2] = { "mig_device_state", FEATURE_GET | FEATURE_SET },
	[3] = { "low_power_entry", FEATURE_SET },
	[4] = { "low_power_entry_with_wakeup", FEATURE_SET },
	[5] = { "low_power_exit", FEATURE_SET },
	[6] = { "dma_logging_start", FEATURE_SET },
	[7] = { "dma_logging_stop", FEATURE_SET },
	[8] = { "dma_logging_report", FEATURE_GET },
	[9] = { "mig_data_size", FEATURE_GET },
	[10] = { "bus_master", FEATURE_GET | FEATURE_SET },
};

static const char *const device_flags[] = {
	"reset", "pci", "platform", "amba", "ccw", "ap", "fsl_mc", "caps", "cdx",
};

const char *feature_name(unsigned int number)
{
	return number < FEATURE_COUNT ? features[number].name : NULL;
}

unsigned int feature_ops(unsigned int number)
{
	return number < FEATURE_COUNT ? features[number].ops : 0;
}

const char *device_flag_name(unsigned int bit)
{
	return bit < ARRAY_SIZE(device_flags) ? device_flags[bit] : NULL;
}

#define PAYLOAD_MAX 32 /* of the features that are used here */

int vfio_feature(const struct vdev *vdev, uint32_t flags, void *payload, size_t size)
{
	union {
		struct vfio_device_feature head;
		uint64_t align;
		char bytes[sizeof(struct vfio_device_feature) + PAYLOAD_MAX];
	} arg = { .head = { .argsz = (uint32_t)(sizeof(arg.head) + size),
			    .flags = flags } };

	assert(size <= PAYLOAD_MAX);
	if (size)
		memcpy(arg.bytes + sizeof(arg.head), payload, size);
	if (ioctl(vdev->fd, VFIO_DEVICE_FEATURE, &arg) < 0)
		return -errno;
	if (size)
		memcpy(payload, arg.bytes + sizeof(arg.head), size);
	return 0;
}

#define REGION_INFO_SIZE 1024
#define REGIONS_MAX 256

static bool offers_feature(const struct vdev *vdev, unsigned int number, uint32_t op)
{
	return !vfio_feature(vdev, number | op | VFIO_DEVICE_FEATURE_PROBE, NULL, 0);
}

static bool offers_dma_logging(const struct vdev *vdev)
{
	return offers_feature(vdev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, VFIO_DEVICE_FEATURE_SET) &&
	       offers_feature(vdev, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, VFIO_DEVICE_FEATURE_SET) &&
	       offers_feature(vdev, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, VFIO_DEVICE_FEATURE_GET);
}

static bool offers_low_power(const struct vdev *vdev)
{
	return offers_feature(vdev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIO_DEVICE_FEATURE_SET) &&
	       offers_feature(vdev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, VFIO_DEVICE_FEATURE_SET);
}

bool mig_region_is_v1(const void *info, size_t size)
{
	struct vfio_region_info head;
	struct vfio_region_info_cap_type cap;
	size_t at, next;

	if (size < sizeof(head))
		return false;
	memcpy(&head, info, sizeof(head));
	if (!(head.flags & VFIO_REGION_INFO_FLAG_CAPS))
		return false;
	for (at = head.cap_offset; at >= sizeof(head); at = next) {
		if (at > size || size - at < sizeof(cap.header))
			return false;
		memcpy(&cap.header, (const char *)info + at, sizeof(cap.header));
		if (cap.header.id == VFIO_REGION_INFO_CAP_TYPE && size - at >= sizeof(cap)) {
			memcpy(&cap, (const char *)info + at, sizeof(cap));
			if (cap.type == VFIO_REGION_TYPE_MIGRATION_DEPRECATED)
				return true;
		}
		next = cap.header.next;
		if (next <= at)
			return false;
	}
	return false;
}

static bool region_is_v1(const struct vdev *vdev, uint32_t index)
{
	union {
		struct vfio_region_info head;
		char bytes[REGION_INFO_SIZE];
	} info = { .head = { .argsz = sizeof(info), .index = index } };

	if (ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
		return false;
	return mig_region_is_v1(&info, sizeof(info));
}

static bool has_v1_region(const struct vdev *vdev, uint32_t n_regions)
{
	for (uint32_t i = 0; i < n_regions && i < REGIONS_MAX; i++)
		if (region_is_v1(vdev, i))
			return true;
	return false;
}

static int device_info(const struct vdev *vdev, struct vfio_device_info *info, struct err *err)
{
	*info = (struct vfio_device_info){ .argsz = sizeof(*info) };
	if (ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, info) < 0)
		return err_from_errno(err, errno, "%s: VFIO tells nothing of the device",
				      vdev->name);
	return 0;
}

/* ENOTTY is the kernel's way to say that the device cannot migrate. */
static int migration_flags(const struct vdev *vdev, struct mig_caps *caps, struct err *err)
{
	struct vfio_device_feature_migration migration = { 0 };
	int ret = vfio_feature(vdev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
			       &migration, sizeof(migration));

	if (ret == -ENOTTY)
		return 0;
	if (ret)
		return err_set(err, ERR_IO, -ret, "%s: cannot read what migration it offers",
			       vdev->name);
	caps->migration = true;
	caps->flags = migration.flags;
	return 0;
}

int mig_offer_read(const struct vdev *vdev, struct mig_caps *caps, struct err *err)
{
	struct vfio_device_info info;

	*caps = (struct mig_caps){ 0 };
	if (device_info(vdev, &info, err) || migration_flags(vdev, caps, err))
		return -1;
	caps->reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	if (!caps->migration) {
		caps->old_protocol = has_v1_region(vdev, info.num_regions);
		return 0;
	}
	caps->device_state = offers_feature(vdev, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
					    VFIO_DEVICE_FEATURE_GET);
	return caps->device_state ? mig_state_get(vdev, &caps->state, err) : 0;
}

int mig_caps_read(const struct vdev *vdev, struct mig_caps *caps, struct err *err)
{
	if (mig_offer_read(vdev, caps, err))
		return -1;
	caps->dma_logging = offers_dma_logging(vdev);
	caps->low_power = offers_low_power(vdev);
	if (caps->migration)
		caps->data_size = !mig_data_size(vdev, &caps->stop_copy_bytes);
	return 0;
}

int mig_features_read(const struct vdev *vdev, struct feature_set *features, struct err *err)
{
	struct vfio_device_info info;

	*features = (struct feature_set){ 0 };
	if (device_info(vdev, &info, err))
		return -1;
	features->vfio_flags = info.flags;
	features->n_regions = info.num_regions;
	features->n_irqs = info.num_irqs;
	for (unsigned int i = 0; i < FEATURE_COUNT; i++) {
		unsigned int ops = feature_ops(i);

		if ((ops & FEATURE_GET) && offers_feature(vdev, i, VFIO_DEVICE_FEATURE_GET))
			features->ops[i] |= FEATURE_GET;
		if ((ops & FEATURE_SET) && offers_feature(vdev, i, VFIO_DEVICE_FEATURE_SET))
			features->ops[i] |= FEATURE_SET;
	}
	return 0;
}

/* What the hints of the codes do not fit. */
static void hint_missing_offer(const struct device *device, struct err *err)
{
	if (device->kind == DEVICE_OTHER && err->code == ERR_WRONG_DRIVER)
		err_hint(err, "bind it to a VFIO driver of its vendor that migrates it: mlxmigctl bind binds mlx5 devices alone");
	else if (!strcmp(device->driver, DRIVER_VARIANT) && err->code == ERR_NOT_MIGRATABLE)
		err_hint(err, "the driver logged the reason when it was bound: look for \"cannot migrate\" in the kernel log (dmesg)");
}

int mig_require(const struct device *device, const struct mig_caps *caps, struct err *err)
{
	if (caps->migration && (caps->flags & MIG_STOP_COPY))
		return 0;
	if (caps->old_protocol)
		err_set(err, ERR_OLD_PROTOCOL, 0,
			"%s speaks the migration protocol from before Linux 5.18 (a migration region), which is not spoken here",
			device->name);
	else if (!strcmp(device->driver, "vfio-pci"))
		err_set(err, ERR_WRONG_DRIVER, 0,
			"%s is bound to plain vfio-pci, which cannot migrate it", device->name);
	else
		err_set(err, ERR_NOT_MIGRATABLE, 0, "%s: its driver %s offers no migration",
			device->name, device->driver);
	hint_missing_offer(device, err);
	return err_device(err, device->name);
}

int mig_state_get(const struct vdev *vdev, enum device_state *state, struct err *err)
{
	struct vfio_device_feature_mig_state arg = { .data_fd = -1 };
	int ret = vfio_feature(vdev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			       &arg, sizeof(arg));

	if (ret == -ENOTTY)
		err_set(err, ERR_NOT_MIGRATABLE, 0, "%s has no migration state", vdev->name);
	else if (ret)
		err_set(err, ERR_IO, -ret, "%s: cannot read its migration state", vdev->name);
	if (ret)
		return err_device(err, vdev->name);
	*state = arg.device_state;
	return 0;
}

int mig_state_set(const struct vdev *vdev, enum device_state state, int *data_fd)
{
	struct vfio_device_feature_mig_state arg = { .device_state = state,
						     .data_fd = -1 };
	int ret = vfio_feature(vdev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			       &arg, sizeof(arg));

	*data_fd = ret ? -1 : arg.data_fd;
	return ret;
}

int mig_data_size(const struct vdev *vdev, uint64_t *bytes)
{
	struct vfio_device_feature_mig_data_size size = { 0 };
	int ret = vfio_feature(vdev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
			       &size, sizeof(size));

	if (!ret)
		*bytes = size.stop_copy_length;
	return ret;
}

int mig_precopy_info(int data_fd, struct precopy_info *info)
{
	struct vfio_precopy_info arg = { .argsz = sizeof(arg) };
	int ret;

	do {
		ret = ioctl(data_fd, VFIO_MIG_GET_PRECOPY_INFO, &arg);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	*info = (struct precopy_info){ arg.initial_bytes, arg.dirty_bytes };
	return 0;
}

int mig_reset(const struct vdev *vdev, struct err *err)
{
	if (ioctl(vdev->fd, VFIO_DEVICE_RESET) == 0)
		return 0;
	switch (errno) {
	case EINVAL:
	case ENOTTY:
		err_set(err, ERR_UNSUPPORTED, 0,
			"%s: neither the device nor its slot offers a reset", vdev->name);
		break;
	case EAGAIN:
		err_set(err, ERR_BUSY, errno,
			"%s: the kernel is busy with the device, so it was not reset", vdev->name);
		err_hint(err, "try again");
		break;
	default:
		err_set(err, ERR_IO, errno, "%s: the reset failed", vdev->name);
	}
	return err_device(err, vdev->name);
}
