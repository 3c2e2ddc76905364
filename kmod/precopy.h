/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_PRECOPY_H
#define MVF_PRECOPY_H

#include <linux/fs.h>
#include <linux/vfio.h>

#include "compat/compat.h"
#include "device.h"

/*
 * All that a kernel without PRE_COPY leaves out is precopy.c, the arcs in fsm.c
 * that begin with MVF_HAVE_PRE_COPY, and what these macros stand for.
 */
#ifdef MVF_HAVE_PRE_COPY
#define MVF_PRE_COPY_FLAG VFIO_MIGRATION_PRE_COPY
#define MVF_PRE_COPY_FOPS			\
	.unlocked_ioctl = mvf_precopy_ioctl,	\
	.compat_ioctl = compat_ptr_ioctl,
#else
#define MVF_PRE_COPY_FLAG 0
#define MVF_PRE_COPY_FOPS
#endif

/* Arcs that begin and end PRE_COPY, and those within it. */
int mvf_precopy_begin(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_end(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_stop_initiating(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_start_initiating(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_stop_copy(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_undo_stop_copy(struct mvf_device *mvf, struct file **filp);

long mvf_precopy_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);

#endif
