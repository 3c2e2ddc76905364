/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Callbacks that not every kernel's vfio knows, as initialisers for the end of
 * a struct vfio_device_ops or vfio_migration_ops.
 */
#ifndef MVF_COMPAT_OPS_H
#define MVF_COMPAT_OPS_H

#include "compat/have.h"

#ifdef MVF_HAVE_BIND_IOMMUFD	/* Linux 6.2 */
#define MVF_OPS_IOMMUFD						\
	.bind_iommufd = vfio_iommufd_physical_bind,		\
	.unbind_iommufd = vfio_iommufd_physical_unbind,		\
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
#else
#define MVF_OPS_IOMMUFD
#endif

#ifdef MVF_HAVE_DETACH_IOAS	/* Linux 6.6 */
#define MVF_OPS_DETACH .detach_ioas = vfio_iommufd_physical_detach_ioas,
#else
#define MVF_OPS_DETACH
#endif

#ifdef MVF_HAVE_PASID_IOAS	/* Linux 6.15 */
#define MVF_OPS_PASID						\
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas,	\
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
#else
#define MVF_OPS_PASID
#endif

#ifdef MVF_HAVE_TOKEN_UUID	/* Linux 6.17 */
#define MVF_OPS_TOKEN .match_token_uuid = vfio_pci_core_match_token_uuid,
#else
#define MVF_OPS_TOKEN
#endif

#ifdef MVF_HAVE_REGION_INFO	/* Linux 6.19 */
#define MVF_OPS_REGION .get_region_info_caps = vfio_pci_ioctl_get_region_info,
#else
#define MVF_OPS_REGION
#endif

/* The function is fsm.c's. Linux 6.2; before, MIG_DATA_SIZE is ENOTTY. */
#ifdef MVF_HAVE_DATA_SIZE
#define MVF_OPS_DATA_SIZE .migration_get_data_size = mvf_get_data_size,
#else
#define MVF_OPS_DATA_SIZE
#endif

#endif
