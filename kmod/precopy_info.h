/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_PRECOPY_INFO_H
#define MVF_PRECOPY_INFO_H

#include <linux/fs.h>
#include <linux/vfio.h>

#include "compat/compat.h"

#ifdef MVF_HAVE_PRE_COPY
#define MVF_PRE_COPY_FOPS			\
	.unlocked_ioctl = mvf_precopy_ioctl,	\
	.compat_ioctl = compat_ptr_ioctl,
#else
#define MVF_PRE_COPY_FOPS
#endif

long mvf_precopy_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);

#endif
