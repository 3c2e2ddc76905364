/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface of VFIO and iommufd (include/uapi/linux/vfio.h, iommufd.h),
 * with what the C library's kernel headers may be too old to know: numbers
 * and layouts of Linux 6.2 (pre-copy, data size, iommufd) and 6.6 (cdev).
 */
#ifndef VFIO_UAPI_H
#define VFIO_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/vfio.h>

#if __has_include(<linux/iommufd.h>)
#include <linux/iommufd.h>
#endif

#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9

struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length; /* bytes, an estimate */
};
#endif

#ifndef VFIO_MIG_GET_PRECOPY_INFO
/* On the data fd, in PRE_COPY and PRE_COPY_P2P only. */
#define VFIO_MIG_GET_PRECOPY_INFO _IO(VFIO_TYPE, VFIO_BASE + 21)

struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 initial_bytes; /* of the first part, still to be read */
	__aligned_u64 dirty_bytes;   /* changed since, beyond those */
};
#endif

/* On a device's cdev: every other ioctl waits for this one. */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)

struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};
#endif

#ifndef VFIO_DEVICE_ATTACH_IOMMUFD_PT
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)

struct vfio_device_attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id; /* an IOAS or a page table of the iommufd */
};
#endif

/* On /dev/iommu: an empty I/O address space. */
#ifndef IOMMU_IOAS_ALLOC
#define IOMMU_IOAS_ALLOC _IO(VFIO_TYPE, 0x81)

struct iommu_ioas_alloc {
	__u32 size; /* of this struct */
	__u32 flags;
	__u32 out_ioas_id;
};
#endif

#ifndef VFIO_REGION_TYPE_MIGRATION_DEPRECATED
#define VFIO_REGION_TYPE_MIGRATION_DEPRECATED 3
#endif

#endif
